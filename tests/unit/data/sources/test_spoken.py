import io

import numpy as np
import pytest
import soundfile
from datasets import Audio, DatasetDict, Value

from probecast.data.sources import spoken
from probecast.data.sources.spoken import SOURCE, Utterance, speak
from probecast.errors import ProbecastError

pytest.importorskip("espeakng_loader", reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def utterances() -> DatasetDict:
    return SOURCE.generate({"train": 30, "test": 430}, 0)


def test_schema_of_librispeech_with_flac_at_16_khz(utterances: DatasetDict) -> None:
    train = utterances["train"]
    assert train.features == {
        "audio": Audio(sampling_rate=16_000),
        "text": Value("string"),
        "speaker_id": Value("int64"),
        "id": Value("string"),
    }
    for row in train.data.to_pylist():
        assert row["audio"]["path"] is None
        info = soundfile.info(io.BytesIO(row["audio"]["bytes"]))
        assert (info.format, info.samplerate, info.channels) == ("FLAC", 16_000, 1)
        assert 0.2 < info.duration < 4


def test_texts_are_two_to_five_digits_in_capitals(utterances: DatasetDict) -> None:
    for text in utterances["train"]["text"]:
        words = text.split(" ")
        assert 2 <= len(words) <= 5
        assert set(words) <= set(spoken.DIGITS)


def test_430_test_utterances_hold_1500_words(utterances: DatasetDict) -> None:
    assert sum(len(text.split()) for text in utterances["test"]["text"]) >= 1500


def test_test_voices_are_not_heard_in_training(utterances: DatasetDict) -> None:
    train, test = (set(utterances[split]["speaker_id"]) for split in ("train", "test"))
    assert (len(train), len(test)) == (6, 2)
    assert train.isdisjoint(test)
    assert set(spoken.VOICES["train"].values()).isdisjoint(spoken.VOICES["test"].values())


def test_every_utterance_has_its_own_id(utterances: DatasetDict) -> None:
    ids = [*utterances["train"]["id"], *utterances["test"]["id"]]
    assert len(set(ids)) == len(ids)


def test_a_voice_sounds_the_same_each_time_and_unlike_the_others() -> None:
    said = [Utterance("THREE ONE FOUR", 170, 50), Utterance("TWO TWO", 150, 40)]
    first, again, other = speak("en-us+m1", said), speak("en-us+m1", said), speak("en-us+f2", said)
    for one, same, different in zip(first, again, other, strict=True):
        assert np.array_equal(one, same)
        assert not np.array_equal(one, different)
        assert np.abs(one).max() > 1000  # not silence
    assert len(first[0]) > len(first[1]) > 0


def test_what_espeak_complains_of_is_passed_on() -> None:
    with pytest.raises(ProbecastError, match="espeak-ng has no voice 'klingon-xx'"):
        speak("klingon-xx", [Utterance("ONE TWO", 170, 50)])


def test_without_espeak_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "find_spec", lambda name: None)
    with pytest.raises(ProbecastError, match="pip install espeakng-loader"):
        speak("en-us+m1", [Utterance("ONE TWO", 170, 50)])

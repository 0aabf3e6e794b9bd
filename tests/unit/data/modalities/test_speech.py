import numpy as np
import pytest
import torch

from kit.raw_folders import SOURCES, settings, sine, speech, toy_raw, write_raw
from probecast.data.modalities.speech import MELS, LogMel, prepare
from probecast.errors import ProbecastError

PAIR = ["one two", "THREE"]


def run(raw, **values):
    return prepare(raw, SOURCES["speech"], settings(**{"val_rows": 2, **values}))


def raw_with(folder, audio, texts):
    train = speech([sine(0.2 + 0.01 * i) for i in range(8)], PAIR * 4)
    return write_raw(folder, train=train, test=speech(audio, texts))


def decode(prepared, split):
    tensors = prepared.tensors[split]
    return sorted(
        "".join(prepared.vocabulary[i] for i in row[:length])
        for row, length in zip(tensors["targets"], tensors["target_lengths"], strict=True)
    )


def test_features_have_a_frame_every_20_ms_and_are_padded_to_the_longest(tmp_path):
    prepared = run(raw_with(tmp_path, [sine(0.3), sine(0.5)], PAIR))
    test = prepared.tensors["test"]
    assert test["inputs"].shape == (2, 26, MELS)
    assert prepared.tensors["train"]["inputs"].shape[1:] == (26, MELS)
    assert sorted(test["input_lengths"].tolist()) == [16, 26]
    shorter = test["inputs"][test["input_lengths"].argmin()]
    assert shorter[:16].any() and not shorter[16:].any()


def test_every_utterance_is_standardised_by_itself(tmp_path):
    prepared = run(raw_with(tmp_path, [sine(0.3), sine(0.5)], PAIR))
    test = prepared.tensors["test"]
    for x, length in zip(test["inputs"], test["input_lengths"], strict=True):
        assert torch.allclose(x[:length].mean(dim=0), torch.zeros(MELS), atol=1e-4)
        assert torch.allclose(x[:length].std(dim=0, correction=0), torch.ones(MELS), atol=1e-3)


def test_loudness_does_not_matter():
    wave = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(LogMel()(wave), LogMel()(0.3 * wave), atol=1e-2)


def test_a_rising_tone_climbs_the_mel_bands():
    time = torch.arange(16_000) / 16_000
    bands = LogMel()(torch.sin(2 * np.pi * (200 + 1500 * time) * time)).argmax(dim=1).float()
    assert bands[5:15].mean() < bands[20:30].mean() < bands[35:45].mean()


def test_silence_is_finite():
    assert not LogMel()(torch.zeros(4000)).any()


@pytest.mark.parametrize("rate", [8_000, 22_050])
def test_other_sampling_rates_are_resampled(tmp_path, rate):
    prepared = run(raw_with(tmp_path, [sine(0.4, rate=rate), sine(0.4)], PAIR))
    assert prepared.tensors["test"]["input_lengths"].tolist() == [21, 21]


def test_transcripts_come_back_from_their_ids(tmp_path):
    prepared = run(raw_with(tmp_path, [sine(0.3), sine(0.3)], ["it's  Two\n", "one"]))
    assert decode(prepared, "test") == ["IT'S TWO", "ONE"]
    assert prepared.tensors["test"]["targets"].dtype == torch.int64
    assert prepared.vocabulary[0] == "[BLANK]"
    assert prepared.output_size == 29


def test_the_alphabet_grows_with_train_and_not_with_test(tmp_path):
    train = speech([sine(0.2)] * 6, ["3 ONE"] * 6)
    raw = write_raw(tmp_path, train=train, test=speech([sine(0.2)], ["3 ÉTÉ 5"]))
    prepared = run(raw)
    assert prepared.vocabulary[29:] == ["3"]
    assert decode(prepared, "test") == ["3 T "]
    assert prepared.notes["unknown_characters"] == {"train": 0, "val": 0, "test": 3}


def test_long_utterances_are_dropped_and_counted(tmp_path):
    prepared = run(raw_with(tmp_path, [sine(17.5), sine(0.3)], PAIR))
    assert prepared.notes["dropped_long_utterances"] == {"train": 0, "val": 0, "test": 1}
    assert decode(prepared, "test") == ["THREE"]
    with pytest.raises(ProbecastError, match=r"test\.parquet: all 1 chosen .*longer than 17"):
        run(raw_with(tmp_path, [sine(17.5)], ["ONE"]))


def test_the_floor_is_the_error_of_saying_nothing(tmp_path):
    assert run(toy_raw(tmp_path, "speech")).floor == {"val": 1.0, "test": 1.0}


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (b"RIFF garbage", "the audio cannot be decoded"),
        (None, "no bytes"),
        (sine(0.001), "the audio lasts 0.001 s, less than the 0.025 s needed"),
    ],
)
def test_broken_audio_is_named_by_its_row(tmp_path, audio, message):
    raw = raw_with(tmp_path, [sine(0.3), audio], PAIR)
    with pytest.raises(ProbecastError, match=rf"test\.parquet, row 1, column 'audio'.*{message}"):
        run(raw)


def test_an_empty_transcript_is_named_by_its_row(tmp_path):
    raw = raw_with(tmp_path, [sine(0.3), sine(0.3)], ["ONE", "  "])
    with pytest.raises(ProbecastError, match=r"test\.parquet, row 1, column 'text'.*transcript"):
        run(raw)

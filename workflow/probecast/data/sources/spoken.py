"""Spoken: strings of two to five digits, spoken by espeak-ng, with noise.

A stand-in for LibriSpeech that needs no download. Six voices speak the training split,
two others the test split. Schema of the Hub's ``openslr/librispeech_asr`` (``audio``,
``text``, ``speaker_id``, ``id``).
"""

import io
import json
import struct
import subprocess
import sys
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from probecast.data.sources import Source, Splits
from probecast.errors import ProbecastError
from probecast.seeds import derive

VOICES = {  # speaker_id -> espeak-ng's accent and voice variant
    "train": {
        0: "en-us+m1",
        1: "en-us+f2",
        2: "en-gb-x-rp+m3",
        3: "en-gb-scotland+f4",
        4: "en-029+m7",
        5: "en-us-nyc+f1",
    },
    "test": {6: "en-us+m4", 7: "en-gb-x-rp+f3"},
}
DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
SAMPLE_RATE = 16_000  # of LibriSpeech; espeak-ng speaks at 22,050 Hz
UP, DOWN = 320, 441  # 16,000 / 22,050


class Utterance(NamedTuple):
    """What is said, at how many words per minute, at which pitch (0..99)."""

    text: str
    rate: int
    pitch: int


def speak(voice: str, utterances: list[Utterance]) -> list[np.ndarray]:
    """Speak with one voice in a fresh process; returns int16 samples at 22,050 Hz for each.

    Raises:
        ProbecastError: espeak-ng is not installed or does not run.
    """
    if find_spec("espeakng_loader") is None:
        raise ProbecastError(
            "dataset source 'spoken' needs espeak-ng; install it (pip install espeakng-loader) "
            "or choose another dataset."
        )
    from probecast.data.sources import espeak

    # -P: the program's folder, full of modules with everyday names, stays off the path.
    run = subprocess.run(
        [sys.executable, "-P", espeak.__file__],
        input=json.dumps({"voice": voice, "utterances": utterances}).encode(),
        capture_output=True,
    )
    if run.returncode != 0:
        raise ProbecastError(
            f"espeak-ng failed with voice {voice!r}: {run.stderr.decode().strip()}; reinstall "
            "espeakng-loader or choose another dataset than 'spoken'."
        )
    stream, waves = io.BytesIO(run.stdout), []
    for _ in utterances:
        (count,) = struct.unpack("=I", stream.read(4))
        waves.append(np.frombuffer(stream.read(2 * count), dtype=np.int16))
    return waves


def record(wave: np.ndarray, generator: np.random.Generator) -> bytes:
    """Return a spoken wave as FLAC at 16 kHz, at a random loudness and signal-to-noise ratio."""
    import soundfile
    from scipy.signal import resample_poly

    sound = resample_poly(wave / 32768, UP, DOWN)
    decibels = generator.uniform(10, 30)
    noise = np.std(sound) * 10 ** (-decibels / 20)
    sound = sound + generator.normal(scale=noise, size=len(sound))
    sound *= generator.uniform(0.2, 0.9) / np.abs(sound).max()
    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def choose(generator: np.random.Generator) -> Utterance:
    """Choose two to five digits and how to speak them."""
    digits = generator.integers(10, size=generator.integers(2, 6))
    return Utterance(
        text=" ".join(DIGITS[digit] for digit in digits),
        rate=int(generator.integers(140, 211)),
        pitch=int(generator.integers(30, 71)),
    )


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return utterances whose speakers take turns; 430 of them hold about 1,500 words.

    A row depends on the rows before it, never on how many follow.
    """
    import pyarrow
    from datasets import Audio, Dataset, DatasetDict, DatasetInfo, Features, Value

    features = Features(
        {
            "audio": Audio(sampling_rate=SAMPLE_RATE),
            "text": Value("string"),
            "speaker_id": Value("int64"),
            "id": Value("string"),
        }
    )
    splits = {}
    for split, voices in VOICES.items():
        numbers = range(rows[split])
        generators = [np.random.default_rng(derive(seed, "spoken", split, row)) for row in numbers]
        utterances = [choose(generator) for generator in generators]
        speakers = [list(voices)[row % len(voices)] for row in numbers]
        waves: dict[int, np.ndarray] = {}
        for turn, voice in enumerate(voices.values()):
            mine = numbers[turn :: len(voices)]
            waves |= zip(mine, speak(voice, [utterances[row] for row in mine]), strict=True)
        columns = {
            "audio": [
                {"bytes": record(waves[row], generators[row]), "path": None} for row in numbers
            ],
            "text": [utterance.text for utterance in utterances],
            "speaker_id": speakers,
            "id": [f"{speaker}-{row:05d}" for row, speaker in enumerate(speakers)],
        }
        # Dataset.from_dict would ask torchcodec to encode audio that is encoded already.
        table = pyarrow.table(columns, schema=features.arrow_schema)
        splits[split] = Dataset(table, info=DatasetInfo(features=features))
    return DatasetDict(splits)


SOURCE = Source("spoken", "spoken", "speech", "wer", "audio", "text", generate=generate)

"""Tiny raw folders, as ``download`` leaves them, for the tests of preprocessing."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from datasets import Audio, ClassLabel, Dataset, Features, Image, Value, disable_progress_bars
from PIL import Image as PillowImage

from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source

disable_progress_bars()

SOURCES = {
    "image": Source("toy", "toy_family", "image", "accuracy", "image", "label"),
    "text": Source("toy", "toy_family", "text", "accuracy", "text", "label"),
    "series": Source("toy", "toy_family", "series", "mse"),
    "speech": Source("toy", "toy_family", "speech", "wer", "audio", "text"),
}
DATASETS = Path(__file__).parents[3] / "shared/datasets"


def real_dataset(name: str) -> Path:
    """Return the folder of a slice of a real dataset, or skip the test."""
    if not (DATASETS / name).is_dir():
        pytest.skip(f"needs the slice of {name} in ../shared/datasets")
    return DATASETS / name


def settings(**values: Any) -> PreprocessSettings:
    return PreprocessSettings(**{"dataset": "toy", "source": "toy", "val_rows": 4, **values})


def write_raw(folder: Path, **splits: Dataset) -> Path:
    """Write ``train.parquet``, ``test.parquet``, ... and ``source.json``; return ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, data in splits.items():
        data.to_parquet(folder / f"{split}.parquet", batch_size=7)
    (folder / "source.json").write_text(json.dumps({"route": "test", "revision": None}))
    return folder


def images(
    labels: list[int], size: tuple[int, int] = (6, 5), mode: str = "L", seed: int = 0
) -> Dataset:
    """Return noise images whose brightness grows with their label (of 3)."""
    rng = np.random.default_rng(seed)
    depth = {"L": (), "RGB": (3,)}[mode]
    pictures = [
        PillowImage.fromarray(
            rng.integers(60 * label, 60 * label + 80, (size[1], size[0], *depth)).astype(np.uint8)
        )
        for label in labels
    ]
    features = Features({"image": Image(), "label": ClassLabel(names=["a", "b", "c"])})
    return Dataset.from_dict({"image": pictures, "label": labels}, features=features)


def texts(texts: list[str | None], labels: list[int]) -> Dataset:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["a", "b"])})
    return Dataset.from_dict({"text": texts, "label": labels}, features=features)


def hours(start: str, count: int) -> np.ndarray:
    return np.datetime64(start, "h") + np.arange(count)


def series(times: np.ndarray, **loads: Any) -> Dataset:
    columns = {"timestamp": times.astype("datetime64[us]").tolist(), **loads}
    features = {
        name: Value("timestamp[us]" if name == "timestamp" else "float32") for name in columns
    }
    return Dataset.from_dict(columns, features=Features(features))


def sine(seconds: float, rate: int = 16_000, pitch: float = 440, volume: float = 0.3) -> bytes:
    """Return a WAV file with a tone and a little seeded noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    file = io.BytesIO()
    wave = volume * (np.sin(2 * np.pi * pitch * time) + noise)
    soundfile.write(file, wave, rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def speech(audio: list[bytes | None], texts: list[str]) -> Dataset:
    file = {"bytes": Value("binary"), "path": Value("string")}
    data = Dataset.from_dict(
        {"audio": [{"bytes": content, "path": None} for content in audio], "text": texts},
        features=Features({"audio": file, "text": Value("string")}),
    )
    return data.cast_column("audio", Audio(sampling_rate=16_000, decode=False))


def toy_raw(folder: Path, modality: str) -> Path:
    """Write a small raw folder that preprocesses without complaint."""
    if modality == "image":
        return write_raw(folder, train=images([0, 1, 2] * 10), test=images([0, 1, 2] * 3, seed=1))
    if modality == "text":
        train = texts(["a good film", "a bad film"] * 15, [1, 0] * 15)
        return write_raw(folder, train=train, test=texts(["a good plot", "bad"] * 3, [1, 0] * 3))
    if modality == "series":
        train, test = hours("2024-01-01", 240), hours("2024-01-11", 72)
        day = 2 * np.pi / 24
        clients = {
            split: {
                "north": 5 + np.sin(day * times.astype(int)),
                "south": 50 + 9 * np.cos(day * times.astype(int)) + times.astype(int) % 7,
            }
            for split, times in (("train", train), ("test", test))
        }
        return write_raw(
            folder,
            train=series(train, **clients["train"]),
            test=series(test, **clients["test"]),
        )
    train = speech([sine(0.2 + 0.01 * i) for i in range(8)], ["ONE TWO", "THREE"] * 4)
    return write_raw(folder, train=train, test=speech([sine(0.3), sine(0.5)], ["TWO", "ONE"]))

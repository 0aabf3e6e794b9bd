"""Small files such as users bring them, and how tests have them downloaded."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from kit.raw_folders import sine
from probecast.data.download import download
from probecast.data.raw import RawFile
from probecast.study.load import load_study
from probecast.study.model import Study

TEXTS = {"modality": "text", "files": {"train": "train.csv"}}
SERIES = {"modality": "series", "files": {"train": "train.csv"}}
IMAGES = {"modality": "image", "folder": "photos"}
SPEECH = {"modality": "speech", "folder": "spoken"}

FIXED = {"batch_size": 32, "layers": 2, "neurons": 16, "dropout": 0.1, "optimizer": "Adam"}
STUDY = {
    "name": "mine",
    "space": {
        "learning_rate": {"choices": [0.001, 0.01], "scale": "log"},
        **{name: {"choices": [value]} for name, value in FIXED.items()},
    },
    "default_configuration": {"learning_rate": 0.001, **FIXED},
    "training": {"epochs": 2},
}


def study(folder: Path, own: dict[str, Any], **dataset: Any) -> Study:
    """Return a study whose dataset ``mine`` is the user's own, relative to ``folder``."""
    datasets = {"mine": {"own": own, **dataset}}
    task = "mine-deepspeech" if own.get("modality") == "speech" else "mine-rnn"
    return load_study({**STUDY, "tasks": [task], "datasets": datasets}, "my.yaml", folder)


class Reader:
    """Downloads the dataset ``mine`` of a folder, as a study file describes it."""

    def __init__(self, folder: Path, log: pytest.LogCaptureFixture) -> None:
        self.folder, self.log = folder, log

    def __call__(self, **own: Any) -> dict[str, dict[str, list[Any]]]:
        """Return the rows of every raw split."""
        settings = study(self.folder, own).download_settings("mine")
        level = min(logging.getLogger("probecast").level or logging.WARNING, logging.WARNING)
        with self.log.at_level(level, "probecast"):
            download(settings, self.folder / "raw", self.folder / "lock.json")
        splits = (self.folder / "raw").glob("*.parquet")
        return {path.stem: pq.read_table(path).to_pydict() for path in splits}

    def told(self, **own: Any) -> str:
        """Return what is logged as it is read."""
        self.log.clear()
        with self.log.at_level(logging.INFO, "probecast"):
            self(**own)
        return "\n".join(self.log.messages)

    def classes(self, column: str = "label") -> list[str] | None:
        return RawFile(self.folder / "raw" / "train.parquet").class_names(column)


def csv_lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def texts_csv(count: int = 20, labels: tuple[str, ...] = ("no", "yes")) -> str:
    """Return a CSV file of texts; the classes alternate."""
    rows = [f"{'so ' * (i % 3)}text number {i},{labels[i % len(labels)]}" for i in range(count)]
    return csv_lines("text,label", *rows)


def series_csv(count: int = 200, step: str = "h", changes: dict[int, str] | None = None) -> str:
    """Return a CSV file of two series; ``changes`` replaces the value of ``a`` in some rows."""
    times = np.datetime64("2024-01-01T00:00") + np.arange(count) * np.timedelta64(1, step)
    values = {**dict(enumerate(map(str, range(count)))), **(changes or {})}
    rows = [f"{time},{values[i]},{i % 7}" for i, time in enumerate(times)]
    return csv_lines("timestamp,a,b", *rows)


def write_image(path: Path, seed: int = 0, size: tuple[int, int] = (6, 5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_images(folder: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 6) -> Path:
    """Write ``count`` images for each class, in a folder of its name."""
    for c, name in enumerate(classes):
        for i in range(count):
            write_image(folder / name / f"{i}.png", seed=100 * c + i)
    return folder


def write_recordings(
    folder: Path, transcripts: list[str], header: str = "file_name,transcription"
) -> Path:
    """Write one recording for each transcript, and ``metadata.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(len(transcripts)):
        (folder / f"{i}.wav").write_bytes(sine(0.2 + 0.01 * i))
    rows = [f"{i}.wav,{text}" for i, text in enumerate(transcripts)]
    (folder / "metadata.csv").write_text(csv_lines(header, *rows))
    return folder

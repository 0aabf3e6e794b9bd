"""A source for the download tests: a module registered under the name ``fake``."""

import sys
import types
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, Features, Value
from pytest import MonkeyPatch

from probecast.data import sources
from probecast.data.settings import DownloadSettings

FEATURES = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"])})


def register(monkeypatch: MonkeyPatch, **fields: Any) -> DownloadSettings:
    """Register a text source with ``fields`` and return settings that name it."""
    module = types.ModuleType("fake_source_module")
    columns = {"input_column": "text", "target_column": "label"}
    module.SOURCE = sources.Source("fake", "fake", "text", "accuracy", **{**columns, **fields})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sources.SOURCES, "fake", module.__name__)
    return DownloadSettings(dataset="reviews", source="fake")


def reviews(count: int, seed: int = 0) -> Dataset:
    """Return ``count`` rows that differ by row and by seed; the classes alternate."""
    texts = [f"review {seed}.{row}" for row in range(count)]
    return Dataset.from_dict(
        {"text": texts, "label": [row % 2 for row in range(count)]}, features=FEATURES
    )


def write_mirror(folder: Path, **shards: Dataset) -> Path:
    """Write each split as one shard, and a README.md that names them."""
    folder.mkdir(parents=True)
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, rows in shards.items():
        rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")
        lines += [f"  - split: {split}", f"    path: {split}-*.parquet"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))
    return folder

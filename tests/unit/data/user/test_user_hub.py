"""Any dataset on the Hub, in the formats that users upload, by the real client on loopback."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kit.hub_server import HubServer
from kit.own_files import csv_lines, texts_csv
from kit.raw_folders import sine, texts

DOWNLOAD = """
import json, sys
from pathlib import Path
from probecast.data.download import download
from probecast.data.settings import DownloadSettings
from probecast.errors import ProbecastError

folder = Path(sys.argv[1])
for number, own in enumerate(json.loads(sys.argv[2])):
    settings = DownloadSettings(dataset="mine", source="mine", own=own)
    try:
        record = download(settings, folder / f"raw-{number}", folder / f"lock-{number}.json")
    except ProbecastError as error:
        record = str(error)
    print(json.dumps(record))
"""


def png(seed):
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 5), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def parquet(folder):
    rows = texts([f"text {i}" for i in range(20)], [i % 2 for i in range(20)])
    rows.to_parquet(folder / "train.parquet")
    return (folder / "train.parquet").read_bytes()


@pytest.fixture
def download(tmp_path):
    """Download all in one process from a server of five repositories."""
    lines = [json.dumps({"text": f"t {i}", "label": i % 3}) for i in range(30)]
    waves = {f"train/{i}.wav": sine(0.2 + 0.01 * i) for i in range(8)}
    said = [f"{i}.wav,{'one' if i % 2 else 'two'}" for i in range(8)]
    metadata = csv_lines("file_name,transcription", *said).encode()
    repositories = {
        "me/csv": {"train.csv": texts_csv(40).encode(), "validation.csv": texts_csv(10).encode()},
        "me/jsonl": {"train.jsonl": "\n".join(lines).encode()},
        "me/parquet": {"data/train-00000-of-00001.parquet": parquet(tmp_path)},
        "me/pets": {
            f"{split}/{name}/{i}.png": png(i)
            for split, count in (("train", 8), ("test", 3))
            for name in ("cat", "dog")
            for i in range(count)
        },
        "me/spoken": {**waves, "train/metadata.csv": metadata},
    }

    def run(*owns):
        with HubServer(datasets=repositories) as server:
            environment = {
                **os.environ,
                "HF_ENDPOINT": server.url,
                "HF_HOME": str(tmp_path / "home"),
                "NO_PROXY": "127.0.0.1",
                "PYTHONPATH": os.pathsep.join(sys.path),
            }
            done = subprocess.run(
                [sys.executable, "-c", DOWNLOAD, tmp_path, json.dumps(owns)],
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_any_format_on_the_hub_is_read_and_a_missing_test_split_is_set_aside(download):
    splits = {"train": "train"}
    records = download(
        {"modality": "text", "hub": "me/csv", "splits": {**splits, "test": "validation"}},
        {"modality": "text", "hub": "me/jsonl", "splits": splits},
        {"modality": "text", "hub": "me/parquet", "splits": splits},
        {"modality": "image", "hub": "me/pets"},
        {"modality": "speech", "hub": "me/spoken", "splits": splits},
        {"modality": "text", "hub": "me/csv"},
        {"modality": "text", "hub": "me/nothing"},
    )
    assert not [record for record in records[:5] if isinstance(record, str)]
    assert [record["rows"] for record in records[:5]] == [
        {"train": 40, "test": 10},
        {"train": 24, "test": 6},
        {"train": 16, "test": 4},
        {"train": 16, "test": 6},
        {"train": 6, "test": 2},
    ]
    assert all(len(record["revision"]) == 40 for record in records[:5])
    assert "no split 'test', only" in records[5]
    assert "name theirs under `splits`" in records[5]
    assert "me/nothing" in records[6] and "does not exist there" in records[6]

"""Route hub: the real client libraries against a small Hub on loopback.

They read ``HF_ENDPOINT`` when they are imported, so each test downloads in processes of its
own.
"""

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kit import warm
from kit.fake_source import reviews, write_mirror
from kit.hub_server import Fault, HubServer

REPOSITORY = "nobody/reviews"
TRAIN, TEST = 400, 60  # rows; enough that the files are tagged with their SHA-256

DOWNLOADS = """
import json, sys
from pathlib import Path
from pytest import MonkeyPatch
from kit import warm
from kit.fake_source import register
from huggingface_hub import constants
from probecast.data.download import download
from probecast.data.routes import network
from probecast.data.sources import HubDataset
from probecast.errors import ProbecastError

network.WAITS = (0.01, 0.01, 0.01)
constants.DOWNLOAD_CHUNK_SIZE = 500  # what is kept when a file breaks off; 10 MB, outside tests
folder, changes = Path(sys.argv[1]), json.loads(sys.argv[2])
splits = {"train": "train", "test": "validation"}
for change in changes:
    hub = HubDataset(**{"path": "nobody/reviews", "splits": splits, **change["hub"]})
    settings = register(MonkeyPatch(), hub=hub).model_copy(update={"rows": change["rows"]})
    try:
        record = download(settings, folder / "raw", folder / "lock.json")
    except ProbecastError as error:
        record = str(error)
    print(json.dumps(record))
"""


@dataclass
class Client:
    """Downloads ``REPOSITORY`` from ``server`` to ``folder / "raw"``."""

    server: HubServer
    folder: Path

    def download(
        self, *changes: dict[str, Any], environment: dict[str, str] | None = None
    ) -> list[Any]:
        """Download in one process, once for each of ``changes`` (none: once, unchanged).

        Args:
            changes: fields of the source's ``HubDataset``, or ``limits``, the row limits.
            environment: variables to set.

        Returns:
            The record or the error message of each download.
        """
        jobs = [{"rows": change.pop("limits", None), "hub": change} for change in changes or [{}]]
        environment = {
            **os.environ,
            "HF_ENDPOINT": self.server.url,
            "HF_HOME": str(self.folder / "home"),
            "NO_PROXY": "127.0.0.1",
            "USE_TORCH": "0",  # datasets would import it for streaming: 2 s
            **(environment or {}),
        }
        arguments = [self.folder, json.dumps(jobs)]
        finished = warm.python(DOWNLOADS, arguments, environment, timeout=120)
        assert finished.returncode == 0, finished.stderr
        return [json.loads(line) for line in finished.stdout.splitlines()]

    def texts(self, split: str) -> list[str]:
        return pq.read_table(self.folder / "raw" / f"{split}.parquet")["text"].to_pylist()


def repository(folder: Path, seed: int = 0) -> dict[str, bytes]:
    """Return the files of a repository with the splits ``train`` and ``validation``."""
    write_mirror(folder, train=reviews(TRAIN, seed), validation=reviews(TEST, seed))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def client(tmp_path):
    with HubServer(datasets={REPOSITORY: repository(tmp_path / "hub")}) as server:
        yield Client(server, tmp_path)


def test_the_first_commit_is_recorded_and_then_held(client):
    """A newer commit on the main branch changes nothing until the lock is deleted."""
    (first,) = client.download()
    old = client.server.commit(REPOSITORY)
    assert (first["route"], first["identifier"]) == ("hub", REPOSITORY)
    assert first["revision"] == old
    assert first["rows"] == {"train": TRAIN, "test": TEST}
    assert client.texts("train") == reviews(TRAIN)["text"]
    assert client.texts("test") == reviews(TEST)["text"]

    client.server.datasets[REPOSITORY] = repository(client.folder / "newer", seed=1)
    other_rows, second = client.download({"limits": {"train": 50}}, {})
    assert other_rows["rows"] == {"train": 50, "test": TEST}
    assert other_rows["revision"] == old  # a change of the row limits keeps the commit
    assert second == first

    (client.folder / "lock.json").unlink()
    (newest,) = client.download()
    assert newest["revision"] == client.server.commit(REPOSITORY) != old
    assert client.texts("train") == reviews(TRAIN, seed=1)["text"]


def test_a_limited_split_is_streamed_and_not_cached(client):
    (record,) = client.download({"limits": {"train": 30, "test": 9999}})
    assert record["rows"] == {"train": 30, "test": TEST}
    assert client.texts("train") == reviews(30)["text"]
    assert not list((client.folder / "home").rglob("*.parquet"))
    schema = pq.read_schema(client.folder / "raw" / "train.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"]["names"] == ["bad", "good"]


def test_passing_trouble_is_overcome(client):
    client.server.faults = [
        Fault("GET /api/datasets", status=500),
        Fault("GET /api/datasets", status=429),
        Fault("HEAD .*README", status=503),
        Fault("GET .*train.*parquet", cut=1000),
        Fault("GET .*train.*parquet", status=500),
        Fault("GET .*validation.*parquet", status=429),
    ]
    (record,) = client.download()
    assert record["rows"] == {"train": TRAIN, "test": TEST}
    assert client.texts("train") == reviews(TRAIN)["text"]
    assert all(fault.times == 0 for fault in client.server.faults)


def test_a_file_that_breaks_off_is_resumed_where_it_broke_off(client):
    client.server.faults = [Fault("GET .*train.*parquet", cut=1000)]
    client.download()
    fetched = [r for r in client.server.requests if "GET" in r and "train-" in r]
    assert [r.partition(".parquet")[2].strip() for r in fetched] == ["", "bytes=1000-"]
    assert client.texts("train") == reviews(TRAIN)["text"]


IMPATIENT = {"HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_ETAG_TIMEOUT": "1"}


def test_a_slow_server_is_asked_again(client):
    client.server.faults = [
        Fault("HEAD .*train.*parquet", delay=2),
        Fault("GET .*train.*parquet", delay=2),
    ]
    (record,) = client.download(environment=IMPATIENT)
    assert record["rows"] == {"train": TRAIN, "test": TEST}
    assert all(fault.times == 0 for fault in client.server.faults)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("(HEAD|GET) .*train.*parquet", status=404, times=1000), "404"),
        (Fault("(HEAD|GET) .*train.*parquet", status=429, times=1000), "429"),
        (Fault("HEAD .*train.*parquet", delay=2, times=1000), "time"),
        (Fault("GET .*train.*parquet", cut=100, times=1000), "closed|peer|size|incomplete"),
    ],
    ids=["not found", "too many requests", "silent", "breaks off"],
)
def test_trouble_without_end_is_given_up(client, fault, reason):
    client.server.faults = [fault]
    (message,) = client.download(environment=IMPATIENT)
    assert re.search(f"(?i)'reviews': {REPOSITORY} at .* cannot be fetched .*({reason})", message)
    assert "`mirror:` under `datasets: reviews:`" in message
    assert sum("train-" in request for request in client.server.requests) <= 30
    assert not (client.folder / "raw").exists()


def test_trouble_that_stays_ends_with_the_remedy(client):
    client.server.faults = [Fault("GET .*train.*parquet", status=500, times=1000)]
    (message,) = client.download()
    for part in ("'reviews'", REPOSITORY, "500", "HF_ENDPOINT", "`mirror:` under `datasets: rev"):
        assert part in message
    assert not (client.folder / "raw").exists() and not (client.folder / "raw.part").exists()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://hub.invalid"])
def test_without_network_it_fails_soon_and_says_what_to_do(client, endpoint):
    started = time.monotonic()
    (message,) = client.download(environment={"HF_ENDPOINT": endpoint})
    assert time.monotonic() - started < 30
    for part in (endpoint, "proxy", "HF_ENDPOINT", "`mirror:` under `datasets: reviews:`"):
        assert part in message
    assert client.server.requests == []


def test_a_file_that_is_not_what_the_hub_says_is_refused(client):
    shard = "train-00000-of-00001.parquet"
    client.server.tags = {shard: "0" * 64}
    (message,) = client.download()
    assert shard in message and f"the Hub says {'0' * 64}" in message
    assert not (client.folder / "raw").exists()


def test_a_damaged_copy_in_the_cache_is_fetched_anew(client):
    client.download()
    (cached,) = (client.folder / "home").rglob("train-*.parquet")
    cached.resolve().write_bytes(b"damaged")
    (record,) = client.download()
    assert record["rows"]["train"] == TRAIN


def test_what_the_hub_has_otherwise_or_not_at_all_is_named(client):
    messages = client.download(
        {"path": "nobody/else"},
        {"config": "small"},
        {"splits": {"train": "train", "test": "dev"}},
        {"revision": "0" * 40},
        {"rows": {"train": TRAIN, "test": TEST + 1}},
    )
    expected = [
        r"nobody/else .*does not exist there",
        r"'small' not found. Available: \['default'\]",
        r"no split 'dev', only train, validation",
        rf"no revision '{'0' * 40}'.* delete",
        rf"'validation' has {TEST} rows, its page states {TEST + 1}",
    ]
    for message, pattern in zip(messages, expected, strict=True):
        assert re.search(pattern, message)


def test_offline_mode_reads_the_cache_and_asks_nobody(client):
    (first,) = client.download()
    client.server.requests.clear()
    cached, missing = client.download(
        {}, {"path": "nobody/else"}, environment={"HF_HUB_OFFLINE": "1"}
    )
    assert cached == first
    assert "HF_HUB_OFFLINE is set" in missing and "`mirror:`" in missing
    assert client.server.requests == []
    # A download that was killed leaves a part there, which is fewer rows than the page states.
    more = {"rows": {"train": TRAIN + 1, "test": TEST}}
    (part,) = client.download(more, environment={"HF_HUB_OFFLINE": "1"})
    assert f"has {TRAIN} rows, its page states {TRAIN + 1}" in part

"""Route archive: a zip file from a loopback server that breaks off, errs or changes."""

import io
import random
import zipfile

import pytest
from datasets import DatasetDict

from kit.fake_source import register, reviews
from kit.hub_server import Fault, HubServer
from probecast.data.download import download
from probecast.data.routes import network
from probecast.errors import ProbecastError


def read_archive(path: str) -> DatasetDict:
    with zipfile.ZipFile(path) as archive:
        assert len(archive.read("noise.bin")) == 50_000
        count = int(archive.read("count.txt"))
    return DatasetDict(train=reviews(count), test=reviews(4))


def archive(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("noise.bin", random.Random(0).randbytes(50_000))
        file.writestr("count.txt", str(count))
    return buffer.getvalue()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(network, "WAITS", (0.01, 0.01, 0.01))
    with HubServer(files={"/reviews.zip": archive(12)}) as running:
        yield running


@pytest.fixture
def settings(monkeypatch, server):
    url = f"{server.url}/reviews.zip"
    return register(monkeypatch, archive=url, read_archive=read_archive)


def fetch(settings, tmp_path):
    return download(settings, tmp_path / "raw", tmp_path / "lock.json")


def got(server: HubServer) -> list[str]:
    return [r.removeprefix("GET /reviews.zip").strip() for r in server.requests if "GET" in r]


def test_reads_the_splits_and_removes_the_archive(settings, server, tmp_path):
    record = fetch(settings, tmp_path)
    assert (record["route"], record["identifier"]) == ("archive", f"{server.url}/reviews.zip")
    assert record["rows"] == {"train": 12, "test": 4}
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["lock.json", "raw"]


def test_row_limits_hold(settings, tmp_path):
    limited = settings.model_copy(update={"rows": {"train": 6}})
    assert fetch(limited, tmp_path)["rows"] == {"train": 6, "test": 4}


def test_a_broken_connection_is_resumed_where_it_broke_off(settings, server, tmp_path):
    server.faults = [Fault("GET", cut=20_000), Fault("GET", cut=10_000)]
    assert fetch(settings, tmp_path)["rows"]["train"] == 12
    assert got(server) == ["", "bytes=20000-", "bytes=30000-"]


def test_a_later_run_resumes_what_an_earlier_one_left(settings, server, tmp_path):
    server.faults = [Fault("GET", cut=5_000, times=4)]
    with pytest.raises(ProbecastError, match="closed after 5000 of"):
        fetch(settings, tmp_path)
    assert not (tmp_path / "raw").exists()
    server.requests.clear()
    assert fetch(settings, tmp_path)["rows"]["train"] == 12
    assert got(server) == ["bytes=20000-"]


def test_a_server_without_ranges_sends_the_whole_again(settings, server, tmp_path):
    server.ranges = False
    server.faults = [Fault("GET", cut=20_000)]
    assert fetch(settings, tmp_path)["rows"]["train"] == 12


def test_server_errors_are_tried_again(settings, server, tmp_path):
    server.faults = [Fault("GET", status=500), Fault("GET", status=429)]
    assert fetch(settings, tmp_path)["rows"]["train"] == 12


def test_a_complete_archive_of_an_earlier_run_is_not_fetched_again(settings, server, tmp_path):
    (tmp_path / "raw.part").mkdir()
    (tmp_path / "raw.part" / "archive.zip").write_bytes(server.files["/reviews.zip"])
    assert fetch(settings, tmp_path)["rows"]["train"] == 12
    assert len(got(server)) == 1


def test_a_longer_leftover_than_the_servers_file_is_thrown_away(settings, server, tmp_path):
    (tmp_path / "raw.part").mkdir()
    (tmp_path / "raw.part" / "archive.zip").write_bytes(bytes(200_000))
    assert fetch(settings, tmp_path)["rows"]["train"] == 12


def test_a_leftover_of_another_version_is_found_out_and_removed(settings, server, tmp_path):
    (tmp_path / "raw.part").mkdir()
    (tmp_path / "raw.part" / "archive.zip").write_bytes(bytes(20_000))
    with pytest.raises(ProbecastError, match="is damaged .* rerun to fetch it anew"):
        fetch(settings, tmp_path)
    assert fetch(settings, tmp_path)["rows"]["train"] == 12


def test_another_archive_than_the_lock_records_is_refused(settings, server, tmp_path):
    fetch(settings, tmp_path)
    server.files["/reviews.zip"] = archive(13)
    with pytest.raises(ProbecastError, match="rows of 'train' expected 12, found 13"):
        fetch(settings, tmp_path)


def test_an_unreachable_server_says_what_to_do(monkeypatch, tmp_path):
    settings = register(monkeypatch, archive="http://127.0.0.1:9/x.zip", read_archive=read_archive)
    with pytest.raises(ProbecastError) as error:
        fetch(settings, tmp_path)
    for part in ("'reviews'", "127.0.0.1:9", "refused", "proxy", "`mirror:` under `datasets: rev"):
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []

"""What is wrong with a storage is said in one sentence; what is read stays as it is."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from kit.past_studies import past_study
from probecast.console import logger, stage
from probecast.errors import ProbecastError
from probecast.tables.databases import opened
from probecast.tables.reading import read_tables
from probecast.tables.settings import TableSettings


def read(path):
    [table] = read_tables("past", TableSettings(path=str(path), metric="accuracy"), partial=True)
    return table


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A storage with one study of four trials, one of which has failed."""
    path = tmp_path_factory.mktemp("whole") / "runs.db"
    past_study(f"sqlite:///{path}", trials=4)
    return path


@pytest.fixture
def runs(whole, tmp_path):
    """A copy of it to do things to."""
    return shutil.copy(whole, tmp_path / "runs.db")


def change(path, *statements):
    with contextlib.closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


NAMES = ["UPPER.DB", "a space.sqlite3", "{braces} 100%20 #1?.db", "größe.sqlite"]


@pytest.mark.parametrize("name", NAMES)
def test_a_storage_may_be_called_anything(whole, tmp_path, name):
    shutil.copy(whole, tmp_path / name)
    assert len(read(tmp_path / name).configurations()) == 4


def test_an_address_may_say_more(runs):
    for address in (f"sqlite:///{runs}?timeout=9", f"sqlite+pysqlite:///{runs}"):
        assert len(read(address).configurations()) == 4
    with pytest.raises(ProbecastError, match="is missing"):
        read(f"sqlite+pysqlite:///{runs}-not")
    assert not Path(f"{runs}-not").exists()


def test_a_locked_storage_is_said_to_be_locked(runs, monkeypatch):
    monkeypatch.setattr("probecast.tables.databases.TIMEOUT", 0.1)
    with contextlib.closing(sqlite3.connect(runs, isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        with pytest.raises(
            ProbecastError, match=r"runs\.db: the Optuna storage is locked by a run"
        ):
            read(runs)
    assert len(read(runs).configurations()) == 4


@pytest.mark.parametrize("kept", [50, 4096, 20_000, -4096, -1])
def test_a_storage_that_is_cut_is_said_to_be_cut(runs, kept):
    content = runs.read_bytes()
    runs.write_bytes(content[:kept])
    with pytest.raises(ProbecastError, match=r"the Optuna storage is damaged or cut off; copy it"):
        read(runs)


def test_a_damaged_storage_is_said_to_be_damaged(runs):
    content = bytearray(runs.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    runs.write_bytes(content)
    with pytest.raises(ProbecastError, match=r"the Optuna storage is damaged or cut off; copy it"):
        read(runs)


def test_what_is_logged_ahead_is_read_and_left_alone(runs, tmp_path):
    change(runs, "pragma journal_mode=wal")
    assert len(read(runs).configurations()) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]
    with contextlib.closing(sqlite3.connect(runs, isolation_level=None)) as writer:
        writer.execute("update trials set state = 'RUNNING' where number = 0")
        assert TableSettings(path=str(runs), metric="m").files == [str(runs), f"{runs}-wal"]
        assert len(read(runs).configurations()) == 3
        copy = tmp_path / "copy"
        copy.mkdir()
        for part in (runs, tmp_path / "runs.db-wal"):
            shutil.copy(part, copy)
    assert len(read(copy / "runs.db").configurations()) == 3


def test_what_a_killed_writer_has_left_is_rolled_back_in_a_copy(runs, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    with contextlib.closing(sqlite3.connect(runs, isolation_level=None)) as writer:
        writer.execute("pragma cache_size = 1")
        writer.execute("begin")
        writer.execute("update trials set state = 'RUNNING'")
        writer.execute("create table more as select hex(randomblob(200000))")
        for part in (runs, tmp_path / "runs.db-journal"):
            shutil.copy(part, copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    assert len(read(copy / "runs.db").configurations()) == 4
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_versions_of_optuna_are_told_apart_from_all_else(runs):
    change(runs, "update alembic_version set version_num = 'v0.9.0.a'")
    with pytest.raises(ProbecastError, match=r"an earlier version .*'optuna storage upgrade'"):
        read(runs)
    change(runs, "update alembic_version set version_num = 'v99.9.9'")
    with pytest.raises(ProbecastError, match=r"a later version .* update it$"):
        read(runs)


def test_a_cut_journal_lacks_its_last_line_only(tmp_path):
    path = tmp_path / "runs.log"
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    past_study(optuna.storages.JournalStorage(backend), trials=4)
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    assert len(read(path).configurations()) >= 3
    path.write_bytes(content[:99] + b"\xff\0{" + content[99:])
    with pytest.raises(ProbecastError, match="no journal, or damaged"):
        read(path)


def test_an_error_of_ours_is_not_the_storages(runs):
    with pytest.raises(ProbecastError, match="^mine$"), opened(str(runs)):
        raise ProbecastError("mine")


SECRETS = [
    "postgresql://me:s3cr3t@127.0.0.1:1/runs",
    "mysql+pymysql://me:p@s3cr3t:1/w@127.0.0.1:1/runs",
    "mysql://me:%73s3cr3t@127.0.0.1:1/runs",
    "postgresql://127.0.0.1:1/runs?user=me&password=s3cr3t",
    "nosuch://me:s3cr3t@host/runs",
    "postgresql://:s3cr3t@[::1]:1/runs",
]


@pytest.mark.parametrize("address", SECRETS)
def test_a_password_is_never_shown(address, tmp_path, capsys):
    log = tmp_path / "log"
    with pytest.raises(SystemExit), stage(str(log)):
        logger.info("reading %s", address)
        read(address)
    said = capsys.readouterr().err
    assert "no Optuna storage that can be read" in said
    with pytest.raises(SystemExit), stage(str(tmp_path / "bug")):
        raise KeyError(address)
    said += capsys.readouterr().err + log.read_text() + (tmp_path / "bug").read_text()
    assert "s3cr3t" not in said


def test_a_password_is_not_shown_by_the_export(tmp_path):
    (tmp_path / "a.json").write_text(
        '{"configuration": {"lr": 0.1}, "alternatives": [], "training_arguments": null}'
    )
    command = [sys.executable, "-m", "probecast.export", f"{tmp_path}/a.json", "optuna"]
    command += ["--storage", SECRETS[0], "--study", "mine"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "workflow")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: postgresql://me:***@127.0.0.1:1/runs: no Optuna")
    assert "s3cr3t" not in done.stderr + done.stdout

import os
import subprocess

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecast.errors import ProbecastError
from probecast.files import (
    atomic_path,
    checked,
    read_csv,
    read_json,
    read_parquet,
    sha256,
    write_json,
    write_parquet,
    write_text,
)


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_file_is_readable_by_others(tmp_path):
    umask = os.umask(0o022)
    try:
        write_json(tmp_path / "a.json", {})
    finally:
        os.umask(umask)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_json_refuses_nan_and_writes_nothing(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"metric": float("nan")})
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("content", [None, b"{half", b"\xff\xfe"])
def test_unreadable_json_is_named(tmp_path, content):
    path = tmp_path / "spec.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProbecastError, match=r"spec\.json.*(make it|rerun)"):
        read_json(path)


def test_sha256_of_known_bytes(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b.swapcase()])
def test_damage_is_named_by_every_reader(tmp_path, damage):
    frame = pd.DataFrame({"a": [1, 2]})
    write_parquet(tmp_path / "t.parquet", frame)
    write_text(tmp_path / "t.csv", frame.to_csv(index=False))
    write_json(tmp_path / "t.json", {"a": 1})
    for name, read in (("parquet", read_parquet), ("csv", read_csv), ("json", read_json)):
        path = tmp_path / f"t.{name}"
        read(path)
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(ProbecastError, match=rf"t\.{name}: damaged.*delete the file and run"):
            read(path)
        path.unlink()
        with pytest.raises(
            ProbecastError, match=rf"t\.{name}: the file is missing; .* make it: snakemake"
        ):
            read(path)


@settings(deadline=None)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path_factory, place, bit):
    path = tmp_path_factory.mktemp("flip") / "t.parquet"
    write_parquet(path, pd.DataFrame({"a": [0.1, 0.2]}))
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(ProbecastError, match=r"t\.parquet: damaged"):
        checked(path)


def test_a_file_without_a_seal_is_read_as_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert list(read_csv(tmp_path / "t.csv")["a"]) == [1]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n1,2,3\n"])
def test_a_csv_file_that_is_none_is_named(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ProbecastError, match=r"t\.csv: not readable as CSV"):
        read_csv(tmp_path / "t.csv")


def test_seal_can_be_checked_by_hand(tmp_path):
    write_text(tmp_path / "a.txt", "abc")
    subprocess.run(["sha256sum", "--check", ".a.txt.sha256"], cwd=tmp_path, check=True)


def test_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(ProbecastError, match=r"a\.txt: cannot be written \(No space left\)"):
        write_text(tmp_path / "a.txt", "abc")
    assert list(tmp_path.iterdir()) == []

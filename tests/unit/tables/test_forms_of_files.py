"""A table's file is what its first bytes say, whatever it is called."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pandas as pd
import pyarrow as pa
import pytest

from probecast.errors import ProbecastError
from probecast.tables import files
from probecast.tables.files import column_names, read_columns

CSV = b"rate,score\n0.1,0.5\n0.2,0.6\n"
TSV = CSV.replace(b",", b"\t")


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("runs.csv"), io.BytesIO(content))
    return file.getvalue()


def parquet():
    file = io.BytesIO()
    pd.read_csv(io.BytesIO(CSV)).to_parquet(file)
    return file.getvalue()


READ = {
    "runs.csv": CSV,
    "runs.CSV": CSV,
    "runs.txt": CSV,
    "runs": CSV,
    "runs.tsv": TSV,
    "tabs.csv": TSV,
    "marked.csv": b"\xef\xbb\xbf" + CSV,
    "spaces.csv": CSV.replace(b",", b" , "),
    "windows.csv": CSV.replace(b"\n", b"\r\n"),
    "runs.csv.gz": gzip.compress(CSV),
    "runs.TSV.GZ": gzip.compress(TSV),
    "runs.csv.bz2": bz2.compress(CSV),
    "runs.csv.xz": lzma.compress(CSV),
    "runs.csv.zst": pa.compress(CSV, "zstd", asbytes=True),
    "results.csv.zip": zipped(**{"results.csv": CSV}),
    "mac.zip": zipped(**{"runs.csv": CSV, "__MACOSX/._runs.csv": b"\0"}),
    "packed though it does not say so.csv": gzip.compress(CSV),
    "runs.parquet": parquet(),
    "runs.PARQUET": parquet(),
    "runs.pq": parquet(),
    "parquet.csv": parquet(),
    "runs.parquet.gz": gzip.compress(parquet()),
}


@pytest.mark.parametrize(("name", "content"), READ.items(), ids=READ)
def test_a_table_is_read_in_any_form(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert column_names(tmp_path / name) == ["rate", "score"]
    frame, blank = read_columns(tmp_path / name, ["score", "rate"])
    assert frame["rate"].astype(float).tolist() == [0.1, 0.2]
    assert not blank.to_numpy().any()


REFUSED = {
    "nothing.csv": (b"", "not a readable"),
    "cut.csv.gz": (gzip.compress(CSV * 99)[:-9], "not a readable"),
    "cut.csv.bz2": (bz2.compress(CSV)[:-9], "not a readable"),
    "cut.csv.xz": (lzma.compress(CSV)[:-9], "not a readable"),
    "cut.zip": (zipped(**{"runs.csv": CSV})[:-9], "not a readable"),
    "cut.parquet": (parquet()[:-9], "not a readable"),
    "text.parquet": (CSV, "not a readable"),
    "bytes.csv": (b"\x00\x01\x02", "not a readable .* no text"),
    "latin.csv": ("größe,score\n1,2\n".encode("latin-1"), "not a readable"),
    "two.zip": (zipped(a=CSV, b=CSV), "holds 2 files, not one table; unpack it"),
    "none.zip": (zipped(), "not a readable|holds 0 files"),
    "runs.tar.gz": (tarred(CSV), "is an archive of files; unpack it"),
    "semicolons.csv": (CSV.replace(b",", b";"), "semicolons stand between its columns; save it"),
    "utf16.csv": (CSV.decode().encode("utf-16"), "in UTF-16; save it as CSV in UTF-8"),
    "runs.sqlite.csv": (b"SQLite format 3\0" + bytes(99), r"is a database; .* the ending \.db"),
    "book.xls": (b"\xd0\xcf\x11\xe0" + bytes(99), "is a spreadsheet; save its sheet"),
}


@pytest.mark.parametrize(("name", "why"), REFUSED.items(), ids=REFUSED)
def test_what_is_none_is_refused_without_its_bytes(tmp_path, name, why):
    (tmp_path / name).write_bytes(why[0])
    with pytest.raises(ProbecastError, match=f"{name}: .*{why[1]}") as refusal:
        column_names(tmp_path / name)
    assert len(str(refusal.value).splitlines()) == 1
    assert str(refusal.value).isprintable()


def test_no_more_is_unpacked_than_is_allowed(tmp_path, monkeypatch):
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(CSV * 1000))
    monkeypatch.setattr(files, "LARGEST", 1000)
    with pytest.raises(ProbecastError, match=r"holds more than 1,000 bytes; unpack it yourself"):
        column_names(tmp_path / "bomb.csv.gz")


@pytest.mark.parametrize("header", ["rate,rate,score", "rate, rate,score"])
def test_a_column_that_stands_twice_is_refused_by_its_name(tmp_path, header):
    path = tmp_path / "runs.csv"
    path.write_text(f"{header}\n0.1,9,0.5\n")
    with pytest.raises(ProbecastError, match="column 'rate' stands there 2 times"):
        read_columns(path, ["rate"])
    frame, _ = read_columns(path, ["score"])  # of what is not read, nothing is asked
    assert frame["score"].tolist() == ["0.5"]


def test_a_cell_is_blank_where_nothing_is_written(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text('x,y\n1,nan\n2,\n3,""\n4, \n5,NA\n6,None\n7,NULL\n8,inf\n')
    _, blank = read_columns(path, ["y"])
    assert blank["y"].tolist() == [False, True, True, True, True, True, True, False]
    table = pa.table({"y": pa.array([1.0, None, float("nan")])})
    pa.parquet.write_table(table, tmp_path / "runs.parquet")
    _, blank = read_columns(tmp_path / "runs.parquet", ["y"])
    assert blank["y"].tolist() == [False, True, False]


def test_whole_numbers_that_become_fractions_far_below_are_numbers(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("x\n" + "1\n" * 700_000 + "0.5\n")  # beyond the first block that is parsed
    frame, _ = read_columns(path, ["x"])
    assert set(frame["x"]) == {"1", "0.5"}

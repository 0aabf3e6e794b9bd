import bz2
import gzip
import lzma
import zipfile

import pyarrow as pa
import pytest

from probecast.data.routes import compressed
from probecast.data.routes.compressed import check_plain, unpacked

CONTENT = b"text,label\ngood,yes\n" * 50
PACKERS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


def pack(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, CONTENT)
    return path


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_file_comes_out_under_its_own_name(tmp_path, ending):
    path = tmp_path / f"a.csv{ending}"
    path.write_bytes(PACKERS[ending](CONTENT))
    copy = unpacked(path, tmp_path / "cache")
    assert copy.name == "a.csv" and copy.read_bytes() == CONTENT
    with pytest.raises(ValueError, match=rf"it is compressed; add \{ending} to its name"):
        check_plain(path)


@pytest.mark.parametrize(
    "members", [("A.CSV",), ("../../A.CSV", "__MACOSX/._A.CSV"), ("in/A.CSV",)]
)
def test_the_one_file_of_a_zip_comes_out_without_its_folders(tmp_path, members):
    copy = unpacked(pack(tmp_path / "a.zip", *members), tmp_path / "cache")
    assert copy.name == "A.CSV" and copy.read_bytes() == CONTENT
    assert copy.is_relative_to(tmp_path / "cache")


def test_a_zip_of_several_files_or_none_is_refused(tmp_path):
    for members in ((), ("a.csv", "b.csv")):
        with pytest.raises(ValueError, match=f"there are {len(members)} files in it"):
            unpacked(pack(tmp_path / "a.zip", *members), tmp_path)


@pytest.mark.parametrize("ending", [*PACKERS, ".zip"])
def test_what_is_damaged_is_refused(tmp_path, ending):
    path = tmp_path / f"a.csv{ending}"
    whole = PACKERS.get(ending, lambda _: pack(path, "a.csv").read_bytes())(CONTENT)
    for content in (whole[: len(whole) // 2], b"", CONTENT):
        path.write_bytes(content)
        try:
            assert unpacked(path, tmp_path).read_bytes() == b""  # of nothing some make nothing
        except ValueError as error:
            assert f"not readable as {ending}" in str(error)


def test_a_small_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(compressed, "LARGEST", 100)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(CONTENT))
    with pytest.raises(ValueError, match="it holds more than 100 bytes"):
        unpacked(path, tmp_path)


def test_text_is_no_archive(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(CONTENT)
    check_plain(path)

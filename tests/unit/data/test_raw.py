import numpy as np
import pytest

from kit.raw_folders import images, texts, write_raw
from probecast.data.raw import RawFile, Selection, open_raw
from probecast.errors import ProbecastError


@pytest.fixture
def raw(tmp_path):
    train = texts([f"text {i}" for i in range(30)], [0, 1] * 15)
    return write_raw(tmp_path / "raw", train=train, test=texts(["x", "y"], [0, 1]))


def test_chosen_rows_come_in_the_order_asked_for_across_row_groups(raw):
    rows = np.array([29, 3, 14, 0, 15])
    values = Selection(RawFile(raw / "train.parquet"), rows).read("text")
    assert values == [f"text {row}" for row in rows]


def test_image_bytes_are_returned_undecoded(tmp_path):
    raw = write_raw(tmp_path, train=images([0, 1, 2]), test=images([0]))
    contents = Selection(RawFile(raw / "train.parquet"), np.array([2, 0])).read_bytes("image")
    assert [content[:4] for content in contents] == [b"\x89PNG"] * 2


def test_files_come_in_the_order_asked_for(tmp_path):
    """Row by row: in one array there is room for 2 GiB only."""
    raw = write_raw(tmp_path, train=images([0, 1, 2] * 4), test=images([0]))
    file = RawFile(raw / "train.parquet")
    rows = np.array([7, 0, 11, 3])
    every = Selection(file, np.arange(12)).read_bytes("image")
    assert Selection(file, rows).read_bytes("image") == [every[row] for row in rows]


def test_class_names_stand_in_the_hub_schema(raw):
    file = RawFile(raw / "train.parquet")
    assert file.class_names("label") == ["a", "b"]
    assert file.class_names("text") is None


def test_val_is_opened_where_there_is_one(raw):
    assert list(open_raw(raw)) == ["train", "test"]
    write_raw(raw, val=texts(["z"], [0]))
    assert list(open_raw(raw)) == ["train", "val", "test"]


def test_a_missing_file_is_named(raw):
    (raw / "test.parquet").unlink()
    with pytest.raises(ProbecastError, match=r"test\.parquet: the file is missing"):
        open_raw(raw)


@pytest.mark.parametrize("damage", ["truncated", "other"])
def test_a_damaged_file_is_named(raw, damage):
    path = raw / "train.parquet"
    path.write_bytes(path.read_bytes()[:-40] if damage == "truncated" else b"<html>moved</html>")
    with pytest.raises(ProbecastError, match=r"train\.parquet: not readable.*rerun download"):
        open_raw(raw)


def test_damage_inside_the_file_is_found_on_reading(raw):
    path = raw / "train.parquet"
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(ProbecastError, match=r"train\.parquet: not readable"):
        open_raw(raw)["train"].read("text")


def test_bytes_are_asked_of_images_and_audio_only(raw):
    with pytest.raises(ProbecastError, match="column 'text' is of type string, not images"):
        Selection(RawFile(raw / "train.parquet"), np.array([0])).read_bytes("text")

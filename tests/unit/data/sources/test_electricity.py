import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from probecast.data.sources.electricity import SOURCE, read_archive
from probecast.errors import ProbecastError

HEADER = '"";"MT_001";"MT_002"\n'


def write_zip(path: Path, text: str, member: str = "LD2011_2014.txt") -> str:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._" + member, "not the data")
        archive.writestr("../" + member, "not the data")
        archive.writestr(member, text)
    return str(path)


def quarters(start: str, count: int) -> str:
    """Rows as in the real file: stamped with the end of a quarter of an hour, decimal comma."""
    stamps = pd.date_range(start, periods=count, freq="15min")
    return "".join(f'"{stamp}";{i},5;{10 * i}\n' for i, stamp in enumerate(stamps))


def test_hourly_means_split_at_new_year(tmp_path: Path) -> None:
    # Eight quarters of 2013 and four of 2014, which ends with the stamp of 01:00.
    path = write_zip(tmp_path / "a.zip", HEADER + quarters("2013-12-31 22:15:00", 12))
    splits = read_archive(path)
    assert splits["train"].column_names == ["timestamp", "MT_001", "MT_002"]
    train, test = (splits[split].to_pandas() for split in ("train", "test"))
    assert list(train["timestamp"]) == list(
        pd.to_datetime(["2013-12-31 22:00", "2013-12-31 23:00"])
    )
    assert list(test["timestamp"]) == [pd.Timestamp("2014-01-01 00:00")]
    assert list(train["MT_001"]) == [2.0, 6.0]  # means of 0.5..3.5 and 4.5..7.5
    assert list(test["MT_002"]) == [95.0]
    assert (train.dtypes[1:] == np.float32).all()


def test_nothing_is_extracted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = write_zip(folder / "a.zip", HEADER + quarters("2013-12-31 22:15:00", 12))
    monkeypatch.chdir(folder)
    read_archive(path)
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["a.zip"]


@pytest.mark.parametrize(
    ("text", "member", "reason"),
    [
        (HEADER + quarters("2013-12-31 22:15:00", 12), "other.txt", "no item named"),
        (HEADER + quarters("2012-01-01 00:15:00", 12), "LD2011_2014.txt", "before and after 2014"),
        (HEADER + '"yesterday";1;2\n', "LD2011_2014.txt", "no timestamps"),
        (HEADER + '"2013-12-31 00:15:00";much;2\n', "LD2011_2014.txt", "not numbers"),
        ("", "LD2011_2014.txt", "No columns"),
    ],
)
def test_another_archive_is_refused_by_name(
    tmp_path: Path, text: str, member: str, reason: str
) -> None:
    path = write_zip(tmp_path / "a.zip", text, member)
    with pytest.raises(ProbecastError, match=f"a.zip.*{reason}.*download again"):
        read_archive(path)


def test_a_damaged_archive_is_left_to_the_download_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 and then the line broke")
    with pytest.raises(zipfile.BadZipFile):
        read_archive(str(path))


def test_the_address_is_uci_dataset_321() -> None:
    assert SOURCE.archive.startswith("https://archive.ics.uci.edu/static/public/321/")
    assert SOURCE.read_archive is read_archive

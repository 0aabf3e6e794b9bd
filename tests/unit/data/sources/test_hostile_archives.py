"""An archive is read, not unpacked: what else lies in it goes nowhere."""

import io
import stat
import zipfile

import pytest

from probecast.data.sources import electricity
from probecast.errors import ProbecastError

ROWS = [
    f"{day} {hour:02d}:{minute:02d}:00;1,5"
    for day in ("2013-06-01", "2014-06-01")
    for hour in (1, 2)
    for minute in (15, 30, 45)
]
TEXT = "\n".join(['"";"MT_001"', *ROWS, ""])


def special(name, kind):
    """An entry that is no file: a symbolic link, a device, a pipe."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = (kind | 0o777) << 16
    return entry


EVIL = {
    "climbs out": "../../outside.txt",
    "climbs out under its own name": f"../{electricity.MEMBER}",
    "absolute": "/tmp/probecast_outside.txt",
    "another system's": "C:\\outside.txt",
    "a link": special("link", stat.S_IFLNK),
    "a device": special("device", stat.S_IFBLK),
    "a pipe": special("pipe", stat.S_IFIFO),
    "a shell's command": "$(touch outside).txt",
}


def archive(path, *entries, text=TEXT):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for entry in entries:
            file.writestr(entry, "../../../etc/passwd")
        if text is not None:
            file.writestr(electricity.MEMBER, text)
    return str(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder deep enough to climb out of."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    return tmp_path


@pytest.mark.parametrize("entry", EVIL.values(), ids=EVIL.keys())
def test_other_entries_go_nowhere(folder, entry):
    path = archive(folder / "a" / "b" / "theirs.zip", entry)
    splits = electricity.read_archive(path)
    assert splits["train"].num_rows > 0 and splits["test"].num_rows > 0
    assert [p.name for p in sorted(folder.rglob("*"))] == ["a", "b", "theirs.zip"]


@pytest.mark.parametrize("entry", EVIL.values(), ids=EVIL.keys())
def test_other_entries_are_not_taken_for_the_known_one(folder, entry):
    path = archive(folder / "theirs.zip", entry, text=None)
    with pytest.raises(ProbecastError, match=r"theirs\.zip: not the archive of UCI"):
        electricity.read_archive(path)


@pytest.mark.parametrize(
    "text", ["", "\0" * 1000, "<html>404</html>", "a;b\nc;d\n", TEXT + "x;y;z"]
)
def test_what_is_no_table_is_refused(folder, text):
    with pytest.raises(ProbecastError, match=r"theirs\.zip: not the archive of UCI"):
        electricity.read_archive(archive(folder / "theirs.zip", text=text))


def test_a_bomb_is_refused_before_it_is_unpacked(folder, monkeypatch):
    monkeypatch.setattr(electricity, "LARGEST", 10_000)
    path = archive(folder / "theirs.zip", text=TEXT + "\n" * 10_000)
    with pytest.raises(ProbecastError, match="larger than 10,000 bytes"):
        electricity.read_archive(path)


def test_an_encrypted_entry_is_refused(folder):
    path = folder / "theirs.zip"
    archive(path)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the entry's own header, and in the directory's
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ProbecastError, match="encrypted"):
        electricity.read_archive(str(path))


def test_an_archive_in_an_archive_is_no_table(folder):
    inner = io.BytesIO()
    archive(inner)
    path = archive(folder / "theirs.zip", text=inner.getvalue())
    with pytest.raises(ProbecastError, match="not the archive of UCI"):
        electricity.read_archive(path)

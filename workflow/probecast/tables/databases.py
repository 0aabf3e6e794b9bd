"""Opens Optuna storages that exist: SQLite files, journals, database servers. What is wrong with
one is said in one sentence, whatever library has noticed it, and without its password.

A file that is only read stays as it is: nothing is created, migrated or checkpointed.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from warnings import catch_warnings, simplefilter

from probecast.errors import ProbecastError, optional
from probecast.tables.settings import JOURNALS, SQLITE, local_file

if TYPE_CHECKING:
    import optuna

HEADER = 100  # bytes of an SQLite file that describe it
MAGIC = b"SQLite format 3\0"
TIMEOUT = 5.0  # seconds to wait for a lock
LOCKED = "the Optuna storage is locked by a run that writes; try again later"
DAMAGED = "the Optuna storage is damaged or cut off; copy it again from where it was written"
ANOTHER = "no Optuna storage that can be read: {}; correct its path"
REFUSED = ANOTHER.format("the server refuses the user or the password")
SILENT = ANOTHER.format("the server does not answer")
NO_JOURNAL = ANOTHER.format("the file is no journal, or damaged")
NO_DRIVER = ANOTHER.format("the driver of its database is not installed")
REASONS = {  # what libraries say, in small letters: what is wrong with the storage, and what to do
    "is locked": LOCKED,
    "malformed": DAMAGED,
    "disk i/o error": DAMAGED,
    "not a database": ANOTHER.format("the file is no SQLite database"),
    "no such table": ANOTHER.format("the database has no tables of Optuna"),
    "storage upgrade": "an earlier version of Optuna has written the storage; bring a copy of it "
    "up to date with 'optuna storage upgrade'",
    "updating optuna": "a later version of Optuna has written the storage than the one that "
    "is installed; update it",
    "invalid log format": NO_JOURNAL,
    "no module named": NO_DRIVER,
    "db access module": NO_DRIVER,
    "could not parse": ANOTHER.format("that is no address of a database"),
    "can't load plugin": ANOTHER.format("no such kind of database is known"),
    "permission denied": "you may not read the Optuna storage; ask its owner",
    "unable to open": "the Optuna storage cannot be opened; check that you may read its folder",
    "readonly": "the Optuna storage cannot be written; check that you may write to its folder",
    "authentication": REFUSED,
    "access denied": REFUSED,
    "refused": SILENT,
    "timed out": SILENT,
    "could not translate": SILENT,
}


@contextmanager
def opened(path: str, write: bool = False) -> Iterator["optuna.storages.BaseStorage"]:
    """Yield a storage that exists; nothing is created or migrated.

    Args:
        path: a URL, an SQLite file or a journal, as in ``TableSettings``.
        write: whether something is to be written to it.

    Raises:
        ProbecastError: it is missing, no Optuna storage of the installed version, or cannot be
            read; in the body, too.
    """
    with optional("study", f"{path}: reading an Optuna storage"):
        import optuna

    file = local_file(path)
    if file is not None and not Path(file).is_file():
        raise ProbecastError(
            f"{path}: the Optuna storage is missing; correct its path ({SQLITE}<file> for SQLite)"
        )
    verbosity = optuna.logging.get_verbosity()
    try:
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # what is skipped is counted instead
        with tempfile.TemporaryDirectory(prefix="probecast-") as folder, catch_warnings():
            simplefilter("ignore")  # of choices that Optuna would rather not have kept
            yield _storage(file, Path(folder), write) if file else _server(path)
    except ProbecastError:
        raise
    except Exception as error:  # of SQLAlchemy, its drivers, JSON, or Optuna itself
        raise ProbecastError(f"{path}: {_reason(path, error)}") from None
    finally:
        optuna.logging.set_verbosity(verbosity)


def _server(path: str) -> "optuna.storages.BaseStorage":
    from optuna import storages

    return storages.RDBStorage(path, skip_table_creation=True)


def _storage(file: str, folder: Path, write: bool) -> "optuna.storages.BaseStorage":
    from optuna import storages
    from optuna.storages.journal import JournalFileBackend

    if Path(file).suffix.lower() in JOURNALS:
        return storages.JournalStorage(JournalFileBackend(file))
    _check_whole(Path(file))
    if write:
        return storages.RDBStorage(SQLITE + file, skip_table_creation=True)
    address = _read_only(Path(file).resolve(), folder)
    how = {"creator": lambda: sqlite3.connect(address, uri=True, timeout=TIMEOUT)}
    return storages.RDBStorage(f"{SQLITE}read-only", engine_kwargs=how, skip_table_creation=True)


def _check_whole(file: Path) -> None:
    """Make sure that an SQLite file is one, and as long as it says; SQLite finds out late."""
    with file.open("rb") as beginning:
        header = beginning.read(HEADER)
    if not header or not header.startswith(MAGIC[: len(header)]):
        raise sqlite3.DatabaseError("file is not a database")
    page, pages = (int.from_bytes(header[a:b], "big") for a, b in ((16, 18), (28, 32)))
    counted = header[24:28] == header[92:96]  # else an old library has written it, and not this
    alone = not any(_beside(file))
    length = pages * (65536 if page == 1 else page) if counted and alone else 0
    if len(header) < HEADER or file.stat().st_size < length:
        raise sqlite3.DatabaseError("malformed")


def _beside(file: Path) -> list[Path]:
    """The files that hold what is not yet, or no longer, in the database itself."""
    beside = [file.with_name(file.name + end) for end in ("-wal", "-journal")]
    return [other for other in beside if other.exists()]


def _read_only(file: Path, folder: Path) -> str:
    """The address under which an SQLite file is read as it is; else that of a copy of it."""
    beside = _beside(file)
    # What is beside it is a part of it, which a file that is taken as it is would lack. One with a
    # log ahead (WAL) that is complete without would be given new files beside it, otherwise.
    ways = ["mode=ro", "mode=ro&immutable=1"]
    with file.open("rb") as beginning:
        logged_ahead = beginning.read(HEADER)[18:19] == b"\2"
    for how in ways[:1] if beside else ways[1:] if logged_ahead else ways:
        address = f"file:{quote(str(file))}?{how}"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=TIMEOUT)) as database:
                database.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise
        else:
            return address
    for part in (file, *beside):
        shutil.copy(part, folder / part.name)
    return f"file:{quote(str(folder / file.name))}"


def _reason(path: str, error: BaseException) -> str:
    """What is wrong, and what to do; in words of our own where it is known."""
    said: list[str] = []
    chain: BaseException | None = error
    while chain is not None and len(said) < 10:
        said.append(str(chain) or type(chain).__name__)
        chain = chain.__cause__ or chain.__context__
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return NO_JOURNAL
    text = "\n".join(said).lower()
    for fragment, reason in REASONS.items():
        if fragment in text:
            return reason
    line = said[-1].strip().split("\n", 1)[0]
    return ANOTHER.format(_without(path, line))


def _without(path: str, text: str) -> str:
    """A library's words without what may be a part of the address's password."""
    _, _, login = path.partition("://")
    login = login.rpartition("@")[0]
    _, _, secret = login.partition(":")
    for part in sorted({secret, unquote(secret), *secret.split("@")}, key=len, reverse=True):
        if part:
            text = text.replace(part, "***")
    return text

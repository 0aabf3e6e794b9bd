"""Route ``archive``: a zip file over HTTP, resumed where an earlier try broke off."""

import shutil
import zipfile
import zlib
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from probecast.data.routes import Fetched, first_rows, network
from probecast.data.settings import DownloadSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError


def fetch(settings: DownloadSettings, source: Source, file: Path) -> Fetched:
    """Fetch the archive to ``file`` and read the raw splits from it.

    On failure ``file`` keeps what has arrived, for the next try.

    Raises:
        ProbecastError: the server cannot be reached, or the archive is damaged.
    """
    try:
        network.check_reachable(source.archive)
        network.retry(resume, source.archive, file)
    except network.ERRORS as error:
        raise network.not_fetched(settings.dataset, source.archive, error) from error
    try:
        splits = dict(source.read_archive(str(file)))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        file.unlink()
        raise ProbecastError(
            f"dataset {settings.dataset!r}: the archive from {source.archive} is damaged "
            f"({error}) and was deleted; rerun to fetch it anew."
        ) from None
    limits = settings.rows or {}
    limited = {name: first_rows(split, limits.get(name)) for name, split in splits.items()}
    return Fetched("archive", source.archive, limited)


def resume(url: str, file: Path) -> None:
    """Bring ``file``, which may hold the first part of it, to the whole of ``url``.

    A server that cannot send a part (RFC 9110, section 14) sends the whole again. (Neither
    ``datasets`` nor the Hub's client resumes in a later run, or asks again on 5xx states.)

    Raises:
        OSError: broken off, or of another size than announced; ``file`` keeps its part.
    """
    have = file.stat().st_size if file.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response = urlopen(Request(url, headers=headers), timeout=network.SILENCE_SECONDS)
    except HTTPError as error:
        if error.code != 416:  # nothing lies beyond what we have
            raise
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return
        file.unlink()  # it is not what the server has now
        raise ConnectionError("the file has changed on the server") from None
    with response, file.open("ab" if response.status == 206 else "wb") as part:
        have = part.tell()
        announced = response.headers.get("Content-Length")
        shutil.copyfileobj(response, part)
        arrived = part.tell() - have
    if announced is not None and arrived != int(announced):
        raise ConnectionError(f"the connection closed after {arrived} of {announced} bytes")

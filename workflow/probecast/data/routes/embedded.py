"""Route ``embedded``: a generator in the source's own module, no network."""

from probecast.data.routes import Fetched
from probecast.data.settings import DownloadSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError


def fetch(settings: DownloadSettings, source: Source) -> Fetched:
    """Make the raw splits; raises ProbecastError if a split has no number of rows."""
    rows = settings.rows or {}
    for split in ("train", "test"):
        if split not in rows:
            raise ProbecastError(
                f"dataset {settings.dataset!r}: source {source.name!r} makes its data and must "
                f"be told how much; `rows` has no number for {split!r}."
            )
    splits = source.generate(rows, settings.seed)
    return Fetched("embedded", source.name, dict(splits))

"""Rule download: fetch, read or generate the raw splits of one dataset, and verify them."""

from pathlib import Path

from probecast.console import stage
from probecast.data.download import download
from probecast.data.settings import DownloadSettings

with stage(snakemake.log[0]):
    download(
        DownloadSettings(**snakemake.params.settings),
        out=Path(snakemake.output[0]).parent,
        lock=Path(snakemake.params.lock),
    )

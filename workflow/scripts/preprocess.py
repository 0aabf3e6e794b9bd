"""Rule preprocess: turn the raw splits of one dataset into tensors and their description."""

from pathlib import Path

from probecast.console import stage
from probecast.data.preprocess import preprocess
from probecast.data.settings import PreprocessSettings

with stage(snakemake.log[0]):
    preprocess(
        raw=Path(snakemake.input[0]).parent,
        out=Path(snakemake.output[0]).parent,
        settings=PreprocessSettings(**snakemake.params.settings),
    )

"""Rule history: read one's own past runs, a table for each past task."""

from pathlib import Path

from probecast.console import stage
from probecast.tables.history import read_history
from probecast.tables.settings import HistorySettings

with stage(snakemake.log[0]):
    settings = HistorySettings(**snakemake.params.settings)
    tables = read_history(snakemake.wildcards.history, settings)
    for number, table in enumerate(tables):
        table.write(Path(snakemake.output[0], f"{number}.parquet"))

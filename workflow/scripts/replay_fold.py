"""Rule replay_fold: replay the tuners on some tasks of a table, learning from the others."""

from probecast.console import stage
from probecast.evaluation.benchmark import replay_fold
from probecast.files import write_parquet
from probecast.study.sections import ReplaySettings
from probecast.tables.reading import read_tables
from probecast.tables.settings import TableSettings

with stage(snakemake.log[0]):
    params = snakemake.params
    runs, beliefs = replay_fold(
        read_tables(snakemake.wildcards.table, TableSettings(**params.table)),
        params.held_out,
        ReplaySettings(**params.replay),
        params.seed,
    )
    for frame, path in ((runs, snakemake.output.runs), (beliefs, snakemake.output.beliefs)):
        write_parquet(path, frame)

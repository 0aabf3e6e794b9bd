"""Rule table: all trials of a task in one file."""

from probecast.console import stage
from probecast.trials import read_table

with stage(snakemake.log[0]):
    read_table(snakemake.input).write(snakemake.output[0])

"""Rules gather and table: trials of a task from several files in one."""

from probecast.console import stage
from probecast.trials import read_table

with stage(snakemake.log[0]):
    read_table(snakemake.input).write(snakemake.output[0])

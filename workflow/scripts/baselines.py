"""Rules baselines and unlike: replay tuners on the task's sweep, at every total cost."""

from functools import partial
from pathlib import Path

import pandas as pd

from probecast.console import stage
from probecast.evaluation.calibration import BELIEF_COLUMNS, keep_beliefs
from probecast.evaluation.replay import ladder, replay
from probecast.files import write_parquet
from probecast.learner.encoder import MetaEncoder
from probecast.trials import read_sweeps, read_tables

with stage(snakemake.log[0]):
    params = snakemake.params
    (table,) = read_sweeps(snakemake.input.sweep)
    found = snakemake.input.encoder
    encoder = MetaEncoder.read(Path(found).parent) if found else None
    size = table.frame["config_id"].nunique()
    beliefs = [pd.DataFrame(columns=list(BELIEF_COLUMNS))]
    runs = replay(
        table,
        tuple(read_tables(snakemake.input.sources)),
        encoder,
        params.methods,
        sorted({*ladder(size), min(params.cost, float(size))}),
        params.repetitions,
        params.seed,
        watch=partial(keep_beliefs, beliefs, table),
    )
    frames = {"runs": runs, "beliefs": pd.concat(beliefs[1:] or beliefs, ignore_index=True)}
    for name, path in snakemake.output.items():
        write_parquet(path, frames[name])

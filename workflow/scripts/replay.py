"""Rule replay: put the folds of a table together, and sum them up."""

import pandas as pd

from probecast.console import stage
from probecast.evaluation.benchmark import summarise
from probecast.files import atomic_path, write_text

with stage(snakemake.log[0]):
    runs = pd.concat(map(pd.read_parquet, snakemake.input), ignore_index=True)
    seed = snakemake.params.seed
    with atomic_path(snakemake.output.runs) as temporary:
        runs.to_parquet(temporary, index=False)
    write_text(snakemake.output.summary, summarise(runs, seed).to_csv(index=False))
    write_text(
        snakemake.output.from_scratch,
        summarise(runs, seed, "_from_scratch").to_csv(index=False),
    )

"""Rule replay: put the folds of a table together, sum them up, and draw them."""

import pandas as pd

from probecast.console import stage
from probecast.evaluation.benchmark import summarise
from probecast.evaluation.calibration import calibration
from probecast.files import read_parquet, write_parquet, write_text
from probecast.report.drawing import sheet
from probecast.report.figures.ranks import ranks_figure
from probecast.report.figures.regret import regret_figure
from probecast.seeds import derive

with stage(snakemake.log[0]):
    runs, beliefs = (
        pd.concat(map(read_parquet, paths), ignore_index=True)
        for paths in (snakemake.input.runs, snakemake.input.beliefs)
    )
    seed = snakemake.params.seed
    write_parquet(snakemake.output.runs, runs)
    write_text(snakemake.output.summary, summarise(runs, seed).to_csv(index=False))
    write_text(
        snakemake.output.from_scratch,
        summarise(runs, seed, "_from_scratch").to_csv(index=False),
    )
    write_text(snakemake.output.calibration, calibration(beliefs).to_csv(index=False))
    where = f"every task of the table {snakemake.wildcards.table}, held out in turn"
    # The summary's seed: the bands are its intervals.
    regret = regret_figure(runs, where, derive(seed, "replay", "bootstrap"))
    write_text(snakemake.output.regret, sheet(regret))
    ranks = ranks_figure(runs, snakemake.params.ranks_cost, where)
    write_text(snakemake.output.ranks, sheet(ranks))

"""Rule compare: put all fine-tuned models together, sum them up, and draw them."""

import pandas as pd

from probecast.console import logger, stage
from probecast.data.spec import DataSpec
from probecast.files import read_csv, read_json, write_text
from probecast.finetuning.table import (
    against_prediction,
    hyperparameters_of,
    in_markdown,
    summarise,
    with_intervals,
)
from probecast.holdout import HoldOut
from probecast.learner.recommendation import read_recommendation
from probecast.report.drawing import sheet
from probecast.report.figures.finetuning import finetuning_figure
from probecast.study.finetuning import FinetuningSettings

with stage(snakemake.log[0]):
    files = snakemake.input
    finetuning = FinetuningSettings(**snakemake.params.finetuning)
    for family in (DataSpec.read(path).family for path in files.specs):
        for card in files.cards:
            HoldOut("family", family).check(read_json(card)["sources"])
    runs = pd.concat(map(read_csv, files.runs), ignore_index=True)
    costs = [read_recommendation(path).probe_cost for path in files.predictions]
    summary = summarise(runs, dict(zip(finetuning.tasks, costs, strict=True)))
    against = against_prediction(runs)
    page = in_markdown(summary, against, finetuning, hyperparameters_of(runs))
    write_text(snakemake.output.against, against.to_csv(index=False))
    write_text(snakemake.output.runs, with_intervals(runs).to_csv(index=False))
    write_text(snakemake.output.summary, summary.to_csv(index=False))
    write_text(snakemake.output.page, page)
    write_text(snakemake.output.figure, sheet(finetuning_figure(summary, finetuning.record)))
    logger.info(page)

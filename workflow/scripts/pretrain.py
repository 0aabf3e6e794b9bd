"""Rule pretrain: train the meta-encoder on all tasks but those held out."""

from pathlib import Path

from probecast.console import stage
from probecast.holdout import HoldOut
from probecast.learner.pretraining import pretrain
from probecast.trials import read_tables

with stage(snakemake.log[0]):
    encoder = pretrain(
        read_tables(snakemake.input),
        snakemake.params.seed,
        HoldOut.parse(snakemake.wildcards.held_out),
    )
    encoder.write(Path(snakemake.output[0]).parent)

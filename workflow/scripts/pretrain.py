"""Rule pretrain: train the meta-encoder on all tasks but those held out."""

from pathlib import Path

from probecast.console import stage
from probecast.holdout import HoldOut
from probecast.learner.pretraining import pretrain
from probecast.training.process import prepare_process
from probecast.trials import read_sweeps
from probecast.tuning.settings import PretrainSettings

with stage(snakemake.log[0]):
    prepare_process()
    encoder = pretrain(
        read_sweeps(snakemake.input),
        PretrainSettings(**snakemake.params.settings),
        snakemake.params.seed,
        HoldOut.parse(snakemake.wildcards.held_out),
    )
    encoder.write(Path(snakemake.output[0]).parent)

"""Rule pretrain: train the meta-encoder on all tasks but those held out."""

from pathlib import Path

from probecast.console import stage
from probecast.learner.pretraining import pretrain
from probecast.training.process import prepare_process
from probecast.trials import read_sweeps
from probecast.tuning.settings import PretrainSettings

with stage(snakemake.log[0]):
    prepare_process()
    kind, _, name = snakemake.wildcards.held_out.partition("-")
    encoder = pretrain(
        read_sweeps(snakemake.input),
        PretrainSettings(**snakemake.params.settings),
        snakemake.params.seed,
        held_out=(kind, name) if name else None,
    )
    encoder.write(Path(snakemake.output[0]).parent)

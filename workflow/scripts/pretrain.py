"""Rule pretrain: train the meta-encoder on all tasks but those held out."""

from pathlib import Path

from probecast.console import stage
from probecast.learner.pretraining import pretrain
from probecast.trials import read_sweeps

with stage(snakemake.log[0]):
    kind, _, name = snakemake.wildcards.held_out.partition("-")
    encoder = pretrain(
        read_sweeps(snakemake.input),
        snakemake.params.seed,
        held_out=(kind, name) if name else None,
    )
    encoder.write(Path(snakemake.output[0]).parent)

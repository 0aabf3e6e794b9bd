"""Rule sweep: train one chunk of a task's reference sweep."""

from pathlib import Path

from probecast.console import stage
from probecast.training.journal import Journal
from probecast.training.loop import prepare_process
from probecast.training.runner import TrialRunner, fingerprint
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep

with stage(snakemake.log[0]):
    prepare_process()
    settings = TrainingSettings(**snakemake.params.training)
    journal = Journal(
        snakemake.params.journal, fingerprint(snakemake.input, settings, snakemake.params.code)
    )
    runner = TrialRunner(
        snakemake.wildcards.task, Path(snakemake.input[0]).parent, settings, journal
    )
    table = sweep(
        runner,
        snakemake.params.configurations,
        [snakemake.params.seed],
        title=f"sweep {snakemake.wildcards.task} {snakemake.wildcards.chunk}",
    )
    table.write(snakemake.output[0])
    journal.delete()

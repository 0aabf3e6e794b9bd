"""Rule sweep: train one chunk of a task's reference sweep."""

from probecast.console import stage
from probecast.training.loop import prepare_process
from probecast.training.runner import open_runner
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep

with stage(snakemake.log[0]):
    prepare_process()
    params, wildcards = snakemake.params, snakemake.wildcards
    runner = open_runner(
        wildcards.task,
        snakemake.input.data,
        TrainingSettings(**params.training),
        params.journal,
        depends_on=[params.code],
    )
    title = f"sweep {wildcards.task}, part {int(wildcards.chunk) + 1}"
    sweep(runner, params.configurations, [params.seed], title).write(snakemake.output[0])
    runner.journal.delete()

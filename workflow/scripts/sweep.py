"""Rules sweep and repeat: train a part of a task's reference sweep."""

from probecast.console import stage
from probecast.training.process import prepare_process
from probecast.training.runner import open_runner
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep

with stage(snakemake.log[0]):
    prepare_process()
    params = snakemake.params
    runner = open_runner(
        snakemake.wildcards.task,
        snakemake.input.data,
        TrainingSettings(**params.training),
        params.journal,
        depends_on=[params.code],
        architecture=params.network,
    )
    table = sweep(runner, params.configurations, [params.seed], params.title)
    table.write(snakemake.output[0])

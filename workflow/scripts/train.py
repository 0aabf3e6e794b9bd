"""Rule train: retrain what every method chose, all with the same fresh seeds."""

import pandas as pd

from probecast.console import stage
from probecast.evaluation.choices import choose, distinct, write_choices
from probecast.files import read_json
from probecast.training.process import prepare_process
from probecast.training.runner import open_runner
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep
from probecast.trials import read_sweeps

with stage(snakemake.log[0]):
    prepare_process()
    (table,) = read_sweeps(snakemake.input.sweep)
    choices = choose(
        read_json(snakemake.input.prediction),
        pd.read_parquet(snakemake.input.baselines),
        table,
        snakemake.params.default,
    )
    params, task = snakemake.params, snakemake.wildcards.task
    runner = open_runner(
        task,
        snakemake.input.data,
        TrainingSettings(**params.training),
        params.journal,
        depends_on=[params.code],
        architecture=params.network,
    )
    final = sweep(runner, distinct(choices), params.seeds, title=f"train {task}")
    write_choices(snakemake.output.choices, choices)
    final.write(snakemake.output.final)
    runner.journal.delete()

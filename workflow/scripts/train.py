"""Rule train: retrain what every method chose with fresh seeds, and continue the probes."""

from pathlib import Path

from probecast.console import stage
from probecast.evaluation.choices import choose, distinct, write_choices
from probecast.files import read_parquet
from probecast.learner.recommendation import read_recommendation
from probecast.training.process import prepare_process
from probecast.training.runner import open_runner
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep
from probecast.trials import read_sweeps, read_table

with stage(snakemake.log[0]):
    prepare_process()
    (table,) = read_sweeps(snakemake.input.sweep)
    choices = choose(
        read_recommendation(snakemake.input.prediction),
        read_parquet(snakemake.input.baselines),
        table,
        snakemake.params.default,
    )
    params, task = snakemake.params, snakemake.wildcards.task
    probed = read_table(snakemake.input.probe).configurations().values()
    write_choices(snakemake.output.choices, choices)
    for name, configurations, seeds in (
        ("continued", list(probed), [params.probe_seed]),
        ("final", distinct(choices), params.final_seeds),
    ):
        runner = open_runner(
            task,
            snakemake.input.data,
            TrainingSettings(**params.training),
            Path(params.journals, f"{name}.jsonl"),
            depends_on=[params.code],
            architecture=params.network,
        )
        trained = sweep(runner, configurations, seeds, title=f"train {task}, {name}")
        trained.write(snakemake.output[name])

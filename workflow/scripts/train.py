"""Rule train: retrain what every method chose, all with the same fresh seeds."""

from pathlib import Path

import pandas as pd

from probecast.console import stage
from probecast.evaluation.choices import choose, distinct, write_choices
from probecast.files import read_json
from probecast.training.journal import Journal
from probecast.training.loop import prepare_process
from probecast.training.runner import TrialRunner, fingerprint
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep
from probecast.trials import read_table

with stage(snakemake.log[0]):
    prepare_process()
    choices = choose(
        read_json(snakemake.input.prediction),
        pd.read_parquet(snakemake.input.baselines),
        read_table(snakemake.input.sweep),
        snakemake.params.default,
    )
    settings = TrainingSettings(**snakemake.params.training)
    journal = Journal(
        snakemake.params.journal,
        fingerprint(snakemake.input.data, settings, snakemake.params.code),
    )
    folder = Path(snakemake.input.data[0]).parent
    runner = TrialRunner(snakemake.wildcards.task, folder, settings, journal)
    title = f"train {snakemake.wildcards.task}"
    table = sweep(runner, distinct(choices), snakemake.params.seeds, title)
    write_choices(snakemake.output.choices, choices)
    table.write(snakemake.output.final)
    journal.delete()

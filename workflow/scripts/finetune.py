"""Rule finetune: train with some settings, once per seed, and evaluate on all datasets."""

from pathlib import Path

from probecast.console import stage
from probecast.data.spec import DataSpec
from probecast.files import write_text
from probecast.finetuning.runs import fine_tune
from probecast.learner.recommendation import read_recommendation
from probecast.study.finetuning import DEFAULT, PREDICTED, FinetuningSettings, recipe
from probecast.training.journal import Journal, fingerprint
from probecast.training.process import prepare_process
from probecast.training.runner import machine
from probecast.training.settings import TrainingSettings

with stage(snakemake.log[0]):
    prepare_process()
    params, files = snakemake.params, snakemake.input
    task, name = snakemake.wildcards.task, snakemake.wildcards.settings
    training = TrainingSettings(**params.training)
    folders = list(dict.fromkeys(Path(file).parent for file in [*files.data, *files.others]))
    rows = DataSpec.read(folders[0] / "spec.json").rows["train"]
    own = {DEFAULT: params.default}
    if files.prediction:
        own[PREDICTED] = read_recommendation(files.prediction).configuration
    settings = FinetuningSettings(**params.finetuning)
    trained_with = recipe(name, settings, rows, own, training.epochs)
    trained_on = machine(training.device)
    parts = (training.model_dump_json(), repr(trained_with), params.code, trained_on)
    journal = Journal(params.journal, fingerprint([*files.data, *files.others], *parts))
    runs = fine_tune(
        *(task, folders, trained_with, params.seeds, training, journal),
        title=f"fine-tune {task}, {name} settings",
    )
    runs.insert(0, "settings", name)
    runs.insert(0, "task", task)
    write_text(snakemake.output[0], runs.to_csv(index=False))

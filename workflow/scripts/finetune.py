"""Rule finetune: train with some settings, once per seed, and evaluate on both datasets."""

from pathlib import Path

from probecast.console import stage
from probecast.data.spec import DataSpec
from probecast.files import write_text
from probecast.finetuning.runs import fine_tune
from probecast.learner.recommendation import read_recommendation
from probecast.study.finetuning import FinetuningSettings, recipe
from probecast.training.journal import Journal, fingerprint
from probecast.training.process import prepare_process
from probecast.training.runner import machine
from probecast.training.settings import TrainingSettings

with stage(snakemake.log[0]):
    prepare_process()
    params, files, name = snakemake.params, snakemake.input, snakemake.wildcards.settings
    finetuning = FinetuningSettings(**params.finetuning)
    training = TrainingSettings(**params.training)
    folders = Path(files.data[0]).parent, Path(files.other[0]).parent
    rows = DataSpec.read(folders[0] / "spec.json").rows["train"]
    predicted = read_recommendation(files.prediction).configuration if files.prediction else None
    trained_with = recipe(name, finetuning, rows, predicted, training.epochs)
    trained_on = machine(training.device)
    parts = (training.model_dump_json(), repr(trained_with), params.code, trained_on)
    journal = Journal(params.journal, fingerprint([*files.data, *files.other], *parts))
    runs = fine_tune(
        *(finetuning.task, folders, trained_with, params.seeds, training, journal),
        title=f"fine-tune, {name} settings",
    )
    runs.insert(0, "settings", name)
    write_text(snakemake.output[0], runs.to_csv(index=False))

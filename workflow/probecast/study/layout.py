"""Where files lie: patterns with the wildcards of the rules, and lists of files for a study.

A path that more than one rule reads or writes stands here, and only here. Patterns are filled in
by Snakemake, or with ``str.format``.
"""

from collections.abc import Iterable
from os.path import isfile
from pathlib import Path

from probecast.holdout import HoldOut
from probecast.study.model import Study
from probecast.trials import dataset_of

BRACES = {"{", "}"}

DATA = [
    f"results/data/{{dataset}}/{name}"
    for name in ("train.safetensors", "val.safetensors", "test.safetensors", "spec.json")
]
"""The preprocessed data of a dataset; the last is their description."""

NETWORK = "results/networks/{task}.json"
SWEEP_PART = "results/trials/{task}/sweep-{chunk}.parquet"
SWEEP = "results/trials/{task}/sweep.parquet"
REPEAT = "results/trials/{task}/repeat.parquet"
TABLE = "results/tables/{task}.parquet"
HISTORY = "results/history/{history}"
ENCODER = "results/meta/{held_out}/encoder.safetensors"
CARD = "results/meta/{held_out}/card.json"
PROBE = "results/trials/{task}/probe.parquet"
PREDICTION = "results/predictions/{task}.json"
BASELINES = "results/baselines/{task}.parquet"
BELIEFS = "results/baselines/beliefs-{task}.parquet"
UNLIKE = "results/baselines/unlike-{task}.parquet"
CHOICES = "results/trials/{task}/choices.json"
FINAL = "results/trials/{task}/final.parquet"
CONTINUED = "results/trials/{task}/continued.parquet"
REPORT = "results/report/index.html"
FINETUNED = "results/finetune/{task}/{settings}.csv"
TRAINING_CONFIG = "results/finetune/{task}/training_config.py"
COMPARISON = "results/finetune/comparison.md"
FOLD_RUNS = "results/replay/{table}/fold-{fold}.parquet"
FOLD_BELIEFS = "results/replay/{table}/beliefs-{fold}.parquet"
REPLAY_SUMMARY = "results/replay/{table}/summary.csv"


def data(dataset: str) -> list[str]:
    """Return the preprocessed data of a dataset, their description last."""
    return [pattern.format(dataset=dataset) for pattern in DATA]


def task_data(study: Study, task: str) -> list[str]:
    """Return the preprocessed data of a task.

    Raises:
        ProbecastError: the study has no such task.
    """
    return data(dataset_of(study.check_task(task)))


def specs(datasets: Iterable[str]) -> list[str]:
    """Return the descriptions of datasets, each once."""
    return [data(dataset)[-1] for dataset in dict.fromkeys(datasets)]


def checked_network(study: Study, task: str) -> list[str]:
    """Return the proof that the user's own network does what it should; nothing for others."""
    return [NETWORK.format(task=task)] if study.architecture(task).file else []


def sweep_parts(study: Study, task: str) -> list[str]:
    """Return all parts of a task's own sweep.

    Raises:
        ProbecastError: the study has no such task.
    """
    study.check_task(task)
    return [SWEEP_PART.format(task=task, chunk=chunk) for chunk in study.chunks(task)]


def finished_table(study: Study, task: str) -> str | None:
    """Return the trial table that stands in for a task's sweep, if there is one."""
    if study.sweep.tables is None:
        return None
    table = str(Path(study.sweep.tables, f"{task}.parquet"))
    return table if isfile(table) else None  # noqa: PTH113 (is_file raises for a long name)


def sweep(study: Study, task: str) -> str:
    """Return the sweep of a task: its finished table where there is one, else its own.

    One file, since every task is learnt from by many: with the parts of all, the graph of a
    large study would have more edges than anyone can wait for.
    """
    return finished_table(study, task) or SWEEP.format(task=task)


def repeats(study: Study, task: str) -> list[str]:
    """Return the trials with a second seed; nothing for a task that has none."""
    return [REPEAT.format(task=task)] if study.repeated(task) else []


def unfinished_tables(study: Study) -> list[str]:
    """Return the trial tables to keep of the tasks that have no finished one."""
    return [TABLE.format(task=t) for t in study.all_tasks if not finished_table(study, t)]


def encoder(held_out: HoldOut) -> str:
    """Return the study's own meta-encoder that has not seen what is held out."""
    return ENCODER.format(held_out=held_out)


def card(held_out: HoldOut) -> str:
    """Return what is said of that meta-encoder."""
    return CARD.format(held_out=held_out)


def outcomes(study: Study) -> dict[str, list[str]]:
    """Return everything that is found out about the evaluated tasks, in their order."""
    patterns = {
        "prediction": PREDICTION,
        "baselines": BASELINES,
        "beliefs": BELIEFS,
        "unlike": UNLIKE,
        "probes": PROBE,
        "final": FINAL,
        "continued": CONTINUED,
        "choices": CHOICES,
    }
    found = {
        name: [pattern.format(task=task) for task in study.tasks]
        for name, pattern in patterns.items()
    }
    return {**found, "sweep": [sweep(study, task) for task in study.tasks]}


def targets(study: Study) -> list[str]:
    """Return what a study is run for: its page or comparison, and the summaries of replays."""
    made = []
    if study.finetuning:
        tasks = study.finetuning.tasks
        made = [COMPARISON, *(TRAINING_CONFIG.format(task=task) for task in tasks)]
    elif study.tasks:
        made = [REPORT]
    return [*made, *(REPLAY_SUMMARY.format(table=table) for table in study.tables)]


def own_files(study: Study, dataset: str) -> list[str]:
    """Return the files of a user's own dataset; one that is missing is named by the download."""
    own = study.dataset(dataset).own
    return as_inputs(own.tables()) if own else []


def own_state(study: Study, dataset: str) -> str | None:
    """Return what tells that something in a user's own folder, or unnamed files, has changed."""
    own = study.dataset(dataset).own
    if not own or not own.folder:
        return state_of(own.tables()) if own else None
    from probecast.data.routes.folder import state_of as state_of_folder  # slow to load

    folder = Path(own.folder)
    return state_of_folder(folder, own.modality) if folder.is_dir() else None


def as_inputs(paths: Iterable[str | Path]) -> list[str]:
    """Return those of a user's paths that Snakemake can be told to be inputs.

    It takes braces in a path for wildcards, and nothing escapes them. ``state_of`` tells of a
    change in the others. Every path of a user's that a rule depends on goes this way.
    """
    return [str(path) for path in paths if not BRACES & set(str(path))]


def state_of(paths: Iterable[str | Path]) -> str | None:
    """Return what tells of a change in the files that ``as_inputs`` leaves out; None if none."""
    states = []
    for path in map(Path, paths):
        if BRACES & set(str(path)) and path.exists():
            found = path.stat()
            states.append(f"{path}: {found.st_size} bytes of {found.st_mtime_ns}")
    return "; ".join(states) or None


def history_files(study: Study, history: str) -> list[str]:
    """Return the files of one's own past runs; none if a database server holds them.

    Raises:
        ProbecastError: the study names no such history.
    """
    return study.named("history", history).files


def table_files(study: Study, table: str) -> list[str]:
    """Return the files of a table from elsewhere; none if a database server holds it.

    Raises:
        ProbecastError: the study names no such table, or its file does not exist.
    """
    files = study.named("tables", table).files
    if files and not Path(files[0]).exists():
        raise study.problem(f"tables.{table}.path: {files[0]} does not exist; correct it")
    return files

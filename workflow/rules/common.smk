# The study file, and the little that all rules share.

import json
import os
import sys
from functools import cache
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.basedir)

# The library needs no installation: rules and scripts find it beside the Snakefile. One
# thread per process: a small network trains fastest so, and jobs share the cores.
LIBRARY = str(ROOT / "workflow")
sys.path.insert(0, LIBRARY)
path = [LIBRARY, *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ.update(PYTHONPATH=os.pathsep.join(path), OMP_NUM_THREADS="1")

from probecast.code_hash import code_hash, imported_by
from probecast.data.modalities import MODALITIES
from probecast.data.sources import SOURCES
from probecast.errors import ProbecastError, suggest
from probecast.learner import shipped
from probecast.networks import module_name
from probecast.stages import Stages
from probecast.study.load import load_study
from probecast.trials import architecture_of, dataset_of
from probecast.tuners import DEFAULT, TRANSFER, TUNERS

# A study file given on the command line stands alone; it is not merged into config.yaml.
if not workflow.overwrite_configfiles:

    configfile: ROOT / "config.yaml"


STUDY_FILES = list(map(str, workflow.overwrite_configfiles or [ROOT / "config.yaml"]))
STUDY_FILE = " + ".join(STUDY_FILES)  # in messages; a later one changes an earlier one

try:
    study = load_study(config, STUDY_FILE, base=ROOT)
except ProbecastError as error:
    raise WorkflowError(str(error)) from None


NAME = "[a-z][a-z0-9_]*"


wildcard_constraints:
    dataset=NAME,
    task=f"{NAME}-{NAME}",
    chunk=r"\d+",
    table=NAME,
    history=NAME,
    fold=r"\d+",
    settings=NAME,
    held_out=f"(family|architecture)-{NAME}|all|shipped",


localrules:
    all,
    gather,
    plan,
    table,
    tables,


# The scheduler announces every look at its queue; the stages' own lines are enough.
logger.addFilter(
    lambda record: not str(record.msg).startswith(
        ("Select jobs to execute", "Execute ")
    )
)


def trials_of(stage, wildcards):
    """How many trials a job trains, where that is known before it runs."""
    if stage == "sweep":
        return len(study.chunk(wildcards["task"], int(wildcards["chunk"])))
    if stage == "finetune":
        return len(study.final_seeds)
    return len(study.repeated(wildcards["task"])) if stage == "repeat" else 0


# After every finished job, how far its whole stage is.
logger.addHandler(Stages(logger.info, trials_of))


def source_module(wildcards):
    """The module that makes a dataset what it is."""
    if study.dataset(wildcards.dataset).own:
        return "probecast.data.user.source"
    return SOURCES[study.source_of(wildcards.dataset).name]


def own_files(wildcards):
    """The files of a user's own dataset; one that is missing is named by the download."""
    own = study.dataset(wildcards.dataset).own
    return [str(path) for path in own.tables()] if own else []


def own_folder(wildcards):
    """What tells that something in a user's own folder has changed."""
    own = study.dataset(wildcards.dataset).own
    if not own or not own.folder:
        return None
    from probecast.data.routes.folder import state_of  # slow to load

    return state_of(Path(own.folder), own.modality)


def data_of(dataset):
    """The preprocessed data of a dataset."""
    return [
        f"results/data/{dataset}/{name}"
        for name in (
            "train.safetensors",
            "val.safetensors",
            "test.safetensors",
            "spec.json",
        )
    ]


def data(wildcards):
    """The preprocessed data of a task."""
    return data_of(dataset_of(task_of(wildcards)))


def parts(wildcards):
    """All parts of a task's own sweep."""
    task = task_of(wildcards)
    return [
        f"results/trials/{task}/sweep-{chunk}.parquet" for chunk in study.chunks(task)
    ]


def sweeps(*tasks):
    """The sweeps of some tasks: finished tables where there are any, else their own.

    One file each, since every task is learnt from by many: with the parts of all, the graph
    of a large study would have more edges than anyone can wait for.
    """
    return [
        str(study.finished_table(task) or f"results/trials/{task}/sweep.parquet")
        for task in tasks
    ]


def family_of(wildcards):
    return study.family(dataset_of(task_of(wildcards)))


@cache
def encoder_without(kind, name):
    """The meta-encoder that has seen nothing of a family or of an architecture.

    The shipped one, where there is nothing else to learn from.
    """
    held_out = f"{kind}-{name}"
    own = study.sources_without(held_out) + study.histories_without(held_out)
    unseen = shipped.tables_without(kind, name) == shipped.tables_without("all", "")
    if not own and unseen and takes_shipped(own):
        return str(shipped.ENCODER)
    return f"results/meta/{held_out}/encoder.safetensors"


def encoder(wildcards):
    """The meta-encoder that has seen nothing of the task's family."""
    return encoder_without("family", family_of(wildcards))


def encoder_unlike(wildcards):
    """That which has seen nothing of the task's architecture; none without anything to see."""
    architecture = architecture_of(wildcards.task)
    some = left_without(f"architecture-{architecture}")
    return encoder_without("architecture", architecture) if some else []


HELD_OUT = {
    "family": lambda task: study.family(dataset_of(task)),
    "architecture": architecture_of,
}


def lessons(held_out):
    """The trial tables to learn from, of which there must be some."""
    kind, _, name = held_out.partition("-")
    if kind in HELD_OUT:
        known = sorted(set(map(HELD_OUT[kind], study.all_tasks)))
        if name not in known:
            raise unknown(f"tasks of {kind}", name, known)
    tables = shipped.tables() if held_out == "shipped" else left_without(held_out)
    if not tables:
        raise WorkflowError(
            f"{STUDY_FILE}: shipped: false, and nothing else to learn from once {held_out} is "
            "held out; remove it, or add 'sources' or a 'history' of another family"
        )
    return tables


def left_without(held_out):
    """What is left to learn from: tables of the study, its histories, the shipped ones."""
    tasks = study.sources_without(held_out)
    tables = sweeps(*tasks)
    tables += [f"results/history/{name}" for name in study.histories_without(held_out)]
    if takes_shipped(tasks):
        kind, _, name = held_out.partition("-")
        come_with = shipped.tables_without(kind, name)
        tables += [path for path in come_with if Path(path).stem not in tasks]
    return tables


def takes_shipped(tasks):
    """Whether the shipped tables are learnt from, beside those of some tasks."""
    return not tasks if study.shipped is None else study.shipped


def network(wildcards):
    """What a task trains: a registered name, or the user's own as file:function."""
    return study.network_of(wildcards.task)


def checked_network(wildcards):
    """That the user's own network does what it should; nothing for the others."""
    task = wildcards.task
    return [f"results/networks/{task}.json"] if study.architecture(task).file else []


def code_of(script, *by_name, files=()):
    """A hash of what a script imports, and of modules and files that it loads by name."""
    imported = imported_by(ROOT / "workflow/scripts" / f"{script}.py")
    return code_hash(*sorted(imported), *by_name, files=files)


def network_code(script, tasks, *by_name):
    """That of a script which trains, or looks into, the tasks' networks."""
    networks = {module_name(study.network_of(task)) for task in tasks}
    files = {study.architecture(task).file for task in tasks} - {None}
    return code_of(script, *sorted(networks), *by_name, files=tuple(sorted(files)))


def training(wildcards):
    return study.training_of(wildcards.task).model_dump(mode="json")


def memory(wildcards, input, attempt):
    """Megabytes: the libraries, and the input a few times over; twice that on each retry."""
    return (2000 + 5 * int(input.size_mb)) * 2 ** (attempt - 1)


def minutes(wildcards, attempt):
    """Of a job that trains nothing but a meta-encoder; twice that on each retry."""
    return 60 * 2 ** (attempt - 1)


def training_minutes(wildcards, attempt):
    """Of a job with many trials; a retry goes on where the time ran out."""
    return 4 * minutes(wildcards, attempt)


def gpus_of(task):
    """Of a job that trains: one where the study file wants one."""
    return int(study.training_of(task).device == "cuda")


def gpus(wildcards):
    return gpus_of(wildcards.task)


def outcomes(wildcards):
    """Everything that was found out about the evaluated tasks, in their order."""
    try:
        study.check_evaluable()
    except ProbecastError as error:
        raise WorkflowError(f"{STUDY_FILE}: {error}") from None
    each = lambda path: [path.format(task=task) for task in study.tasks]
    return {
        "prediction": each("results/predictions/{task}.json"),
        "baselines": each("results/baselines/{task}.parquet"),
        "beliefs": each("results/baselines/beliefs-{task}.parquet"),
        "unlike": each("results/baselines/unlike-{task}.parquet"),
        "probes": each("results/trials/{task}/probe.parquet"),
        "final": each("results/trials/{task}/final.parquet"),
        "continued": each("results/trials/{task}/continued.parquet"),
        "choices": each("results/trials/{task}/choices.json"),
        "sweep": sweeps(*study.tasks),
    }


def space_sizes(wildcards):
    return {task: study.space_of(task).size for task in study.tasks}


def specs(tasks):
    """The descriptions of the tasks' datasets."""
    datasets = dict.fromkeys(map(dataset_of, tasks))
    return [f"results/data/{dataset}/spec.json" for dataset in datasets]


def named(key, name):
    """What the study file describes under a key by a name."""
    known = getattr(study, key)
    if name not in known:
        raise unknown(key, name, known)
    return known[name]


def unknown(key, name, known):
    """The error that says so."""
    return WorkflowError(
        f"{STUDY_FILE}: {key}: found no {name!r}; name it there, or correct the target. "
        f"{suggest(name, list(known))}"
    )


def task_of(wildcards):
    """A task that was asked for, if the study has it: of others nothing has been checked."""
    if wildcards.task not in study.all_tasks:
        raise unknown("tasks", wildcards.task, study.all_tasks)
    return wildcards.task


def table_of(wildcards):
    return named("tables", wildcards.table)


def history_of(wildcards):
    return named("history", wildcards.history)


def table_file(wildcards):
    """The file of a table from elsewhere; none if a database server holds it."""
    file = table_of(wildcards).file
    if file and not Path(file).exists():
        raise WorkflowError(
            f"{STUDY_FILE}: tables.{wildcards.table}.path: {file} does not exist; correct it"
        )
    return file or []


@cache
def folds_of(table):
    """The tasks of a table that are held out together, by the number of the fold."""
    from probecast.evaluation.benchmark import folds
    from probecast.tables.reading import task_names

    try:
        return folds(task_names(named("tables", table)))
    except ProbecastError as error:
        raise WorkflowError(str(error)) from None


def of_folds(wildcards, what):
    """One file of every fold of a replay."""
    table = wildcards.table
    folds = range(len(folds_of(table)))
    return [f"results/replay/{table}/{what}-{fold}.parquet" for fold in folds]

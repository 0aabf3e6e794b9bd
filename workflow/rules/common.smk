# The study file, and the little that all rules share: what a target may learn from is decided in
# probecast.study.sources, where files lie in probecast.study.layout.

import json
import os
import sys
from functools import cache, partial
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# The project's folder; `workflow.basedir` is that of whoever imports it as a module.
ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parents[1]

# Snakemake would wait for ever for a core to become free.
if workflow.resource_settings.cores == 0:
    raise WorkflowError("--cores 0: no job could ever begin; give at least 1.")

# The library needs no installation: rules and scripts find it beside the rules. One thread per
# process: a small network trains fastest so, and jobs share the cores.
LIBRARY = str(ROOT / "workflow")
sys.path.insert(0, LIBRARY)
path = [LIBRARY, *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ.update(PYTHONPATH=os.pathsep.join(path), OMP_NUM_THREADS="1")

from probecast.data.modalities import MODALITIES
from probecast.errors import ProbecastError
from probecast.holdout import PATTERN, HoldOut
from probecast.stages import Stages
from probecast.study import layout, sources
from probecast.study.code import code_of, network_code, source_module
from probecast.study.load import load_study
from probecast.trials import dataset_of
from probecast.tuners import DEFAULT, TRANSFER, TUNERS

for folder in (ROOT, Path.cwd()):
    if layout.BRACES & set(str(folder)):
        raise WorkflowError(
            f"{folder}: Snakemake takes braces in the path of a project for wildcards; rename "
            "the folder."
        )

# A study file given on the command line stands alone; it is not merged into config.yaml.
if not workflow.overwrite_configfiles:

    configfile: ROOT / "config.yaml"


# Of two, the later one changes the earlier one. A module's importer may have written it out.
STUDY_FILES = [*map(str, workflow.configfiles)] or ["config"]


def asks(function):
    """The same function, for Snakemake: what is wrong is told without a traceback."""

    def answer(*arguments):
        try:
            return function(*arguments)
        except ProbecastError as error:
            raise WorkflowError(str(error)) from None

    return answer


# Relative paths in it count from the folder of the Snakefile, an importer's from that of its own.
study = asks(load_study)(config, " + ".join(STUDY_FILES), Path(workflow.basedir))

NAME = "[a-z][a-z0-9_]*"


wildcard_constraints:
    dataset=NAME,
    task=f"{NAME}-{NAME}",
    chunk=r"\d+",
    table=NAME,
    history=NAME,
    fold=r"\d+",
    settings=NAME,
    held_out=PATTERN,


# After every finished job, how far its whole stage is. The scheduler announces every look at its
# queue; those lines are left out.
SCHEDULER = ("Select jobs to execute", "Execute ")
logger.addFilter(lambda record: not str(record.msg).startswith(SCHEDULER))
logger.addHandler(Stages(logger.info, study.trials_of))


def memory(wildcards, input, attempt):
    """Megabytes: the libraries, and the input a few times over; twice that on each retry."""
    return (2000 + 5 * int(input.size_mb)) * 2 ** (attempt - 1)


def minutes(wildcards, attempt):
    """Of a job that trains nothing but a meta-encoder; twice that on each retry."""
    return 60 * 2 ** (attempt - 1)


def training_minutes(wildcards, attempt):
    """Of a job with many trials; a retry goes on where the time ran out."""
    return 4 * minutes(wildcards, attempt)


SMALL = dict(mem_mb=memory, runtime=minutes)
TRAINING = dict(
    mem_mb=memory, runtime=training_minutes, gpu=lambda w: study.gpus(w.task)
)


# What several rules ask for.
network = lambda w: study.network_of(w.task)
training = lambda w: study.training_of(w.task).model_dump(mode="json")
space = lambda w: study.space_of(w.task).model_dump(mode="json")
space_sizes = lambda w: {task: study.space_of(task).size for task in study.tasks}

data = asks(lambda w: layout.task_data(study, w.task))
checked_network = lambda w: layout.checked_network(study, w.task)
sweep_of = lambda w: [layout.sweep(study, w.task)]
own_files = lambda w: layout.own_files(study, w.dataset)
history_files = lambda w: layout.history_files(study, w.history)
table_files = lambda w: layout.table_files(study, w.table)
outcomes = asks(lambda w: sources.outcomes(study))

hold_out = partial(sources.hold_out, study)
encoder_without = cache(partial(sources.encoder_without, study))
encoder = asks(lambda w: encoder_without(hold_out("family", w.task)))


@cache
def folds_of(table):
    """The tasks of a table that are held out together, by the number of the fold."""
    from probecast.evaluation.benchmark import folds
    from probecast.tables.reading import task_names

    return folds(task_names(study.named("tables", table)))


def of_folds(pattern):
    """One file of every fold of a replay."""
    return asks(
        lambda w: expand(pattern, table=w.table, fold=range(len(folds_of(w.table))))
    )

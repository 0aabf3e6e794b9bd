"""Optuna studies as a table of trials: one row per value that a trial has reported.

- A trial's curve is its intermediate values; without any in the whole study, or if only final
  values are wanted (``columns.epoch: null``), it is the final value alone.
- Steps that count from 0 are moved up by one step, since nobody reports the untrained model.
- A pruned trial stops early. A failed one has diverged after its last report, unless the same
  configuration has succeeded in another trial, as when a run that crashed was tried again.
- Trials that run or wait, or that ended without anything to learn from, are left out and counted.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError, optional
from probecast.tables.settings import (
    JOURNALS,
    SQLITE,
    Columns,
    TableSettings,
    chosen_tasks,
    local_file,
)

if TYPE_CHECKING:
    import optuna

COLUMNS = Columns(
    task="optuna.study",
    config_id="optuna.configuration",
    epoch="optuna.step",
    val_metric="optuna.value",
    test_metric="optuna.value",
    seconds="optuna.seconds",
    seed="optuna.trial",
)
"""What the frame's columns are called; a hyperparameter may have any other name."""


def storage_frame(settings: TableSettings) -> tuple[pd.DataFrame, dict[str, bool]]:
    """Read the finished trials of a storage's studies.

    Returns:
        One row per reported value with columns ``COLUMNS`` and one per hyperparameter, and
        whether a larger value is better, by study.

    Raises:
        ProbecastError: the storage cannot be read, a study has several objectives or the other
            direction, or none has a trial to learn from.
    """
    rows, directions = [], {}
    for study in _studies(settings):
        own = list(_rows(settings, study))
        if own:
            directions[study.study_name] = _direction(settings, study)
        rows += own
    if not rows:
        raise ProbecastError(
            f"{settings.path}: no trial of the Optuna studies has finished with a value; run "
            "some, or correct its 'path' in the study file"
        )
    return pd.DataFrame(rows), directions


def study_names(settings: TableSettings) -> list[str]:
    """Return the sorted names of a storage's studies that have a trial to learn from.

    Raises:
        ProbecastError: as ``storage_frame``.
    """
    return sorted(s.study_name for s in _studies(settings) if any(_rows(settings, s)))


def open_storage(path: str) -> "optuna.storages.BaseStorage":
    """Return a storage that exists; nothing is created or migrated.

    Args:
        path: a URL, an SQLite file or a journal, as in ``TableSettings``.

    Raises:
        ProbecastError: it is missing, or no Optuna storage of the installed version.
    """
    with optional("study", f"{path}: reading an Optuna storage"):
        from optuna import storages
        from optuna.storages.journal import JournalFileBackend

    file = local_file(path)
    if file is not None and not Path(file).is_file():
        raise ProbecastError(
            f"{path}: the Optuna storage is missing; correct its path ({SQLITE}<file> for SQLite)"
        )
    try:
        if file is None:
            return storages.RDBStorage(path, skip_table_creation=True)
        if Path(file).suffix in JOURNALS:
            return storages.JournalStorage(JournalFileBackend(file))
        return storages.RDBStorage(SQLITE + file, skip_table_creation=True)
    except Exception as error:  # of SQLAlchemy, its drivers, JSON, or Optuna itself
        reason = str(error).strip().split("\n", 1)[0] or type(error).__name__
        raise ProbecastError(
            f"{path}: no Optuna storage that can be read ({reason}); correct its "
            "path, or bring it up to date with 'optuna storage upgrade'"
        ) from None


def _studies(settings: TableSettings) -> list["optuna.Study"]:
    storage = open_storage(settings.path)
    import optuna  # whose absence the line above explains

    names = sorted(study.study_name for study in storage.get_all_studies())
    if not names:
        raise ProbecastError(f"{settings.path}: the Optuna storage holds no study; run one first")
    wanted = chosen_tasks(settings, names)
    return [optuna.load_study(study_name=name, storage=storage) for name in wanted]


def _direction(settings: TableSettings, study: "optuna.Study") -> bool:
    """Whether a larger value is better."""
    where, stated = f"{settings.path}: study {study.study_name!r}", settings.higher_is_better
    if len(study.directions) > 1:
        raise ProbecastError(
            f"{where} has {len(study.directions)} objectives, but one metric is learnt from; "
            "write its trials to a CSV file (study.trials_dataframe()) and name the column of one"
        )
    maximises = study.direction.name == "MAXIMIZE"
    if stated not in (None, maximises):
        raise ProbecastError(
            f"{where} is to {study.direction.name.lower()} its value, but higher_is_better is "
            f"{str(stated).lower()} in the study file; remove that, or name other studies"
        )
    return maximises


def _rows(settings: TableSettings, study: "optuna.Study") -> Iterator[dict[str, Any]]:
    """The rows of one study."""
    _direction(settings, study)  # before values of several objectives are looked at
    trials = study.get_trials(deepcopy=False)
    final = settings.columns.epoch is None or not any(t.intermediate_values for t in trials)
    steps = sorted({step for trial in trials for step in trial.intermediate_values})
    # Steps 0, 10, 20 become 10, 20, 30.
    shift = 0 if final or steps[0] > 0 else (steps[1] if len(steps) > 1 else 1)
    first, last = (1, 1) if final else (steps[0] + shift, steps[-1] + shift)
    succeeded = {_identity(trial) for trial in trials if trial.state.name == "COMPLETE"}
    left_out: Counter[str] = Counter()
    for trial in trials:
        state = trial.state.name
        curve = {step + shift: v for step, v in sorted(trial.intermediate_values.items())}
        if final:
            curve = {1: trial.value} if state == "COMPLETE" else {}
        if state == "FAIL" and trial.params and _identity(trial) not in succeeded:
            curve[min(max(curve, default=0) + first, last)] = np.nan
        elif state not in ("COMPLETE", "PRUNED"):
            left_out["failed" if state == "FAIL" else "still run or wait"] += 1
            continue
        if not curve or not trial.params:
            left_out["have no value or no hyperparameter"] += 1
            continue
        for step, value in curve.items():
            identity = {"optuna.study": study.study_name, "optuna.configuration": _identity(trial)}
            measured = {"optuna.step": step, "optuna.value": value, "optuna.seconds": np.nan}
            yield {**identity, "optuna.trial": trial.number, **measured, **trial.params}
    if left_out:
        logger.info(
            "%s: study %r: of %d trials %s; these are left out",
            *(settings.path, study.study_name, len(trials)),
            ", ".join(f"{count} {why}" for why, count in left_out.items()),
        )


def _identity(trial: "optuna.trial.FrozenTrial") -> str:
    return json.dumps(trial.params, sort_keys=True)

"""Optuna studies as a table of trials: one row per value that a trial has reported.

- A trial's curve is its intermediate values; or, of all trials, their final values alone, if that
  is wanted (``columns.epoch: null``) or tells more, as where hardly any trial has reported.
- Steps that count from 0 are moved up by one step, since nobody reports the untrained model.
- A pruned trial stops early. A failed one has diverged after its last report, unless the same
  configuration has succeeded in another trial, as when a run that crashed was tried again.
- Trials that run or wait, or that ended without anything to learn from, are left out and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from probecast.errors import ProbecastError
from probecast.tables.accounts import Account
from probecast.tables.databases import opened
from probecast.tables.settings import Columns, TableSettings, chosen_tasks
from probecast.tables.task_table import worth
from probecast.tables.values import identity_of

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
    state=None,
)
"""What the frame's columns are called; a hyperparameter may have any other name."""


@dataclass(frozen=True)
class _Study:
    """What is read of a study, while its storage is open.

    Attributes:
        name: its name.
        directions: of its objectives.
        trials: in any state.
    """

    name: str
    directions: "list[optuna.study.StudyDirection]"
    trials: "list[optuna.trial.FrozenTrial]"


def storage_frame(
    settings: TableSettings, account: Account
) -> tuple[pd.DataFrame, dict[str, bool]]:
    """Read the finished trials of a storage's studies.

    Args:
        settings: where the storage is, and what is wanted of it.
        account: told of what is left out.

    Returns:
        One row per reported value with columns ``COLUMNS`` and one per hyperparameter, and
        whether a larger value is better, by study.

    Raises:
        ProbecastError: the storage cannot be read, a study has several objectives or the other
            direction, or none has a trial to learn from.
    """
    rows, directions = [], {}
    for study in _studies(settings):
        own = list(_rows(settings, study, account))
        if own:
            directions[study.name] = _direction(settings, study)
        rows += own
    if not rows:
        raise ProbecastError(
            f"{settings.path}: no trial of the Optuna studies has finished with a value "
            f"({account.in_words()}); run some, or correct its 'path' in the study file"
        )
    return pd.DataFrame(rows), directions


def study_names(settings: TableSettings) -> list[str]:
    """Return the sorted names of a storage's studies that have a trial to learn from.

    Raises:
        ProbecastError: as ``storage_frame``.
    """
    nobody = Account("", settings.path)
    return sorted(s.name for s in _studies(settings) if any(_rows(settings, s, nobody)))


def _studies(settings: TableSettings) -> list[_Study]:
    """The studies that are wanted."""
    with opened(settings.path) as storage:
        import optuna  # whose absence the line above explains

        names = sorted(study.study_name for study in storage.get_all_studies())
        if not names:
            raise ProbecastError(
                f"{settings.path}: the Optuna storage holds no study; run one first"
            )
        wanted = chosen_tasks(settings, names)
        studies = [optuna.load_study(study_name=name, storage=storage) for name in wanted]
        return [_Study(s.study_name, s.directions, s.get_trials()) for s in studies]


def _direction(settings: TableSettings, study: _Study) -> bool:
    """Whether a larger value is better."""
    where, stated = f"{settings.path}: study {study.name!r}", settings.higher_is_better
    if len(study.directions) > 1:
        raise ProbecastError(
            f"{where} has {len(study.directions)} objectives, but one metric is learnt from; "
            "write its trials to a CSV file (study.trials_dataframe()) and name the column of one"
        )
    direction = study.directions[0].name
    maximises = direction == "MAXIMIZE"
    if stated not in (None, maximises):
        raise ProbecastError(
            f"{where} is to {direction.lower()} its value, but higher_is_better is "
            f"{str(stated).lower()} in the study file; remove that, or name other studies"
        )
    return maximises


def _rows(settings: TableSettings, study: _Study, account: Account) -> Iterator[dict[str, Any]]:
    """The rows of one study."""
    _direction(settings, study)  # before values of several objectives are looked at
    final = settings.columns.epoch is None or _final_values_tell_more(study, account)
    # What runs, or failed, may have reported otherwise than all that ended.
    ended = [t for t in study.trials if t.state.name in ("COMPLETE", "PRUNED")] or study.trials
    steps = sorted({step for trial in ended for step in trial.intermediate_values}) or [1]
    # Steps 0, 10, 20 become 10, 20, 30.
    shift = 0 if final or steps[0] > 0 else (steps[1] if len(steps) > 1 else 1)
    first, last = (1, 1) if final else (steps[0] + shift, steps[-1] + shift)
    where = f"{settings.path}: study {study.name!r}"
    succeeded = {
        identity_of(where, trial.params)
        for trial in study.trials
        if trial.state.name == "COMPLETE"
    }
    for trial in study.trials:
        state, identity = trial.state.name, identity_of(where, trial.params)
        if clash := sorted(set(trial.params).intersection(COLUMNS.model_dump().values())):
            raise ProbecastError(f"{where}: a parameter cannot be called {clash[0]!r}; rename it")
        curve = {step + shift: v for step, v in sorted(trial.intermediate_values.items())}
        if final:
            curve = {1: trial.value} if state == "COMPLETE" else {}
        if state == "FAIL" and trial.params and identity not in succeeded:
            curve[min(max(curve, default=0) + first, last)] = np.nan
        if not (state in ("COMPLETE", "PRUNED", "FAIL") and trial.params and curve):
            account.leave_out(1, "trials", _why_not(state, trial, final))
            continue
        for step, value in curve.items():
            told = {"optuna.study": study.name, "optuna.configuration": identity}
            measured = {"optuna.step": step, "optuna.value": value, "optuna.seconds": np.nan}
            yield {**told, "optuna.trial": trial.number, **measured, **trial.params}


def _final_values_tell_more(study: _Study, account: Account) -> bool:
    """Whether the final values of all trials tell more than the curves of those with reports."""
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
    reported = [trial for trial in (*complete, *pruned) if trial.intermediate_values]
    levels = len({step for trial in reported for step in trial.intermediate_values})
    if not reported:
        return bool(complete) or not any(trial.intermediate_values for trial in study.trials)
    if worth(len(complete), 1) <= worth(len(reported), levels):
        return False
    account.notes.append(
        f"study {study.name!r}: final values alone are read, as only {len(reported)} of "
        f"{len(complete) + len(pruned)} finished trials have reported any on the way"
    )
    return True


def _why_not(state: str, trial: "optuna.trial.FrozenTrial", final: bool) -> str:
    """Why nothing is learnt from a trial."""
    if state in ("RUNNING", "WAITING"):
        return "still run or wait"
    if not trial.params:
        return "have no hyperparameter"
    if state == "FAIL":
        return "failed, but not another time"
    if state == "PRUNED" and final:
        return "were pruned, so that they have no final value"
    return "have reported no value on the way"

"""What became of a trial, where a table says so, as Optuna and others export it."""

from enum import Enum

import numpy as np
import pandas as pd

from probecast.errors import ProbecastError, short
from probecast.tables.settings import Columns

CALLED = ("state", "status")  # in any case, where the study file does not say


class State(Enum):
    """What a trial's rows are worth."""

    COMPLETE = "complete"
    STOPPED = "stopped before the end"
    FAILED = "failed"
    UNFINISHED = "still run or wait"


WORDS = {
    State.COMPLETE: ("complete", "completed", "finished", "success", "succeeded", "done", "ok"),
    State.STOPPED: ("pruned", "stopped", "killed", "cancelled", "canceled"),
    State.FAILED: ("fail", "failed", "crashed", "error", "diverged"),
    State.UNFINISHED: (
        *("running", "waiting", "pending", "queued", "paused", "preempting", "preempted"),
        "in_progress",
    ),
}
MEANT = {word: state for state, words in WORDS.items() for word in words}


def state_column(found: list[str], columns: Columns) -> str | None:
    """Return the column that says what became of the trials, if there is one."""
    if columns.state != Columns().state or columns.state in found:
        return columns.state
    return next((column for column in found if column.lower() in CALLED), columns.state)


def states_in(
    path: str, frame: pd.DataFrame, column: str, doubtful: bool = False
) -> np.ndarray | None:
    """Return every row's ``State``; a blank one, as of a trial that has not begun, is unfinished.

    Args:
        path: of the table, for messages.
        frame: its cells.
        column: where states are expected.
        doubtful: it may be another column by that name: then None, if it holds no state at all.

    Raises:
        ProbecastError: the column holds something else.
    """
    codes, words = pd.factorize(frame[column].astype(object))
    states = [_meant(word) for word in words]
    if doubtful and not any(states):
        return None
    if None in states:
        word = short(str(words[states.index(None)]))
        raise ProbecastError(
            f"{path}: column {column!r} holds {word}, which does not say whether a trial is "
            "complete, running, failed or pruned; if that is not what it is for, write "
            "'state: null' under 'columns' in the study file, and list 'hyperparameters'"
        )
    return np.array([*states, State.UNFINISHED], dtype=object)[codes]


def _meant(word: object) -> State | None:
    """As Optuna's enumeration is written, too: ``TrialState.COMPLETE``."""
    return MEANT.get(str(word).rpartition(".")[2].strip().lower())

"""Which trials of a table from elsewhere are of the same configuration."""

import numpy as np
import pandas as pd

from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.tables.settings import Columns
from probecast.trials import configurations_of


def check_settings(
    path: str, settings: pd.DataFrame, frame: pd.DataFrame, columns: Columns, first: np.ndarray
) -> None:
    """Make sure that every row has the hyperparameters of its configuration's first row."""
    for name in settings:
        codes, _ = pd.factorize(settings[name])
        differs = codes != codes[first]
        if differs.any():
            row = int(np.argmax(differs))
            values = settings[name].iloc[[first[row], row]].tolist()
            raise ProbecastError(
                f"{path}: {_spell(frame, columns, row)} has both {values[0]} and {values[1]} as "
                f"{name!r}; if that is no hyperparameter, list the others under "
                "'hyperparameters' in the study file, else give it two ids"
            )


def filled(settings: pd.DataFrame, by: pd.DataFrame) -> pd.DataFrame:
    """Return the hyperparameters, those filled in that only other rows of a configuration tell.

    Args:
        settings: the hyperparameters of every row.
        by: what tells the configurations apart; rows where it is blank are left as they are.
    """
    gaps = [name for name in settings if settings[name].isna().any()]
    if not gaps:
        return settings
    number = by.groupby(list(by), dropna=True, sort=False, observed=True).ngroup()
    number = number.fillna(-1).to_numpy(dtype=np.int64)
    found = {}
    for name in gaps:
        values = settings[name]
        told = np.flatnonzero(values.notna().to_numpy() & (number >= 0))
        groups, first = np.unique(number[told], return_index=True)
        place = np.full(number.max(initial=-1) + 2, -1)
        place[groups] = told[first]
        source = np.where(values.isna().to_numpy() & (number >= 0), place[number], -1)
        rows = np.where(source >= 0, source, np.arange(len(values)))
        found[name] = values.iloc[rows].set_axis(values.index)
    return settings.assign(**found)


def identify(settings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted identities, and for each row of ``settings`` the position of its own."""
    number = number_rows(settings)
    distinct = settings.loc[~pd.Series(number).duplicated().to_numpy()]
    identities = np.array([config_id(c) for c in configurations_of(distinct)])
    order = np.argsort(identities)
    return identities[order], np.argsort(order)[number]


def number_rows(settings: pd.DataFrame) -> np.ndarray:
    """Number the rows from 0, in the order of appearance; equal rows have one number."""
    groups = settings.groupby(list(settings), dropna=False, sort=False, observed=True)
    return groups.ngroup().to_numpy()


def check_distinct(
    path: str,
    frame: pd.DataFrame,
    columns: Columns,
    task: np.ndarray,
    rank: np.ndarray,
    first: np.ndarray,
) -> None:
    """Make sure that no task has the same hyperparameters under two ids."""
    repeated = pd.DataFrame({"task": task, "rank": rank}).duplicated().to_numpy()
    if repeated.any():
        pair = int(np.argmax(repeated))
        other = int(np.argmax((task == task[pair]) & (rank == rank[pair])))
        raise ProbecastError(
            f"{path}: {_spell(frame, columns, first[pair])} has the hyperparameters of "
            f"{frame[columns.config_id].iloc[first[other]]}; where 'hyperparameters' in the study "
            "file names some, no others are read: name what tells these two apart there, too, or "
            "give both one id and a seed column"
        )


def _spell(frame: pd.DataFrame, columns: Columns, row: int) -> str:
    named = f"configuration {frame[columns.config_id].iloc[row]}"
    return f"{named} of task '{frame[columns.task].iloc[row]}'" if columns.task else named


def check_unique(where: str, rows: pd.DataFrame, identities: np.ndarray, columns: Columns) -> None:
    """Make sure that no epoch of a trial stands in a task's sorted rows twice."""
    keys = rows[["config_id", "seed", "epoch"]].to_numpy()
    repeated = (keys[1:] == keys[:-1]).all(axis=1)
    if repeated.any():
        position = int(np.argmax(repeated))
        configuration, _, epoch = keys[position]
        raise ProbecastError(
            f"{where}: epoch {epoch} of the configuration with identity "
            f"{identities[configuration]} ({columns.val_metric} "
            f"{rows['val_metric'].iloc[position]:g} and "
            f"{rows['val_metric'].iloc[position + 1]:g}) stands there twice; remove one, or "
            "name the column that tells the trials apart under columns.seed in the study file"
        )

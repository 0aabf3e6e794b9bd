"""The splits of a user's data: as a column says, or with rows set aside for testing."""

from typing import TYPE_CHECKING

import numpy as np

from probecast.data.settings import DownloadSettings
from probecast.data.split_names import by_split, split_of
from probecast.data.user.account import Account, listed
from probecast.data.user.settings import UserData
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset


COLUMN = "split"  # in any letter case


def divided(
    splits: "dict[str, Dataset]", own: UserData, places: dict[str, str], account: Account
) -> "dict[str, Dataset]":
    """Return the splits that the column ``split`` of training rows names, else those there are.

    Raises:
        ProbecastError: the column has both names of splits and others, or two for one split.
    """
    rows, where = splits["train"], places["train"]
    used = {own.input_column, own.target_column, *(own.columns.values or [])}
    column = next((n for n in rows.column_names if n.lower() == COLUMN and n not in used), None)
    if set(splits) != {"train"} or column is None:
        return splits
    names = [str(name or "") for name in rows[column][:]]
    others = sorted({name for name in names if split_of(name) is None})
    known = sorted(set(names) - set(others))
    if "train" not in map(split_of, known):
        account.note(f"column {column!r} names no training rows and is not read")
        return splits
    if others:
        raise ProbecastError(
            f"{where}: column {column!r} has {listed([repr(name) for name in others])} beside "
            f"{listed(known)}; call the splits train, val and test, or rename the column."
        )
    try:
        called = by_split(known)
    except ValueError as error:
        raise ProbecastError(f"{where}: column {column!r}: {error}.") from None
    account.note(f"splits: as column {column!r} says, {listed(list(called.values()))}")
    return take(rows.remove_columns(column), [split_of(name) for name in names])


def take(rows: "Dataset", of: list[str | None]) -> "dict[str, Dataset]":
    """Return rows by the split that each is of."""
    return {
        split: rows.select([row for row, name in enumerate(of) if name == split])
        for split in sorted(set(filter(None, of)), key=["train", "val", "test"].index)
    }


def with_test_split(
    splits: "dict[str, Dataset]", settings: DownloadSettings, where: str, account: Account
) -> "dict[str, Dataset]":
    """Return the splits with ``test``: as it is, or ``test_share`` of the training rows.

    Of a series these are its last rows; else they are drawn by the study's seed, of every class
    its share, and at least one row of each class stays for training.

    Raises:
        ProbecastError: so few rows that one of the two would be empty.
    """
    if "test" in splits:
        return splits
    own, train = settings.own, splits["train"]
    if own.modality == "series":
        test = np.arange(len(train) - round(own.test_share * len(train)), len(train))
    else:
        strata = train[own.target_column][:] if own.has_classes else np.zeros(len(train))
        test = _draw(np.asarray(strata), own.test_share, settings.seed)
    if not 0 < len(test) < len(train):
        of = f" of each of the {len(set(strata))} classes" if own.has_classes else ""
        raise ProbecastError(
            f"{where}: {len(train)} rows are too few to set {own.test_share:.0%}{of} aside "
            f"for testing; add rows, or change `datasets.{settings.dataset}.own.test_share`."
        )
    drawn = "the last" if own.modality == "series" else "drawn by seed"
    account.note(f"splits: test is {own.test_share:.0%} of the training rows, {drawn}")
    rest = np.setdiff1d(np.arange(len(train)), test)
    return {**splits, "train": train.select(rest), "test": train.select(test)}


def _draw(strata: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the numbers of the rows drawn, ascending."""
    generator = np.random.default_rng(seed)
    drawn = []
    for stratum in np.unique(strata):
        rows = generator.permutation(np.flatnonzero(strata == stratum))
        drawn.append(rows[: min(round(share * len(rows)), len(rows) - 1)])
    return np.sort(np.concatenate(drawn))

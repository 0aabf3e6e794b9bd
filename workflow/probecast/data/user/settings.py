"""The keys under ``datasets.<name>.own`` of the study file."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from probecast.data.keys import FileName
from probecast.data.spec import Modality
from probecast.data.split_names import by_split, split_of

Split = Literal["train", "val", "test"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "label"),
    "text": ("text", "label"),
    "series": ("timestamp", "values"),
    "speech": ("audio", "transcript"),
}
"""What the columns of each modality are for: the input, then what is to be predicted."""

METRICS = {
    "image": ("accuracy",),
    "text": ("accuracy",),
    "series": ("mse", "mae"),
    "speech": ("wer", "cer"),
}
"""What each modality can be judged by, first what it is judged by unless told otherwise."""


UNNAMED = "Unnamed: "
"""How a column without a name begins to be called, as by pandas."""


class UserColumns(BaseModel):
    """The data's names for what is needed; other columns are not read.

    Attributes:
        text: the texts to classify.
        label: their classes, or those of images: names, or whole numbers. A column of a table,
            or of the ``metadata.csv`` of a folder; folders without one have class folders.
        image: images, with their bytes in a Parquet file or on the Hub; of a folder always so
            called.
        audio: recordings, likewise.
        transcript: what is said in them.
        timestamp: the times of a series.
        values: the series to forecast, one column each; default: all other columns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = "text"
    label: str = "label"
    image: str = "image"
    audio: str = "audio"
    transcript: str = "transcription"
    timestamp: str = "timestamp"
    values: Annotated[list[str], Field(min_length=1)] | None = None


class UserData(BaseModel):
    """A user's own data: files, a folder, or a dataset on the Hub.

    Attributes:
        modality: ``text`` (classification), ``image`` (classification), ``series`` (forecasting)
            or ``speech`` (recognition).
        files: by split (``train``, ``test``, ``val``): a CSV, TSV, Parquet or JSON lines file, or
            several by a pattern with ``*``; text files may be compressed (gz, bz2, xz, zst, or
            alone in a zip). Relative paths count from the folder of the Snakefile.
        folder: images in one folder per class, or images or recordings beside a
            ``metadata.csv`` with the column ``file_name``. Where it has a folder ``train``, its
            folders ``train``, ``test`` and ``val``, by any usual name, are the splits.
        hub: an id on the Hub, as ``name@revision`` for one that does not change.
        config: the configuration of a dataset on the Hub that has several.
        splits: our split -> the Hub's; default ``train`` and ``test``.
        columns: the data's names for what is needed.
        dates: how the times of a series are written: ``day_first``, ``month_first``,
            ``year_first``; ``seconds``, ``milliseconds``, ``microseconds`` or ``nanoseconds``
            (since 1970); or a form such as ``%d.%m.%Y %H:%M``. Default: found from all rows.
        steps: ``rows`` where every row of a series is one step after the row before it, whatever
            their times; without a column of times as they stand in the file. Default: an even
            step, days of the week, months, quarters, half-years or years, whichever most rows
            are at; windows then have no gap in them.
        ground: what transparent images are laid on, ``white`` (default) or ``black``.
        separator: what stands between the fields of a CSV file; default a comma, in TSV a tab.
        test_share: share of the training rows that is set aside for testing where there is no
            test split: drawn by seed, every class in its share; of series the last rows.
        metric: of classes ``accuracy``; of series ``mse`` (default) or ``mae``, mean squared or
            absolute error in standard deviations; of speech ``wer`` (default) or ``cer``, errors
            per word or character.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    modality: Modality
    files: dict[Split, FileName] | None = None
    folder: FileName | None = None
    hub: str | None = None
    config: str | None = None
    splits: dict[Split, str] | None = None
    columns: UserColumns = UserColumns()
    dates: str | None = None
    steps: Literal["rows"] | None = None
    ground: Literal["white", "black"] | None = None
    separator: Annotated[str, Field(min_length=1)] | None = None
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    metric: str | None = None

    @field_validator("files", "splits", mode="before")
    @classmethod
    def _by_usual_names(cls, given: Any) -> Any:
        """Return the mapping with our names of splits in place of other usual ones."""
        if not isinstance(given, dict):
            return given
        by_split(name for name in given if isinstance(name, str))
        return {split_of(name) or name: value for name, value in given.items()}

    @field_validator("dates")
    @classmethod
    def _is_a_form(cls, asked: str | None) -> str | None:
        if asked is not None:
            from probecast.data.user.dates import check_form  # slow to load

            check_form(asked)
        return asked

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        named = [key for key in ("files", "folder", "hub") if getattr(self, key) is not None]
        if len(named) != 1:
            raise ValueError(
                f"name one of `files`, `folder` and `hub`, not {' and '.join(named) or 'none'}"
            )
        if self.folder is not None and self.modality not in ("image", "speech"):
            raise ValueError(f"`folder` is for image and speech; name {self.modality} by `files`")
        for key in ("files", "splits"):
            if getattr(self, key) is not None and "train" not in getattr(self, key):
                raise ValueError(f"`{key}` has no `train`; add it")
        for key in ("config", "splits"):
            if getattr(self, key) is not None and self.hub is None:
                raise ValueError(f"`{key}` is for data on the Hub; remove it")
        for key, modality in (("dates", "series"), ("steps", "series"), ("ground", "image")):
            if getattr(self, key) is not None and modality != self.modality:
                raise ValueError(f"`{key}` is for {modality}, not {self.modality}; remove it")
        if self.separator is not None and self.hub is not None:
            raise ValueError("`separator` is for files of your own; remove it")
        for path in (self.files or {}).values():
            if "**" in Path(path).name:
                raise ValueError(f"{path!r}: write one `*`, which stands for any text in a name")
        given = {**(self.files or {}), **(self.splits or {})}
        if self.modality == "series" and "val" in given and "test" not in given:
            raise ValueError(
                "a `val` without a `test`: the last training rows would be the test and lie "
                "before it; name a `test`, too, or remove `val`"
            )
        named = self.columns.model_dump(exclude_defaults=True)
        if foreign := sorted(named.keys() - set(COLUMNS[self.modality])):
            others = [m for m, roles in COLUMNS.items() if named.keys() <= set(roles)]
            instead = f", or write `modality: {others[0]}`" if others else ""
            raise ValueError(
                f"`columns` has {', '.join(foreign)}, but {self.modality} has "
                f"{' and '.join(COLUMNS[self.modality])}; remove it{instead}"
            )
        columns = [self.input_column, *(self.columns.values or [self.target_column])]
        if len(set(columns)) < len(columns):
            raise ValueError(
                f"`columns` names one for two purposes or twice: {columns}; correct it"
            )
        if self.metric not in (None, *METRICS[self.modality]):
            raise ValueError(
                f"`metric` is {self.metric}, but {self.modality} is judged by "
                f"{' or '.join(METRICS[self.modality])}; write that or remove it"
            )
        return self

    @property
    def input_column(self) -> str:
        """The column of texts, images, recordings or times."""
        return getattr(self.columns, COLUMNS[self.modality][0])

    @property
    def target_column(self) -> str | None:
        """The column of labels or transcripts; None for series."""
        role = COLUMNS[self.modality][1]
        return None if role == "values" else getattr(self.columns, role)

    @property
    def has_classes(self) -> bool:
        """Whether labels are to be predicted."""
        return COLUMNS[self.modality][1] == "label"

    def tables(self) -> list[Path]:
        """Return the files there are, those that a pattern fits by name."""
        named = map(Path, (self.files or {}).values())
        return [path for name in named for path in fitting(name)]

    def beside(self, base: Path) -> Self:
        """Return the same with absolute paths; relative ones count from ``base``."""
        files = self.files or {}
        at = {split: _absolute(path, base) for split, path in files.items()}
        folder = self.folder and _absolute(self.folder, base)
        return self.model_copy(update={"files": at or None, "folder": folder})


def _absolute(path: str, base: Path) -> str:
    """Return a path from ``base`` on, without ``..``; a link at its end stays one."""
    at = Path(base, Path(path).expanduser())
    if at.name in ("", ".."):
        return str(at.resolve())
    return str(at.parent.resolve() / at.name) if ".." in at.parts else str(at)


def fitting(path: Path) -> list[Path]:
    """Return the file or folder, or those that a pattern with ``*`` fits, by name; [] if none."""
    return [path] if path.exists() else sorted(path.parent.glob(path.name))

"""Route ``mirror``: a local folder in the Hub's schema.

That is: Parquet shards such as ``train-00000-of-00001.parquet`` (or files in another format that
``datasets`` reads) and a ``README.md`` whose ``configs:`` say which belong to which split, as in
a repository cloned from the Hub.
"""

from dataclasses import fields
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from datasets import (
    BuilderConfig,
    Dataset,
    DatasetBuilder,
    concatenate_datasets,
    get_dataset_config_names,
    load_dataset,
    load_dataset_builder,
)
from datasets.exceptions import DatasetsError
from datasets.table import embed_table_storage

from probecast.data.routes import Fetched, first_rows
from probecast.data.routes.files import READ_ERRORS
from probecast.data.routes.folder import METADATA, described
from probecast.data.settings import DownloadSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Features


def fetch(settings: DownloadSettings, source: Source, cache: Path) -> Fetched:
    """Read the raw splits from the folder ``settings.mirror``.

    Its splits have the Hub's names, as in ``source.hub``, or ours.

    Raises:
        ProbecastError: the folder is missing or has another layout, a shard is damaged.
    """
    folder = Path(settings.mirror).expanduser()
    place = f"dataset {settings.dataset!r}: mirror {str(folder)!r}"
    if not folder.is_dir():
        raise ProbecastError(
            f"{place}: there is no such folder; correct `mirror:` under "
            f"`datasets: {settings.dataset}:` in the study file, or remove it to download."
        )
    config = source.hub.config if source.hub else None
    names = source.hub.splits if source.hub else {"train": "train", "test": "test"}
    splits = read_folder(folder, config, names, settings.rows or {}, cache, place)
    return Fetched("mirror", settings.mirror, splits)


def read_folder(
    folder: Path,
    config: str | None,
    names: dict[str, str],
    rows: dict[str, int],
    cache: Path,
    place: str,
) -> "dict[str, Dataset]":
    """Read the splits of a folder in the Hub's schema.

    Args:
        folder: where the shards and the ``README.md`` are.
        config: the configuration, where the folder has more than one.
        names: our split -> the Hub's split; only ``val`` may be missing.
        rows: largest number of rows by split.
        cache: see ``data.routes``.
        place: how error messages call the folder.
    """
    builder = open_folder(folder, config, cache, place)
    files = builder.config.data_files
    splits = {}
    for ours, theirs in names.items():
        name = next((name for name in (theirs, ours) if name in files), None)
        if name is not None:
            splits[ours] = first_rows(read_split(builder, files[name], cache), rows.get(ours))
        elif ours != "val":
            raise ProbecastError(
                f"{place}: no split {theirs!r}; there are {', '.join(map(str, files))}. Name "
                "the shards <split>-00000-of-00001.parquet, or list them in README.md."
            )
    return splits


def open_folder(folder: Path, config: str | None, cache: Path, place: str) -> DatasetBuilder:
    """Return what ``datasets`` makes of the folder: its files by split, its features."""
    try:
        known = get_dataset_config_names(str(folder))
        name = config if config in known else None
        return load_dataset_builder(str(folder), name, cache_dir=str(cache))
    except (DatasetsError, OSError, ValueError, RuntimeError, yaml.YAMLError) as error:
        raise ProbecastError(
            f"{place}: not a dataset in the Hub's schema ({error}); it needs Parquet shards "
            "and, where their names do not tell the splits, a README.md with `configs:`."
        ) from None


def read_split(builder: DatasetBuilder, files: list[str], cache: Path) -> Dataset:
    """Return the rows of some of a builder's files, images and recordings with their bytes."""
    loader = type(builder).__module__.split(".")[2]  # of datasets.packaged_modules.csv.csv, say
    if loader == "parquet":
        return read_shards(files, builder.info.features, cache)
    if loader == "audiofolder":
        found = [Path(file) for file in files if Path(file).name in METADATA]
        return concatenate_datasets([described(file, "audio", cache, loader) for file in found])
    general = {field.name for field in fields(BuilderConfig)}
    options = {
        field.name: getattr(builder.config, field.name)
        for field in fields(builder.config)
        if field.name not in general
    }
    paths = [escape(file) for file in files]
    try:
        rows = load_dataset(
            loader, data_files=paths, split="train", cache_dir=str(cache), **options
        )
        return Dataset(embed_table_storage(rows.data.table), rows.info)
    except READ_ERRORS as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise ProbecastError(
            f"{files[0]}: not readable as {loader} ({reason}); replace it with a whole copy."
        ) from None


def read_shards(files: list[str], features: "Features | None", cache: Path) -> Dataset:
    """Return the shards, one after the other; raises ProbecastError that names a damaged one."""
    shards = []
    for file in files:
        try:
            shards.append(Dataset.from_parquet(file, features=features, cache_dir=str(cache)))
        except READ_ERRORS as error:
            reason = error.__cause__ or error
            raise ProbecastError(
                f"{file}: no rows to be read from it ({reason}); replace it with a whole copy."
            ) from None
    return concatenate_datasets(shards)

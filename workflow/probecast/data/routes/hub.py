"""Route ``hub``: the files of one commit on the Hugging Face Hub, Parquet or others.

Whole files go to the Hub's usual cache, where a download that was interrupted keeps every
file that was finished; a split with a row limit is streamed and leaves nothing there.
"""

import re
from pathlib import Path

import datasets
import pyarrow as pa
from datasets import Dataset, DatasetInfo, load_dataset, load_dataset_builder
from datasets.exceptions import DatasetsError
from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

from probecast.console import logger
from probecast.data.routes import Fetched, network
from probecast.data.routes.mirror import read_folder, read_split
from probecast.data.settings import DownloadSettings
from probecast.data.sources import HubDataset, Source
from probecast.errors import ProbecastError
from probecast.files import sha256

REMEDY = "set HF_ENDPOINT to a reachable server of the Hub, "


def fetch(
    settings: DownloadSettings, source: Source, revision: str | None, cache: Path
) -> Fetched:
    """Fetch the raw splits of ``source.hub``.

    The server is ``HF_ENDPOINT``. With ``HF_HUB_OFFLINE`` no server is asked, and what an
    earlier download left in the Hub's cache is read.

    Of a split in ``settings.rows`` the first rows in the Hub's order are streamed. ``revision`` is
    the commit wanted, None for the newest.

    Raises:
        ProbecastError: the Hub or the dataset cannot be reached (within 30 s where there
            is no network), a file is damaged, or the row counts are not the expected ones.
    """
    hub, name = source.hub, settings.dataset
    if constants.is_offline_mode():
        return fetch_cached(settings, hub, revision, cache)
    what = f"{hub.path} at {constants.ENDPOINT}"
    try:
        network.check_reachable(constants.ENDPOINT)
        of = {"revision": revision, "timeout": network.SILENCE_SECONDS}
        commit = network.retry(HfApi().dataset_info, hub.path, **of).sha
        splits = fetch_splits(hub, commit, settings.rows or {}, cache)
    except RevisionNotFoundError:
        raise ProbecastError(
            f"dataset {name!r}: {what} has no revision {revision!r} (any more); delete the "
            "dataset's lock file to accept the newest version."
        ) from None
    except RepositoryNotFoundError as error:
        reason = "it does not exist there, or needs `hf auth login`"
        raise network.not_fetched(name, what, reason, REMEDY) from error
    except (*network.ERRORS, DatasetsError, ValueError, RuntimeError) as error:
        raise network.not_fetched(name, what, error, REMEDY) from error
    return Fetched("hub", hub.path, splits, commit)


def fetch_splits(
    hub: HubDataset, commit: str, rows: dict[str, int], cache: Path
) -> dict[str, Dataset]:
    """Fetch every split of one commit: whole, or streamed where ``rows`` limits it."""
    of = {"revision": commit, "cache_dir": str(cache)}
    builder = network.retry(load_dataset_builder, hub.path, hub.config, **of)
    splits = {}
    others = [
        name for name in map(str, builder.config.data_files) if name not in {*hub.splits.values()}
    ]
    if others:
        logger.info("%s: its splits %s are not used", hub.path, ", ".join(others))
    for ours, theirs in hub.splits.items():
        addresses = builder.config.data_files.get(theirs)
        if addresses is None:
            known = ", ".join(map(str, builder.config.data_files))
            raise ProbecastError(
                f"{hub.path}, {commit}: no split {theirs!r}, only {known}. Data of your "
                "own name theirs under `splits`; with `train` alone a share of it is the test set."
            )
        if ours in rows:
            splits[ours] = stream(hub, theirs, commit, rows[ours])
        else:
            names = [address.split(f"@{commit}/", 1)[1] for address in addresses]
            files = [fetch_file(hub.path, name, commit) for name in names]
            splits[ours] = read_split(builder, files, cache)
            check_row_count(hub, ours, len(splits[ours]))
    return splits


def check_row_count(hub: HubDataset, split: str, found: int) -> None:
    """Raise ProbecastError if a whole split has another length than the Hub's page states."""
    expected = (hub.rows or {}).get(split)
    if expected not in (None, found):
        raise ProbecastError(
            f"{hub.path}: split {hub.splits[split]!r} has {found} rows, its page states "
            f"{expected}; name a copy of the stated version with `mirror:`."
        )


def fetch_file(path: str, name: str, commit: str) -> str:
    """Return the local copy of one file, checked against the Hub's SHA-256.

    The Hub's entity tag of a large file is its SHA-256 (https://git-lfs.com); small files
    have another tag and are not checked.
    """
    of = {"repo_type": "dataset", "revision": commit}
    address = hf_hub_url(path, name, **of)
    tag = network.retry(get_hf_file_metadata, address).etag or ""
    for force in (False, True):  # a damaged copy is fetched once more
        file = network.retry(hf_hub_download, path, name, **of, force_download=force)
        found = sha256(file)
        if found == tag or not re.fullmatch("[0-9a-f]{64}", tag):
            return file
    raise ProbecastError(
        f"{address}: damaged on the way: SHA-256 {found}, the Hub says {tag}; check the server "
        "that HF_ENDPOINT names, delete the copy in the Hugging Face cache, and rerun."
    )


def stream(hub: HubDataset, split: str, commit: str, rows: int) -> Dataset:
    """Return the first ``rows`` rows of a split without fetching the rest."""
    datasets.config.STREAMING_READ_MAX_RETRIES = 3  # its 20 would take up to 20 minutes
    stream = load_dataset(hub.path, hub.config, split=split, revision=commit, streaming=True)
    tables = list(stream.take(rows).with_format("arrow").iter(batch_size=100))
    return Dataset(pa.concat_tables(tables), DatasetInfo(features=stream.features))


def fetch_cached(
    settings: DownloadSettings, hub: HubDataset, revision: str | None, cache: Path
) -> Fetched:
    """Read the raw splits from the Hub's cache: a commit's folder there is a mirror."""
    readme = try_to_load_from_cache(hub.path, "README.md", revision=revision, repo_type="dataset")
    if not isinstance(readme, str):
        raise network.not_fetched(
            settings.dataset,
            hub.path,
            f"HF_HUB_OFFLINE is set and the cache has no copy of revision {revision or 'main'}",
            "unset HF_HUB_OFFLINE, ",
        )
    folder = Path(readme).parent
    place = f"dataset {settings.dataset!r}: {hub.path} in the Hugging Face cache"
    limits = settings.rows or {}
    splits = read_folder(folder, hub.config, hub.splits, limits, cache, place)
    for split in splits.keys() - limits.keys():  # a download that was killed left a part
        check_row_count(hub, split, len(splits[split]))
    return Fetched("hub", hub.path, splits, folder.name)

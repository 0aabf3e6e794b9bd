"""The descriptors of the Hub's datasets, checked against local mirrors in the Hub's schema."""

from pathlib import Path

import pyarrow.parquet
import pytest
from datasets import Audio, ClassLabel, Features, Image, Value

from probecast.data.sources import SOURCES, Source, get_source
from probecast.errors import ProbecastError

MIRRORS = Path(__file__).parents[4] / "../shared/datasets"
FOLDERS = {"librispeech": "librispeech_asr"}
ON_HUB = [name for name in SOURCES if get_source(name).hub]
INPUTS = {"image": Image, "text": Value, "speech": Audio}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_its_registered_name_and_one_route(name: str) -> None:
    source = get_source(name)
    assert source.name == name
    assert source.family == {"load_summer": "load"}.get(name, name)
    assert sum(route is not None for route in (source.generate, source.hub, source.archive)) == 1
    assert (source.archive is None) == (source.read_archive is None)
    assert (source.metric, source.modality) in {
        ("accuracy", "image"),
        ("accuracy", "text"),
        ("mse", "series"),
        ("wer", "speech"),
    }


def test_a_misspelt_source_is_suggested() -> None:
    with pytest.raises(ProbecastError, match="Did you mean 'cifar10'"):
        get_source("cifar")


@pytest.mark.parametrize("name", ON_HUB)
def test_columns_and_splits_are_the_mirrors(name: str) -> None:
    folder = MIRRORS / FOLDERS.get(name, name)
    if not folder.is_dir():
        pytest.skip(f"no local mirror in {folder}")
    source = get_source(name)
    files = {path.name.split("-")[0] for path in folder.glob("*.parquet")}
    if name != "librispeech":  # whose mirror is a subset under other split names
        assert set(source.hub.splits.values()) <= files
    schema = pyarrow.parquet.read_schema(min(folder.glob("*.parquet")))
    features = Features.from_arrow_schema(schema)
    assert isinstance(features[source.input_column], INPUTS[source.modality])
    if source.modality == "speech":
        assert features[source.target_column] == Value("string")
    else:
        assert isinstance(features[source.target_column], ClassLabel)


def test_unlabelled_splits_are_not_used() -> None:
    source: Source = get_source("sst2")
    assert source.hub.splits == {"train": "train", "test": "validation"}
    assert "unsupervised" not in get_source("imdb").hub.splits.values()


@pytest.mark.parametrize("name", ON_HUB)
def test_no_revision_is_invented(name: str) -> None:
    assert get_source(name).hub.revision is None

"""Route mirror: local folders in the Hub's schema."""

from pathlib import Path

import datasets
import pytest

from kit.fake_source import register, reviews, write_mirror
from probecast.data.routes.mirror import fetch
from probecast.data.sources import HubDataset, get_source
from probecast.errors import ProbecastError

SHARED = Path(__file__).parents[4] / "../shared/datasets"


def read(settings, folder: Path, cache: Path, rows: dict[str, int] | None = None):
    settings = settings.model_copy(update={"mirror": str(folder), "rows": rows})
    return fetch(settings, get_source("fake"), cache).splits


@pytest.fixture
def settings(monkeypatch):
    hub = HubDataset("nobody/reviews", splits={"train": "train.100", "test": "validation"})
    return register(monkeypatch, hub=hub)


def test_the_hubs_split_names_go_before_ours(settings, tmp_path):
    shards = {"train": reviews(8), "validation": reviews(4), "test": reviews(2, seed=1)}
    splits = read(settings, write_mirror(tmp_path / "mirror", **shards), tmp_path / "cache")
    assert splits["train"]["text"] == reviews(8)["text"]  # there is no train.100
    assert splits["test"]["text"] == reviews(4)["text"]  # the Hub's validation, not its test
    assert splits["train"].features["label"].names == ["bad", "good"]


def test_shards_are_read_in_order_and_cut_to_the_rows_wanted(settings, tmp_path):
    folder = write_mirror(tmp_path / "mirror", train=reviews(5), test=reviews(4))
    (folder / "train-00000-of-00001.parquet").rename(folder / "train-00000-of-00002.parquet")
    reviews(5, seed=1).to_parquet(folder / "train-00001-of-00002.parquet")
    whole = read(settings, folder, tmp_path / "cache")["train"]
    assert whole["text"] == [*reviews(5)["text"], *reviews(5, seed=1)["text"]]
    part = read(settings, folder, tmp_path / "other", rows={"train": 7, "test": 99})
    assert part["train"]["text"] == whole["text"][:7]
    assert len(part["test"]) == 4


def test_the_sources_configuration_is_taken_where_there_are_several(monkeypatch, tmp_path):
    folder = tmp_path / "clone"
    for config, count in (("small", 4), ("large", 9)):
        write_mirror(folder / config, train=reviews(count), test=reviews(2))
        (folder / config / "README.md").unlink()
    lines = ["---", "configs:"]
    for config in ("small", "large"):
        lines += [f"- config_name: {config}", f"  data_dir: {config}"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))
    hub = HubDataset("nobody/reviews", splits={"train": "train", "test": "test"}, config="large")
    assert len(read(register(monkeypatch, hub=hub), folder, tmp_path / "cache")["train"]) == 9
    without = register(monkeypatch)
    with pytest.raises(ProbecastError, match="small.*large"):
        read(without, folder, tmp_path / "cache")


def test_reading_leaves_nothing_in_the_users_cache(settings, tmp_path, monkeypatch):
    folder = write_mirror(tmp_path / "mirror", train=reviews(5), test=reviews(4))
    users = tmp_path / "users"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", users)
    read(settings, folder, tmp_path / "cache")
    assert not users.exists()


def test_a_missing_folder_names_key_path_and_remedy(settings, tmp_path):
    with pytest.raises(ProbecastError) as error:
        read(settings, tmp_path / "nowhere", tmp_path / "cache")
    for part in ("'reviews'", str(tmp_path / "nowhere"), "correct `mirror:` under"):
        assert part in str(error.value)


def test_a_missing_split_names_those_there_are(settings, tmp_path):
    folder = write_mirror(tmp_path / "mirror", train=reviews(5), dev=reviews(4))
    with pytest.raises(ProbecastError, match="no split 'validation'; there are train, dev"):
        read(settings, folder, tmp_path / "cache")


@pytest.mark.parametrize("readme", ["---\nconfigs: [\n---\n", "---\nconfigs: 3\n---\n", None])
def test_a_folder_that_is_no_dataset_is_named(settings, tmp_path, readme):
    folder = tmp_path / "mirror"
    folder.mkdir()
    if readme is not None:
        write_mirror(folder / "below", train=reviews(5), test=reviews(4))
        (folder / "README.md").write_text(readme)
    with pytest.raises(ProbecastError, match=f"mirror '{folder}': not a dataset"):
        read(settings, folder, tmp_path / "cache")


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "empty", "pointer"])
def test_a_damaged_shard_is_named(settings, tmp_path, damage):
    folder = write_mirror(tmp_path / "mirror", train=reviews(500), test=reviews(4))
    shard = folder / "train-00000-of-00001.parquet"
    content = shard.read_bytes()
    shard.write_bytes(
        {
            "truncated": content[: len(content) // 2],
            "overwritten": content[:10] + bytes(1000) + content[1010:],
            "empty": b"",
            "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        }[damage]
    )
    with pytest.raises(ProbecastError, match=f"^{shard}: no rows to be read"):
        read(settings, folder, tmp_path / "cache")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared mirrors of the Hub's datasets")
@pytest.mark.parametrize(
    ("source", "folder", "rows"),
    [
        ("mnist", "mnist", (60000, 10000)),
        ("cifar10", "cifar10_lossless", (3200, 800)),
        ("imdb", "imdb", (12500, 12500)),
        ("ag_news", "ag_news", (9773, 7600)),
        ("sst2", "sst2", (67349, 872)),
        ("electricity", "electricity_load_diagrams", (672, 168)),
        ("librispeech", "librispeech_asr", (195, 104)),
    ],
)
def test_the_shared_mirrors_hold_what_the_sources_expect(
    monkeypatch, tmp_path, source, folder, rows
):
    source = get_source(source)
    settings = register(monkeypatch).model_copy(update={"mirror": str(SHARED / folder)})
    splits = fetch(settings, source, tmp_path).splits
    assert (len(splits["train"]), len(splits["test"])) == rows
    for column in filter(None, (source.input_column, source.target_column)):
        assert column in splits["test"].features

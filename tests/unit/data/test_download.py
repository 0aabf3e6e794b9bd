"""The download stage: what is written, what the lock holds, what failure leaves behind."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import (
    Audio,
    ClassLabel,
    Dataset,
    DatasetDict,
    DatasetInfo,
    Features,
    Value,
    concatenate_datasets,
)

from kit.fake_source import register, reviews, write_mirror
from kit.raw_folders import images
from probecast.data import download as download_module
from probecast.data.download import checksum, download
from probecast.errors import ProbecastError
from probecast.files import read_json


def generate(rows: dict[str, int], seed: int) -> DatasetDict:
    return DatasetDict({name: reviews(count, seed) for name, count in rows.items()})


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "reviews" / "raw", tmp_path / "locks" / "reviews.json"


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = register(monkeypatch, generate=generate)
    return settings.model_copy(update={"rows": {"train": 30, "test": 10}, "seed": 7})


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_writes_the_splits_with_their_features_and_the_provenance(embedded, place):
    out, lock = place
    record = download(embedded, out, lock)
    assert {"source.json", "test.parquet", "train.parquet"} == {
        name for name in contents(out) if not name.startswith(".")
    }
    assert record == read_json(out / "source.json") == read_json(lock)
    assert record["rows"] == {"train": 30, "test": 10}
    assert (record["route"], record["identifier"]) == ("embedded", "fake")
    table = pq.read_table(out / "train.parquet")
    assert table["text"].to_pylist() == reviews(30, seed=7)["text"]
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"]["names"] == ["bad", "good"]
    # No working folder stays.
    assert [path for path in out.parent.iterdir() if path.is_dir()] == [out]


def test_a_failure_leaves_the_earlier_download_and_nothing_else(monkeypatch, embedded, place):
    out, lock = place
    download(embedded, out, lock)
    before = contents(out)

    def interrupted(rows: dict[str, int], seed: int) -> DatasetDict:
        raise KeyboardInterrupt

    register(monkeypatch, generate=interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(embedded, out, lock)
    assert contents(out) == before
    assert [path for path in out.parent.iterdir() if path.is_dir()] == [out]


def test_leftovers_of_a_killed_run_do_not_matter(embedded, place):
    out, lock = place
    build = out.parent / "raw.part" / "build"
    build.mkdir(parents=True)
    reviews(3).to_parquet(build / "val.parquet")
    download(embedded, out, lock)
    assert {"source.json", "test.parquet", "train.parquet"} == {
        name for name in contents(out) if not name.startswith(".")
    }
    assert [path for path in out.parent.iterdir() if path.is_dir()] == [out]


def test_a_split_that_is_gone_is_removed(monkeypatch, embedded, place):
    out, lock = place
    download(embedded.model_copy(update={"rows": {"train": 9, "val": 4, "test": 5}}), out, lock)
    assert (out / "val.parquet").exists()
    download(embedded, out, lock)
    assert not (out / "val.parquet").exists()


def test_another_content_than_the_lock_records_is_refused(monkeypatch, embedded, place):
    out, lock = place
    first = download(embedded, out, lock)
    before = contents(out)
    assert download(embedded, out, lock) == first

    register(monkeypatch, generate=lambda rows, seed: generate(rows, seed + 1))
    with pytest.raises(ProbecastError) as error:
        download(embedded, out, lock)
    assert f"{lock}: fake" in str(error.value)
    assert f"expected {first['checksums']['train']}, found" in str(error.value)
    assert f"delete {lock}" in str(error.value)
    assert contents(out) == before and read_json(lock) == first

    lock.unlink()
    second = download(embedded, out, lock)
    assert read_json(lock) == second != first


@pytest.mark.parametrize("change", [{"rows": {"train": 20, "test": 10}}, {"seed": 8}])
def test_other_settings_replace_the_lock(embedded, place, change):
    out, lock = place
    download(embedded, out, lock)
    second = download(embedded.model_copy(update=change), out, lock)
    assert read_json(lock) == second


def test_the_studys_seed_does_not_loosen_the_lock_of_a_mirror(monkeypatch, tmp_path, place):
    mirror = write_mirror(tmp_path / "mirror", train=reviews(8), test=reviews(4))
    settings = register(monkeypatch).model_copy(update={"mirror": str(mirror)})
    download(settings, *place)
    reviews(8, seed=1).to_parquet(mirror / "train-00000-of-00001.parquet")
    with pytest.raises(ProbecastError, match="checksums of 'train' expected"):
        download(settings.model_copy(update={"seed": 99}), *place)


def test_a_damaged_lock_is_named(embedded, place):
    out, lock = place
    lock.parent.mkdir()
    lock.write_text("[]")
    with pytest.raises(ProbecastError, match=r"reviews\.json: not a lock file; delete it"):
        download(embedded, out, lock)


def test_the_checksum_is_of_the_values_not_of_their_storage(tmp_path):
    rows = reviews(2500)
    expected = checksum(rows)
    pieces = [rows.select(range(start, start + 500)) for start in range(0, 2500, 500)]
    assert checksum(concatenate_datasets(pieces)) == expected
    assert checksum(rows.select(reversed(range(2500))).select(reversed(range(2500)))) == expected
    pq.write_table(rows.data.table, tmp_path / "a.parquet", row_group_size=77, compression="gzip")
    assert checksum(Dataset(pq.read_table(tmp_path / "a.parquet"))) == expected


def test_the_checksum_takes_large_files_a_few_at_a_time(monkeypatch):
    rows = images([0, 1, 2] * 10)
    size = sum(len(file["bytes"]) for file in rows.data.column("image").to_pylist())

    def parts():
        tables = download_module._in_parts(rows.data.table)
        return [part["label"].to_pylist() for part in tables]

    whole, labels = checksum(rows), rows["label"][:]
    assert parts() == [labels]
    monkeypatch.setattr(download_module, "LARGE", size // 3)
    assert 3 <= len(parts()) <= 4
    assert [label for part in parts() for label in part] == labels
    assert checksum(rows) != whole  # so that nothing is split without need
    monkeypatch.setattr(download_module, "LARGE", 1)
    assert len(parts()) == len(rows)


def test_the_checksum_sees_values_order_and_class_names():
    rows = reviews(4)
    others = [
        reviews(5),
        reviews(4, seed=1),
        rows.select([1, 0, 2, 3]),
        rows.rename_column("text", "review"),
        rows.cast_column("label", ClassLabel(names=["good", "bad"])),
        rows.cast_column("label", Value("int32")),
    ]
    assert len({checksum(rows), *map(checksum, others)}) == len(others) + 1


def test_audio_stays_encoded(monkeypatch, place):
    features = Features({"audio": Audio(sampling_rate=16000), "text": Value("string")})
    column = pa.array([{"bytes": b"fLaC", "path": "a.flac"}], features.arrow_schema.field(0).type)
    table = pa.table({"audio": column, "text": ["A"]})
    split = Dataset(table, DatasetInfo(features=features))
    settings = register(
        monkeypatch,
        input_column="audio",
        target_column="text",
        generate=lambda rows, seed: DatasetDict(train=split, test=split),
    ).model_copy(update={"rows": {"train": 1, "test": 1}})
    download(settings, *place)
    table = pq.read_table(place[0] / "train.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["audio"] == {"_type": "Audio", "sampling_rate": 16000, "decode": False}
    assert table["audio"].to_pylist() == [{"bytes": b"fLaC", "path": "a.flac"}]


def test_a_source_without_any_route_asks_for_a_mirror(monkeypatch, place):
    with pytest.raises(ProbecastError, match="`mirror:` under `datasets: reviews:`"):
        download(register(monkeypatch), *place)


def test_an_embedded_source_needs_a_number_of_rows(embedded, place):
    with pytest.raises(ProbecastError, match="'reviews': .* no number for 'test'"):
        download(embedded.model_copy(update={"rows": {"train": 5}}), *place)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (reviews(4).rename_column("text", "sentence"), "no column 'text'; there are sentence"),
        (reviews(0), "train-00000-of-00001.parquet: no rows"),
    ],
)
def test_a_mirror_of_another_schema_is_refused(monkeypatch, tmp_path, place, train, message):
    mirror = write_mirror(tmp_path / "mirror", train=train, test=reviews(4))
    settings = register(monkeypatch).model_copy(update={"mirror": str(mirror)})
    with pytest.raises(ProbecastError, match=message):
        download(settings, *place)
    assert not place[0].exists() and not place[1].exists()


def test_a_split_without_rows_is_refused(embedded, place):
    with pytest.raises(ProbecastError, match="split 'test' of fake: no rows; name a copy"):
        download(embedded.model_copy(update={"rows": {"train": 4, "test": 0}}), *place)


def test_a_row_limit_that_leaves_one_class_of_a_sorted_source_is_refused(
    monkeypatch, tmp_path, place
):
    by_class = reviews(40).select([*range(0, 40, 2), *range(1, 40, 2)])
    mirror = write_mirror(tmp_path / "mirror", train=by_class, test=reviews(4))
    settings = register(monkeypatch).model_copy(update={"mirror": str(mirror)})
    with pytest.raises(ProbecastError, match="first 15 rows are all of one class"):
        download(settings.model_copy(update={"rows": {"train": 15}}), *place)
    assert download(settings, *place)["rows"] == {"train": 40, "test": 4}

"""Whatever a user's data are stored as, the raw splits are those of any other source."""

import json
from io import StringIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from safetensors.numpy import load_file

from kit.own_files import (
    IMAGES,
    SERIES,
    SPEECH,
    TEXTS,
    csv_lines,
    series_csv,
    study,
    texts_csv,
    write_images,
    write_recordings,
)
from kit.raw_folders import images, sine
from probecast.data.download import download
from probecast.data.preprocess import preprocess
from probecast.data.spec import DataSpec
from probecast.errors import ProbecastError


def write_table(path, table):
    if path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    elif path.suffix == ".json":
        table.to_json(path, orient="records")
    elif path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl", "ndjson", "json"])
def test_a_table_is_read_in_every_format(read, ending):
    table = pd.DataFrame(
        {"review": [f"so, so\n{i}" for i in range(20)], "stars": [1, 2, 10, 2] * 5, "more": 0}
    )
    path = read.folder / f"train.{ending}"
    write_table(path if ending != "ndjson" else path.with_suffix(".jsonl"), table)
    if ending == "ndjson":
        path.with_suffix(".jsonl").rename(path)
    raw = read(
        modality="text",
        files={"train": f"train.{ending}"},
        columns={"text": "review", "label": "stars"},
    )
    assert read.classes("stars") == ["1", "2", "10"]  # by number, not by name
    rows = {**dict(zip(raw["train"]["review"], raw["train"]["stars"], strict=True))}
    rows |= zip(raw["test"]["review"], raw["test"]["stars"], strict=True)
    expected = {"1": 0, "2": 1, "10": 2}
    assert rows == {
        text: expected[str(stars)]
        for text, stars in zip(table["review"], table["stars"], strict=True)
    }
    assert set(raw["train"]) == {"review", "stars"}


def test_several_files_are_one_split_in_the_order_of_their_names(read):
    for name in ("b", "a"):
        lines = [f"{name} {i},{'yes' if i % 2 else 'no'}" for i in range(6)]
        (read.folder / f"part-{name}.csv").write_text(csv_lines("text,label", *lines))
    (read.folder / "test.csv").write_text(texts_csv(4))
    raw = read(modality="text", files={"train": "part-*.csv", "test": "test.csv"})
    assert raw["train"]["text"] == [f"{name} {i}" for name in "ab" for i in range(6)]
    assert len(raw["test"]["text"]) == 4


def test_names_with_signs_that_patterns_have_are_taken_as_they_are(read):
    (read.folder / "a [1].csv").write_text(texts_csv())
    raw = read(modality="text", files={"train": "a [1].csv"})
    assert len(raw["train"]["text"]) == 16


def test_a_file_written_with_row_numbers_is_read_without_them(read):
    texts, series = (pd.read_csv(StringIO(csv())) for csv in (texts_csv, series_csv))
    for name, table, own in (("texts", texts, TEXTS), ("series", series, SERIES)):
        table.to_csv(read.folder / f"{name}.csv")  # as pandas does unless it is told otherwise
        (read.folder / "lock.json").unlink(missing_ok=True)
        raw = read(**{**own, "files": {"train": f"{name}.csv"}})
        assert set(raw["train"]) == set(table)


def test_numbers_that_are_written_in_two_ways_are_two_classes_in_a_fixed_order(read):
    (read.folder / "train.csv").write_text(texts_csv(labels=("01", "2", "1")))
    read(**TEXTS)
    assert read.classes() == ["01", "1", "2"]


def test_a_separator_is_that_of_metadata_too(read):
    write_recordings(read.folder / "spoken", ["one", "two"] * 5)
    path = read.folder / "spoken" / "metadata.csv"
    path.write_text(path.read_text().replace(",", ";"))
    raw = read(**SPEECH, separator=";")
    assert set(raw["train"]["transcription"]) == {"one", "two"}


def test_series_may_have_steps_below_a_second(tmp_path):
    times = pd.date_range("2024-01-01", periods=400, freq="100ms")
    table = pd.DataFrame({"timestamp": times, "a": np.arange(400) % 7, "b": np.arange(400) % 5})
    table.to_csv(tmp_path / "train.csv", index=False)
    given = study(tmp_path, SERIES, sequence_length=12)
    download(given.download_settings("mine"), tmp_path / "raw", tmp_path / "lock.json")
    preprocess(tmp_path / "raw", tmp_path / "data", given.preprocess_settings("mine"))
    assert DataSpec.read(tmp_path / "data" / "spec.json").rows["train"] > 100


def test_words_for_nothing_are_words_in_a_table_of_texts(read):
    labels = ["None", "NA", "null", "nan"]
    rows = [f"text {i},{labels[i % 4]}" for i in range(20)]
    (read.folder / "train.csv").write_text(csv_lines("text,label", *rows))
    read(**TEXTS)
    assert read.classes() == sorted(labels)
    assert not read.log.messages


def test_a_byte_order_mark_is_no_part_of_the_header(read):
    (read.folder / "train.csv").write_text("\ufeff" + texts_csv())
    assert set(read(**TEXTS)["train"]) == {"text", "label"}


def test_rows_without_text_or_label_are_left_out_and_counted(read):
    rows = [f"text {i},{'yes' if i % 2 else 'no'}" for i in range(20)]
    rows[3], rows[7], rows[8] = ",yes", "text 7,", "   ,no"
    (read.folder / "train.csv").write_text(csv_lines("text,label", *rows))
    raw = read(**TEXTS)
    assert len(raw["train"]["text"]) + len(raw["test"]["text"]) == 17
    assert [m.partition(": ")[2].partition(": ")[2] for m in read.log.messages] == [
        "2 of 20 rows have no text and are left out",
        "1 of 18 rows have no label and are left out",
    ]


def test_whole_numbers_beside_missing_ones_are_the_classes_they_were(read):
    labels = [1.0, 2.0, None, 2.0] * 5  # as pandas stores integers with gaps
    table = pd.DataFrame({"text": [f"text {i}" for i in range(20)], "label": labels})
    table.to_parquet(read.folder / "train.parquet")
    (read.folder / "test.csv").write_text(texts_csv(6, labels=("1", "2")))
    read(modality="text", files={"train": "train.parquet", "test": "test.csv"})
    assert read.classes() == ["1", "2"]


def test_classes_of_ones_own_keep_their_order_and_unlabelled_rows_go(read):
    features = Features({"text": Value("string"), "label": ClassLabel(names=["z", "a"])})
    rows = {"text": [f"text {i}" for i in range(20)], "label": [0, 1, -1, 1] * 5}
    Dataset.from_dict(rows, features=features).to_parquet(read.folder / "train.parquet")
    raw = read(modality="text", files={"train": "train.parquet"})
    assert read.classes() == ["z", "a"]
    assert -1 not in raw["train"]["label"] + raw["test"]["label"]
    assert "5 of 20 rows have no label" in read.log.text


def test_minus_one_is_a_class_where_labels_are_numbers(read):
    table = {"text": [f"text {i}" for i in range(30)], "label": [-1, 0, 1] * 10}
    pq.write_table(pa.table(table), read.folder / "train.parquet")
    raw = read(modality="text", files={"train": "train.parquet"})
    assert read.classes() == ["-1", "0", "1"]
    assert len(raw["train"]["text"]) == 24


def test_the_test_rows_are_drawn_by_seed_with_every_class_in_its_share(tmp_path):
    labels = ["often"] * 60 + ["seldom"] * 20 + ["once"]
    rows = [f"text {i},{label}" for i, label in enumerate(labels)]
    (tmp_path / "train.csv").write_text(csv_lines("text,label", *rows))

    def drawn(seed):
        given = study(tmp_path, {**TEXTS, "test_share": 0.25})
        settings = given.model_copy(update={"seed": seed}).download_settings("mine")
        download(settings, tmp_path / f"raw-{seed}", tmp_path / f"lock-{seed}")
        table = pq.read_table(tmp_path / f"raw-{seed}" / "test.parquet").to_pydict()
        return table["text"], table["label"]

    texts, classes = drawn(0)
    assert np.bincount(classes).tolist() == [15, 0, 5]  # classes by name: often, once, seldom
    assert drawn(0)[0] == texts
    assert drawn(1)[0] != texts


def prepared(folder, content, **dataset):
    """Download and preprocess texts; return the spec and the numbers of rows by class."""
    (folder / "train.csv").write_text(content)
    given = study(folder, TEXTS, **dataset)
    download(given.download_settings("mine"), folder / "raw", folder / "lock.json")
    spec = preprocess(folder / "raw", folder / "out", given.preprocess_settings("mine"))
    labels = {
        split: load_file(folder / "out" / f"{split}.safetensors")["targets"] for split in spec.rows
    }
    return spec, {s: np.bincount(of, minlength=3).tolist() for s, of in labels.items()}


@pytest.mark.parametrize(("rows", "validation"), [(5, 1), (300, 48), (2000, 200)])
def test_few_rows_give_at_most_a_fifth_to_validation(tmp_path, rows, validation):
    lines = [f"an {('even', 'odd')[i % 2]} number {i},{('no', 'yes')[i % 2]}" for i in range(rows)]
    spec, _ = prepared(tmp_path, csv_lines("text,label", *lines))
    assert spec.rows["val"] == validation
    assert spec.rows["train"] == rows - rows // 5 - validation


@pytest.mark.parametrize("val_rows", [None, 1, 10, 14])
def test_a_class_of_one_row_is_trained_on_and_named(tmp_path, caplog, val_rows):
    content = texts_csv(20) + "a rare text,a single one\n"
    spec, rows = prepared(tmp_path, content, val_rows=val_rows)
    assert rows["train"][0] == 1
    assert rows["val"][0] == rows["test"][0] == 0
    assert spec.rows["val"] == (val_rows or 3)
    assert "column 'label' has 'a single one' in one row only" in caplog.text


def test_limits_that_leave_a_class_unlearnt_are_refused(tmp_path):
    content = texts_csv(40) + "a rare text,maybe\n"
    message = r"none of the 4 .* of class 'maybe' .*; take more `datasets\.mine\.train_rows`"
    with pytest.raises(ProbecastError, match=message):
        prepared(tmp_path, content, train_rows=4)


def test_series_of_text_become_numbers_sorted_by_time(read):
    lines = series_csv(100).splitlines()
    (read.folder / "train.csv").write_text(csv_lines(lines[0], *reversed(lines[1:])))
    raw = read(**SERIES, columns={"values": ["a"]})
    assert set(raw["train"]) == {"timestamp", "a"}
    assert raw["train"]["a"] == list(range(80))  # the last fifth is for testing
    assert raw["test"]["a"] == list(range(80, 100))
    assert raw["train"]["timestamp"][1] == pd.Timestamp("2024-01-01 01:00")


def test_times_with_a_zone_are_taken_as_utc(read):
    content = series_csv(50).replace(":00,", ":00+02:00,").replace("timestamp", "when")
    (read.folder / "train.csv").write_text(content)
    raw = read(**SERIES, columns={"timestamp": "when"})
    assert raw["train"]["timestamp"][0] == pd.Timestamp("2023-12-31 22:00")


def test_class_folders_become_classes_and_files_are_named_by_their_place(read):
    write_images(read.folder / "photos", classes=("cat", "dog"))
    (read.folder / "photos" / "dog" / "notes.txt").write_text("a good dog")
    (read.folder / "photos" / "dog" / "._0.png").write_bytes(b"what a Mac leaves beside 0.png")
    raw = read(**IMAGES)
    assert read.classes() == ["cat", "dog"]
    labels = {}
    for split in raw.values():
        labels |= {f["path"]: i for f, i in zip(split["image"], split["label"], strict=True)}
    assert labels == {f"{c}/{i}.png": c == "dog" for c in ("cat", "dog") for i in range(6)}
    first = next(f for f in raw["train"]["image"] if f["path"].startswith("cat"))
    assert first["bytes"] == (read.folder / "photos" / first["path"]).read_bytes()


def test_folders_called_train_and_test_are_the_splits(read):
    write_images(read.folder / "photos" / "train", count=5)
    write_images(read.folder / "photos" / "test", count=2)
    raw = read(**IMAGES)
    assert {split: len(rows["label"]) for split, rows in raw.items()} == {"train": 10, "test": 4}


def test_a_class_may_be_called_like_a_split(read):
    write_images(read.folder / "photos", classes=("test", "other"))
    read(**IMAGES)
    assert read.classes() == ["other", "test"]


def test_images_with_metadata_have_the_label_that_is_named(read):
    write_images(read.folder / "photos", classes=("all",), count=8)
    rows = [f"all/{i}.png,{'big' if i % 2 else 'small'},x" for i in range(8)]
    metadata = read.folder / "photos" / "metadata.csv"
    metadata.write_text(csv_lines("file_name,size,note", *rows[:7]))
    raw = read(**IMAGES, columns={"label": "size"})
    assert read.classes("size") == ["big", "small"]
    assert set(raw["train"]) == {"image", "size"}
    assert "metadata.csv: 1 of 8 files are not in it and are left out" in read.log.text


def test_images_in_parquet_files_are_read_with_their_bytes(read):
    images([0, 1, 2] * 5).to_parquet(read.folder / "train.parquet")
    raw = read(modality="image", files={"train": "train.parquet"})
    assert read.classes() == ["a", "b", "c"]
    assert all(image["bytes"].startswith(b"\x89PNG") for image in raw["train"]["image"])


def test_recordings_have_the_transcripts_of_their_metadata(read):
    write_recordings(read.folder / "spoken", ["one", "007", "", "none"] * 3)
    raw = read(**SPEECH)
    said = {}
    for split in raw.values():
        said |= {f["path"]: t for f, t in zip(split["audio"], split["transcription"], strict=True)}
    assert said["1.wav"] == "007" and said["3.wav"] == "none"  # text, whatever it looks like
    assert "3 of 12 rows have no transcription and are left out" in read.log.text
    assert raw["train"]["audio"][0]["bytes"].startswith(b"RIFF")


@pytest.mark.parametrize("modality", ["text", "series", "image", "speech"])
def test_what_was_read_is_preprocessed_as_a_family_of_its_own(tmp_path, modality):
    (tmp_path / "train.csv").write_text(series_csv() if modality == "series" else texts_csv(40))
    write_images(tmp_path / "photos", count=20)
    write_recordings(tmp_path / "spoken", ["one two", "three"] * 10)
    own = {"text": TEXTS, "series": SERIES, "image": IMAGES, "speech": SPEECH}[modality]
    given = study(tmp_path, own, val_rows=8)
    download(given.download_settings("mine"), tmp_path / "raw", tmp_path / "lock.json")
    spec = preprocess(tmp_path / "raw", tmp_path / "out", given.preprocess_settings("mine"))
    assert (spec.dataset, spec.family, spec.modality) == ("mine", "mine", modality)
    assert spec.rows["val"] == 8 and spec.rows["train"] > 0 and spec.rows["test"] > 0
    assert json.loads((tmp_path / "out" / "spec.json").read_text())["provenance"]["checksums"]


@pytest.mark.parametrize(
    ("own", "metric", "floor"),
    [(SERIES, "mae", (0, 3)), (SPEECH, "cer", (1, 1)), (SERIES, "mse", (0, 9))],
)
def test_the_metric_is_the_one_that_is_named(tmp_path, own, metric, floor):
    (tmp_path / "train.csv").write_text(series_csv())
    write_recordings(tmp_path / "spoken", ["one two", "three"] * 10)
    given = study(tmp_path, {**own, "metric": metric}, val_rows=8)
    download(given.download_settings("mine"), tmp_path / "raw", tmp_path / "lock.json")
    spec = preprocess(tmp_path / "raw", tmp_path / "out", given.preprocess_settings("mine"))
    assert spec.metric == metric
    assert floor[0] <= spec.floor["val"] <= floor[1]


def test_data_that_changed_are_refused_until_the_lock_is_deleted(read):
    (read.folder / "train.csv").write_text(texts_csv(20))
    first = read(**TEXTS)
    assert read(**TEXTS) == first
    (read.folder / "train.csv").write_text(texts_csv(20).replace("number 3,", "number three,"))
    with pytest.raises(ProbecastError, match=r"train\.csv is not what was downloaded first"):
        read(**TEXTS)
    (read.folder / "lock.json").unlink()
    assert read(**TEXTS) != first


def test_a_file_that_was_mended_after_a_refusal_is_read_anew(read):
    path = read.folder / "spoken" / "2.wav"
    write_recordings(read.folder / "spoken", ["one", "two"] * 5)
    path.write_bytes(b"RIFF")
    with pytest.raises(ProbecastError, match=r"2\.wav cannot be decoded"):
        read(**SPEECH)
    assert not (read.folder / "lock.json").exists()
    path.write_bytes(sine(0.3))
    assert len(read(**SPEECH)["train"]["audio"]) == 8


TRADING_DAYS = pd.bdate_range("2020-01-01", periods=500).delete(range(30, 500, 40))


def test_days_with_holidays_are_steps_where_rows_are_asked_for(tmp_path):
    table = pd.DataFrame({"timestamp": TRADING_DAYS, "a": np.arange(len(TRADING_DAYS)) % 7})
    table[::-1].to_csv(tmp_path / "train.csv", index=False)  # the newest first, as they come
    with pytest.raises(ProbecastError, match="one every business day.*write `steps: rows` under"):
        run_series(tmp_path)
    assert run_series(tmp_path, steps="rows").rows["train"] > 100
    times = pq.read_table(tmp_path / "raw" / "train.parquet")["timestamp"].to_pylist()
    assert times == sorted(times)


def test_rows_without_times_follow_one_another_as_they_stand(tmp_path):
    values = np.arange(300)
    pd.DataFrame({"a": values}).to_csv(tmp_path / "train.csv", index=False)
    assert run_series(tmp_path, steps="rows").rows["train"] > 100
    assert pq.read_table(tmp_path / "raw" / "train.parquet")["a"].to_pylist() == list(range(240))


def run_series(folder, **own):
    given = study(folder, {**SERIES, **own})
    (folder / "lock.json").unlink(missing_ok=True)
    download(given.download_settings("mine"), folder / "raw", folder / "lock.json")
    return preprocess(folder / "raw", folder / "out", given.preprocess_settings("mine"))


def test_times_of_all_splits_are_in_one_form(read):
    days = pd.date_range("2024-02-01", periods=60)
    for name, part in (("a", days[:12]), ("b", days[12:])):  # the first could be any month's
        table = pd.DataFrame({"timestamp": part.strftime("%d/%m/%Y"), "a": range(len(part))})
        table.to_csv(read.folder / f"{name}.csv", index=False)
    raw = read(modality="series", files={"train": "a.csv", "test": "b.csv"})
    assert raw["train"]["timestamp"] + raw["test"]["timestamp"] == days.to_list()


@pytest.mark.parametrize("kind", ["date", "zone", "years", "since", "float16"])
def test_times_and_numbers_may_be_stored_as_such(read, kind):
    hours = pd.date_range("2024-01-01", periods=50, freq="h", tz="UTC")
    times, first = {
        "date": (pd.date_range("2024-01-01", periods=50).date, "2024-01-01"),
        "zone": (hours.tz_convert("Asia/Tokyo"), "2024-01-01"),
        "years": (np.arange(1950, 2000), "1950-01-01"),
        "since": (hours.tz_localize(None).as_unit("s").asi8, "2024-01-01"),
        "float16": (hours, "2024-01-01"),
    }[kind]
    values = pa.array(np.arange(50, dtype=np.float16 if kind == "float16" else np.int32))
    table = pa.table({"timestamp": pa.array(times), "a": values})
    pq.write_table(table, read.folder / "train.parquet")
    raw = read(modality="series", files={"train": "train.parquet"})
    assert raw["train"]["timestamp"][0] == pd.Timestamp(first)
    assert raw["train"]["a"] + raw["test"]["a"] == list(range(50))


@pytest.mark.parametrize("name", ["train.csv.gz", "train.csv.zip", "TRAIN.TSV", "train.JSONL.bz2"])
def test_a_table_may_be_compressed_and_its_ending_in_any_case(read, name):
    table = pd.read_csv(StringIO(texts_csv(20)))
    packed = {".gz": "gzip", ".zip": "zip", ".bz2": "bz2"}.get(name[name.rfind(".") :])
    if "JSON" in name:
        table.to_json(read.folder / name, orient="records", lines=True, compression=packed)
    else:
        separator = "\t" if "TSV" in name else ","
        table.to_csv(read.folder / name, index=False, sep=separator, compression=packed)
    raw = read(modality="text", files={"train": name})
    assert sorted(raw["train"]["text"] + raw["test"]["text"]) == sorted(table["text"])

"""What is wrong with a user's data is said with the file, the key, and what to do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from kit.own_files import (
    IMAGES,
    SERIES,
    SPEECH,
    TEXTS,
    csv_lines,
    series_csv,
    study,
    texts_csv,
    write_image,
    write_images,
    write_recordings,
)
from probecast.data.download import download
from probecast.data.preprocess import preprocess
from probecast.data.routes import files
from probecast.errors import ProbecastError

KEY = "datasets.mine.own.files.train: "

Broken = tuple[dict[str, Any], list[str]]  # the description, and what the message must hold
CASES: dict[str, Callable[[Path], Broken]] = {}


def case(write: Callable[[Path], Broken]) -> Callable[[Path], Broken]:
    CASES[write.__name__] = write
    return write


def of_texts(folder: Path, content: str | bytes, *expected: str, **own: Any) -> Broken:
    content = content.encode() if isinstance(content, str) else content
    (folder / "train.csv").write_bytes(content)
    return {**TEXTS, **own}, [f"{KEY}{folder / 'train.csv'}", *expected]


def of_series(folder: Path, content: str, *expected: str, **own: Any) -> Broken:
    (folder / "train.csv").write_text(content)
    return {**SERIES, **own}, [f"{KEY}{folder / 'train.csv'}", *expected]


@case
def missing_file(folder):
    return TEXTS, [f"{KEY}{folder / 'train.csv'}: there is no such file; correct the path"]


@case
def pattern_that_fits_nothing(folder):
    own = {**TEXTS, "files": {"train": "parts/*.csv"}}
    return own, [f"{KEY}{folder}/parts/*.csv: there is no such file"]


@case
def folder_in_place_of_a_file(folder):
    (folder / "texts").mkdir()
    own = {**TEXTS, "files": {"train": "texts"}}
    return own, [f"{KEY}{folder / 'texts'}: this is a folder; name the file in it"]


@case
def missing_folder(folder):
    expected = f"datasets.mine.own.folder: {folder / 'photos'}: there is no such folder; correct"
    return IMAGES, [expected]


@case
def empty_file(folder):
    return of_texts(folder, "", "the file is empty; name one with rows")


@case
def header_without_rows(folder):
    return of_texts(folder, "text,label\n", "the file has no rows; name one that has some")


@case
def unknown_format(folder):
    (folder / "train.xlsx").write_bytes(b"PK")
    own = {**TEXTS, "files": {"train": "train.xlsx"}}
    return own, ["train.xlsx: the ending '.xlsx' is of no known format", ".csv, .tsv, .parquet"]


@case
def csv_in_another_encoding(folder):
    content = "text,label\ngood,yes\ncafé,no\n".encode("latin-1")
    return of_texts(folder, content, "line 3 is not UTF-8 text; save the file in that encoding")


@case
def duplicate_columns(folder):
    content = csv_lines("text,label,text", "a,yes,b", "c,no,d")
    return of_texts(
        folder, content, "the header has the column 'text' twice; rename or remove one"
    )


@case
def row_with_an_unquoted_comma(folder):
    content = csv_lines("text,label", "good,yes", "bad, very bad,no")
    return of_texts(folder, content, "Expected 2 fields in line 3, saw 3", "correct the file")


@case
def every_row_with_an_unquoted_comma(folder):
    content = csv_lines("text,label", "good, so good,yes", "bad, very bad,no")
    return of_texts(folder, content, "Expected 2 fields in line 2, saw 3", "correct the file")


@case
def misspelt_column(folder):
    content = texts_csv().replace("label", "labels")
    return of_texts(
        folder,
        content,
        "there is no column 'label'; name the right one under `datasets.mine.own.columns`",
        "Did you mean 'labels'? Known: labels, text.",
    )


@case
def another_separator(folder):
    content = csv_lines("text;label", "a;yes", "b;no")
    return of_texts(folder, content, "there is no column 'text'", "`separator`")


@case
def malformed_json_line(folder):
    lines = ['{"text": "a", "label": 1}', '{"text": "b" "label": 2}']
    (folder / "train.jsonl").write_text(csv_lines(*lines))
    own = {**TEXTS, "files": {"train": "train.jsonl"}}
    return own, [
        f"{KEY}{folder / 'train.jsonl'}: line 2 is not JSON",
        "every line must be one JSON object",
    ]


@case
def json_lines_that_are_no_objects(folder):
    (folder / "train.jsonl").write_text('{"text": "a", "label": 1}\n["b", 2]\n')
    own = {**TEXTS, "files": {"train": "train.jsonl"}}
    return own, ["train.jsonl: line 2 is JSON, but not an object with the columns as keys"]


@case
def json_list_that_breaks_off(folder):
    (folder / "train.json").write_text('[\n{"text": "a", "label": 1},\n{"text": "b", ')
    own = {**TEXTS, "files": {"train": "train.json"}}
    return own, [f"{KEY}{folder / 'train.json'}: not readable as JSON (", "correct the file"]


@case
def files_of_one_split_with_other_columns(folder):
    (folder / "a.csv").write_text(texts_csv())
    (folder / "b.csv").write_text(texts_csv().replace("label", "verdict"))
    own = {**TEXTS, "files": {"train": "*.csv"}}
    return own, ["some files have the columns text, label, some text, verdict; give them the same"]


@case
def files_of_one_split_with_other_types(folder):
    for name, labels in (("a", [1, 2]), ("b", ["x", "y"])):
        table = pa.table({"text": ["s", "t"], "label": labels})
        pq.write_table(table, folder / f"{name}.parquet")
    own = {**TEXTS, "files": {"train": "*.parquet"}}
    return own, ["*.parquet: the files' columns are of different types", "store them alike"]


@case
def parquet_that_is_no_parquet(folder):
    (folder / "train.parquet").write_text(texts_csv())
    own = {**TEXTS, "files": {"train": "train.parquet"}}
    return own, [f"{KEY}{folder / 'train.parquet'}: not readable as Parquet", "replace it"]


@case
def one_class_only(folder):
    content = texts_csv(labels=("yes",))
    return of_texts(folder, content, "all 20 rows are of one class, 'yes'", "Add rows of another")


@case
def texts_named_as_label(folder):
    content = texts_csv()
    columns = {"text": "label", "label": "text"}
    return of_texts(
        folder,
        content,
        "column 'text' has 20 different values in 20 rows",
        "hardly classes. Name another column",
        columns=columns,
    )


@case
def labels_with_fractions(folder):
    table = {"text": [f"text {i}" for i in range(9)], "label": [1.0, 2.5, 3.0] * 3}
    pq.write_table(pa.table(table), folder / "train.parquet")
    own = {**TEXTS, "files": {"train": "train.parquet"}}
    return own, ["row 2: column 'label' holds 2.5; classes are names or whole numbers"]


@case
def labels_with_fractions_in_csv(folder):
    content = texts_csv(labels=("1.0", "2.5"))
    return of_texts(folder, content, "row 2: column 'label' holds 2.5", "make classes of the num")


@case
def labels_that_are_lists(folder):
    table = {"text": [f"text {i}" for i in range(9)], "label": [["a"], ["b"], ["a", "b"]] * 3}
    pq.write_table(pa.table(table), folder / "train.parquet")
    own = {**TEXTS, "files": {"train": "train.parquet"}}
    return own, ["row 1: column 'label' holds a list; classes are names"]


@case
def no_labels_at_all(folder):
    content = csv_lines("text,label", *[f"text {i}," for i in range(9)])
    return of_texts(folder, content, "column 'label' is empty in all 9 rows", "name a column")


@case
def class_in_test_that_training_lacks(folder):
    (folder / "train.csv").write_text(texts_csv())
    (folder / "test.csv").write_text(texts_csv(9, labels=("no", "yes", "maybe")))
    own = {**TEXTS, "files": {"train": "train.csv", "test": "test.csv"}}
    return own, [
        f"datasets.mine.own.files.test: {folder / 'test.csv'}: column 'label' has 'maybe'",
        "(3 of 9 rows); add training rows of it or remove these",
    ]


@case
def too_few_rows_to_set_some_aside(folder):
    content = texts_csv(2)
    return of_texts(
        folder,
        content,
        "2 rows are too few to set 20% of each of the 2 classes aside",
        "test_share",
    )


@case
def too_few_rows_for_validation(folder):
    (folder / "train.csv").write_text(texts_csv(5))
    return TEXTS, [
        "train.parquet: val_rows 4 leaves no training rows of 4; add rows",
        "set `datasets.mine.val_rows` to a smaller number",
    ]


@case
def series_with_words(folder):
    content = series_csv(changes={4: "five"})
    return of_series(
        folder, content, "row 5: column 'a' holds 'five', not a number (1 of 200", "`values`"
    )


@case
def series_with_gaps(folder):
    content = series_csv(changes={4: "", 9: "NaN"})
    return of_series(
        folder,
        content,
        "row 5: column 'a' has no finite value at 2024-01-01 04:00:00 (2 of 200 rows)",
        "fill the gaps, or leave the column out",
    )


@case
def series_with_infinity(folder):
    return of_series(folder, series_csv(changes={7: "inf"}), "row 8: column 'a' has no finite")


@case
def series_whose_times_are_numbers(folder):
    table = {"timestamp": list(range(9)), "a": [float(i) for i in range(9)]}
    pq.write_table(pa.table(table), folder / "train.parquet")
    own = {**SERIES, "files": {"train": "train.parquet"}}
    return own, [
        "row 1: column 'timestamp' holds '0', no time that is known",
        "like 2024-01-31 13:00",
    ]


@case
def series_with_a_time_that_is_none(folder):
    content = series_csv().replace("2024-01-01T03:00", "the third")
    return of_series(
        folder,
        content,
        "row 4: column 'timestamp' holds 'the third', no time in the form of the others",
        "(1 of 200 rows); write them all in one form",
    )


@case
def series_without_times(folder):
    content = re.sub(r"2024-01-01T0(\d):00", r"hour \1", series_csv(10))
    return of_series(folder, content, "row 1: column 'timestamp' holds 'hour 0', no time")


@case
def series_with_a_time_twice(folder):
    content = series_csv().replace("2024-01-01T03:00", "2024-01-01T02:00")
    return of_series(
        folder, content, "row 4: the time 2024-01-01 02:00:00 stands in more than one row", "keep"
    )


@case
def series_without_values(folder):
    content = csv_lines("timestamp", "2024-01-01", "2024-01-02")
    return of_series(folder, content, "there is no column beside 'timestamp'; add the series")


@case
def series_too_short(folder):
    (folder / "train.csv").write_text(series_csv(60))
    return SERIES, [
        "no window of 48 + 24 rows",
        "train split",
        "smaller sequence_length",
        "'mine'",
    ]


@case
def series_whose_test_comes_first(folder):
    (folder / "train.csv").write_text(series_csv(200))
    (folder / "test.csv").write_text(series_csv(90))
    own = {**SERIES, "files": {"train": "train.csv", "test": "test.csv"}}
    return own, ["test.parquet: begins at 2024-01-01T00:00:00", "must follow each other in time"]


@case
def folder_without_images(folder):
    (folder / "photos").mkdir()
    (folder / "photos" / "notes.txt").write_text("later")
    return IMAGES, [
        f"{folder / 'photos'}: there is no image file in it, only 1 .txt, which are not read;",
        "convert them, or correct the path",
    ]


@case
def folder_without_classes(folder):
    write_image(folder / "photos" / "1.png")
    return IMAGES, [
        "1.png is not in a class folder, as <class>/<image> would be (1 of 1 images are not)",
        "move them, or add a metadata.csv",
    ]


@case
def folder_of_one_class(folder):
    write_images(folder / "photos", classes=("cat",))
    return IMAGES, [f"datasets.mine.own.folder: {folder / 'photos'}", "of one class, 'cat'"]


@case
def unreadable_image(folder):
    write_images(folder / "photos")
    (folder / "photos" / "dog" / "3.png").write_bytes(b"not a picture")
    return IMAGES, ["datasets.mine.own.folder", "dog/3.png cannot be decoded", "Repair or remove"]


@case
def truncated_image(folder):
    write_images(folder / "photos", count=8)
    whole = (folder / "photos" / "cat" / "0.png").read_bytes()
    (folder / "photos" / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    return IMAGES, ["cat/0.png cannot be decoded as an image", "Repair or remove"]


@case
def images_of_different_sizes(folder):
    write_images(folder / "photos", count=40)
    write_image(folder / "photos" / "cat" / "large.png", size=(9, 9))
    return IMAGES, ["(cat/large.png): the image measures (9, 9)", "set `resolution`"]


@case
def images_named_in_a_table(folder):
    (folder / "train.csv").write_text(csv_lines("image,label", "a.png,cat", "b.png,dog"))
    own = {"modality": "image", "files": {"train": "train.csv"}}
    return own, ["column 'image' holds string, not image files; put them into a folder"]


@case
def metadata_that_names_a_missing_file(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    (folder / "spoken" / "4.wav").unlink()
    return SPEECH, ["metadata.csv, row 5: there is no file '4.wav'; add it, or remove the row"]


@case
def metadata_outside_the_folder(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    path = folder / "spoken" / "metadata.csv"
    path.write_text(path.read_text().replace("4.wav", "../../secret.wav"))
    return SPEECH, ["metadata.csv, row 5: '../../secret.wav' lies outside the folder; move"]


@case
def metadata_without_file_names(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5, header="file,transcription")
    return SPEECH, ["metadata.csv: there is no column 'file_name'; add it", "Known: file, "]


@case
def recordings_without_transcripts(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    (folder / "spoken" / "metadata.csv").unlink()
    return SPEECH, ["there is no metadata.csv; add one with the columns file_name and transcr"]


@case
def metadata_without_the_transcript_column(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5, header="file_name,text")
    return SPEECH, ["there is no column 'transcription'", "Known: audio, text."]


@case
def metadata_with_nothing_but_file_names(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    path = folder / "spoken" / "metadata.csv"
    path.write_text(csv_lines("file_name", "1.wav", "2.wav"))
    return SPEECH, ["there is no column 'transcription'", "Known: audio."]


@case
def silent_recordings(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    for i in range(10):
        soundfile.write(folder / "spoken" / f"{i}.wav", np.full((8000, 2), (0, 0.1)), 16_000)
    return SPEECH, ["all 10 recordings are silent from beginning to end; name others"]


@case
def recording_of_no_length(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    soundfile.write(folder / "spoken" / "2.wav", np.zeros(0), 16_000)
    return SPEECH, ["2.wav lasts 0.000 s, less than the 0.025 s needed"]


@case
def several_recordings_that_are_none(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5)
    for i in range(5):
        (folder / "spoken" / f"{i}.wav").write_bytes(b"RIFF")
    return SPEECH, ["0.wav cannot be decoded as audio", "2.wav cannot be", "; and 2 more. Repair"]


@case
def recordings_with_a_column_of_their_own_name(folder):
    write_recordings(folder / "spoken", ["one", "two"] * 5, header="file_name,audio")
    return SPEECH, ["metadata.csv: it has a column 'audio', which is what the files themselves"]


@case
def images_of_sixteen_bits(folder):
    write_images(folder / "photos")
    deep = np.arange(30, dtype=np.uint16).reshape(5, 6) * 1000
    Image.fromarray(deep).save(folder / "photos" / "cat" / "2.png")
    return IMAGES, ["cat/2.png has more than 8 bits per value (mode I;16); save it with 8"]


@case
def a_file_in_two_splits(folder):
    for name in ("reviews", "reviews_test"):
        (folder / f"{name}.csv").write_text(texts_csv())
    own = {**TEXTS, "files": {"train": "reviews*.csv", "test": "reviews_test.csv"}}
    return own, ["own.files.test: ", "reviews_test.csv is of the split 'train', too; name other"]


@case
def numbers_instead_of_texts(folder):
    table = pd.DataFrame({"text": range(20), "label": ["no", "yes"] * 10})
    table.to_parquet(folder / "train.parquet")
    own = {**TEXTS, "files": {"train": "train.parquet"}}
    return own, ["column 'text' holds int64, not texts; name another under `datasets.mine.own.col"]


@case
def texts_without_spaces(folder):
    signs = [chr(0x4E00 + i) * 4 for i in range(20)]
    rows = [f"{sign},{('no', 'yes')[i % 2]}" for i, sign in enumerate(signs)]
    (folder / "train.csv").write_text(csv_lines("text,label", *rows))
    return TEXTS, ["no word occurs twice in the", "as `pretrained` of dataset 'mine'"]


@case
def series_called_like_the_times(folder):
    content = series_csv().replace("timestamp,a,b", "day,timestamp,b")
    (folder / "train.csv").write_text(content)
    own = {**SERIES, "columns": {"timestamp": "day"}}
    return own, ["column 'timestamp' would be a series, but has the name of the times; rename it"]


@pytest.mark.filterwarnings("error::UserWarning")  # the message is all there is to read
@pytest.mark.parametrize("name", CASES)
def test_broken_data_are_refused_with_a_remedy_and_nothing_is_left(tmp_path, name):
    own, expected = CASES[name](tmp_path)
    given = study(tmp_path, own, val_rows=4)
    raw, out = tmp_path / "results" / "raw", tmp_path / "results" / "data"
    with pytest.raises(ProbecastError) as error:
        download(given.download_settings("mine"), raw, tmp_path / "results" / "lock.json")
        preprocess(raw, out, given.preprocess_settings("mine"))
    for part in expected:
        assert part in str(error.value)
    assert not out.exists()
    assert not raw.exists() or (raw / "source.json").exists()
    assert not list((tmp_path / "results").glob("*.part"))


def test_a_file_without_permission_is_said_to_be_so():
    error = PermissionError(13, "Permission denied")
    assert files._reason(Path("locked.csv"), "csv", error) == (
        "not readable (Permission denied); make it so."
    )


DESCRIPTIONS = {
    "separator of the Hub": (
        {"modality": "text", "hub": "a/b", "separator": ";"},
        "`separator` is for files of your own; remove it",
    ),
    "two stars": (
        {"modality": "text", "files": {"train": "tr**.csv"}},
        "'tr**.csv': write one `*`",
    ),
    "series with val alone": (
        {"modality": "series", "files": {"train": "a.csv", "val": "b.csv"}},
        "a `val` without a `test`",
    ),
    "the text as its own label": (
        {**TEXTS, "columns": {"label": "text"}},
        "`columns` names one for two purposes or twice: ['text', 'text']",
    ),
    "a series twice": ({**SERIES, "columns": {"values": ["a", "a"]}}, "two purposes or twice"),
    "the times as a series": (
        {**SERIES, "columns": {"values": ["timestamp", "a"]}},
        "two purposes or twice: ['timestamp', 'timestamp', 'a']",
    ),
    "unknown modality": ({**TEXTS, "modality": "video"}, "own.modality: found 'video'"),
    "no modality": ({"files": {"train": "a.csv"}}, "own.modality: required, but missing"),
    "no data": ({"modality": "text"}, "name one of `files`, `folder` and `hub`, not none"),
    "twice": (
        {**TEXTS, "hub": "a/b"},
        "name one of `files`, `folder` and `hub`, not files and hub",
    ),
    "folder of texts": (
        {"modality": "text", "folder": "texts"},
        "`folder` is for image and speech; name text by `files`",
    ),
    "test alone": ({"modality": "text", "files": {"test": "a.csv"}}, "`files` has no `train`"),
    "foreign split": ({"modality": "text", "files": {"all": "a.csv"}}, "files.all"),
    "foreign column": (
        {**TEXTS, "columns": {"audio": "wave"}},
        "`columns` has audio, but text has text and label; remove it, or write `modality: speech`",
    ),
    "misspelt key": (
        {**TEXTS, "colums": {"text": "review"}},
        "own.colums: unknown key. Did you mean 'columns'?",
    ),
    "misspelt column": ({**TEXTS, "columns": {"lable": "y"}}, "Did you mean 'label'?"),
    "metric of another modality": (
        {**TEXTS, "metric": "wer"},
        "`metric` is wer, but text is judged by accuracy; write that or remove it",
    ),
    "unknown metric": ({**SERIES, "metric": "mape"}, "`metric` is mape, but series is judged by"),
    "configuration of files": ({**TEXTS, "config": "en"}, "`config` is for data on the Hub"),
    "all for testing": ({**TEXTS, "test_share": 1}, "own.test_share: found 1"),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_cannot_be_meant_is_refused_with_its_key(tmp_path, name):
    own, expected = DESCRIPTIONS[name]
    with pytest.raises(ProbecastError) as error:
        study(tmp_path, own)
    assert "my.yaml: datasets.mine.own" in str(error.value)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    "beside", [{"source": "digits"}, {"mirror": "copy"}, {"download_rows": {"train": 5}}]
)
def test_keys_that_say_otherwise_where_the_data_are_may_not_stand_beside(tmp_path, beside):
    with pytest.raises(ProbecastError, match=f"datasets.mine.{next(iter(beside))}: .*remove one"):
        study(tmp_path, TEXTS, **beside)

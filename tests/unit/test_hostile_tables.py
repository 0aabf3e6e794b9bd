"""Trial tables from strangers: refused with one message that names the file, or right."""

import json
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.tables import small_table
from probecast import trials
from probecast.errors import ProbecastError
from probecast.tables.reading import read_tables as read_foreign_tables
from probecast.tables.settings import TableSettings
from probecast.trials import TrialTable, read_table

FUZZ_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
TABLE = small_table({0.1: [0.2, 0.5, 0.6], 0.01: [0.3, 0.4, 0.5]})


class Planted:
    """Unpickled, it leaves a file behind: proof that code has run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "theirs.parquet"


def columns(**changes):
    """The table with some columns replaced."""
    return TABLE.frame.assign(**changes)


def cell(column, value):
    """The table with one value replaced."""
    frame = TABLE.frame.astype({column: object})
    frame.loc[1, column] = value
    return frame


BAD_FRAMES = {
    "epoch that is a word": (columns(epoch="one"), "'epoch' holds .*one"),
    "epoch that is a half": (columns(epoch=1.5), "'epoch' holds double"),
    "epoch that is nothing": (cell("epoch", None), "'epoch' has rows without a value"),
    "epoch of its own time": (columns(epoch=range(7, 13)), r"epochs must lie within 1\.\.3"),
    "epochs with a gap": (TABLE.frame.drop(index=1), r"epochs must lie .* none missing"),
    "metric that is a word": (columns(val_metric="good"), "'val_metric' holds .*good"),
    "metric that is a list": (columns(val_metric=[[1.0]] * 6), "'val_metric' holds list"),
    "metric that is nothing": (cell("val_metric", None), "'ok' has no finite val_metric"),
    "metric that is no number": (cell("val_metric", np.nan), "'ok' has no finite val_metric"),
    "metric that is infinite": (cell("val_metric", np.inf), "'ok' has no finite val_metric"),
    "seed that is nothing": (cell("seed", None), "'seed' has rows without a value"),
    "seed that is no number": (columns(seed=np.nan), "'seed' has rows without a value|not int64"),
    "identity that is nothing": (cell("config_id", None), "'config_id' has rows without a value"),
    "identity of two": (
        columns(config_id="0" * 12, seed=[1, 1, 1, 2, 2, 2]),
        "config_id '0{12}' stands for two configurations",
    ),
    "identity in bytes": (columns(config_id=b"\xff"), "'config_id' holds binary"),
    "status that is nothing": (cell("status", None), "'status' has rows without a value"),
    "status of its own": (columns(status="<b>"), r"status \['<b>'\] unknown"),
    "trial that comes back": (cell("status", "diverged"), "goes on after it has diverged"),
    "time turned round": (columns(seconds=-1.0), "cannot be negative"),
    "another task": (columns(task="other-cnn"), "'task' holds other than 'toy-cnn'"),
    "another family": (columns(family="../x"), "'family' holds other than 'toy'"),
    "rows twice": (pd.concat([TABLE.frame, TABLE.frame]), "stands there twice"),
    "no rows": (TABLE.frame.iloc[:0], "holds other than 'toy-cnn', or nothing"),
    "no columns": (TABLE.frame[["task"]], "columns .* are missing"),
    "hyperparameter that is a list": (columns(extra=[[1]] * 6), "'extra' holds list"),
    "hyperparameter in bytes": (columns(extra=b"x"), "'extra' holds binary"),
    "hyperparameters that agree": (columns(learning_rate=0.5), "one configuration has two"),
    "hyperparameters in disguise": (
        columns(learning_rate=[0.1, 0.1, 0.2, 0.3, 0.3, 0.3]),
        "stands for two configurations",
    ),
    "book in a cell": (columns(extra="x" * 5000), "a text of 5000 characters"),
}
BAD_INFOS = {
    "task that is a list": ({"task": [1]}, "task: Input should be a valid string"),
    "task that climbs out": ({"task": "../../x"}, r"'task' holds other than '\.\./\.\./x'"),
    "horizon that is a text": ({"epochs": "3"}, "epochs: Input should be a valid integer"),
    "horizon beyond memory": ({"epochs": 10**12}, "epochs: Input should be less than"),
    "no horizon": ({"epochs": 0}, "epochs: Input should be greater than"),
    "floor that is a text": ({"floor_val": "0"}, "floor_val: Input should be a valid number"),
    "floor that is nothing": ({"floor_test": None}, "floor_test: Input should be a valid number"),
    "direction that is a text": ({"higher_is_better": "no"}, "higher_is_better: "),
    "description that is a list": ({"meta_features": [1]}, "meta_features: Input should be an"),
    "description in words": ({"meta_features": {"a": "b"}}, r"meta_features\.a: "),
    "something else": ({"run": "rm -rf /"}, "run: Unexpected keyword"),
}
BAD_METADATA = {
    "no JSON": (b"{", "Invalid JSON"),
    "a list": (b"[]", "should be an object"),
    "nothing": (b"null", "should be an object"),
    "bytes": (b"\xff\xfe", "Invalid JSON"),
    "nested beyond the stack": (b"[" * 100_000, "recursion limit"),
    "a number of thousands of digits": (b"1" * 5000, "number out of range"),
    "a pickle": (pickle.dumps(Planted(Path("never"))), "Invalid JSON"),
}


def refused(path, message):
    with pytest.raises(ProbecastError, match=rf"(?s)^.*theirs\.parquet: .*{message}"):
        read_table(path)


def write(path):
    """Write the good table as a stranger would: without a checksum beside it."""
    TABLE.write(path)
    path.with_name(f".{path.name}.sha256").unlink()


def rewrite(path, frame=None, info=None, metadata=None):
    """Write the good table, then replace its rows or what it says of itself."""
    write(path)
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"probecast"])
    if frame is not None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = metadata or json.dumps({**said, **(info or {})}).encode()
    pq.write_table(table.replace_schema_metadata({b"probecast": metadata}), path)


@pytest.mark.parametrize(("frame", "message"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_bad_rows_are_refused(path, frame, message):
    rewrite(path, frame=frame)
    refused(path, message)


@pytest.mark.parametrize(("info", "message"), BAD_INFOS.values(), ids=BAD_INFOS.keys())
def test_a_bad_description_is_refused(path, info, message):
    rewrite(path, info=info)
    refused(path, message)


@pytest.mark.parametrize(("metadata", "message"), BAD_METADATA.values(), ids=BAD_METADATA.keys())
def test_metadata_that_is_none_is_refused(path, metadata, message):
    rewrite(path, metadata=metadata)
    refused(path, message)


def test_two_columns_of_one_name_are_refused(path):
    write(path)
    table = pq.read_table(path)
    pq.write_table(table.append_column("epoch", table.column("epoch")), path)
    refused(path, "two columns have one name")


def test_more_rows_than_fit_are_refused_before_they_are_read(path, monkeypatch):
    write(path)
    monkeypatch.setattr(trials, "MOST_ROWS", 5)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda self: pytest.fail("read"))
    refused(path, "more than 5 rows")


def test_a_pickle_in_a_tables_name_is_refused_and_not_loaded(path, tmp_path):
    path.write_bytes(pickle.dumps(Planted(tmp_path / "ran")))
    refused(path, "not a readable Parquet file")
    assert not (tmp_path / "ran").exists()


def test_a_folder_in_a_tables_name_is_refused(path):
    path.mkdir()
    refused(path, "is a directory")


def test_what_others_write_alike_is_read(path):
    """Another library's text and integer types are no reason to refuse a table."""
    rewrite(path, frame=columns(seed=np.int8(1), epoch=TABLE.frame["epoch"].astype("float64")))
    pd.testing.assert_frame_equal(read_table(path).frame, TABLE.frame)


def flipped(path):
    """Yield as the file is damaged: some bytes are others, the end may be missing."""
    whole, generator = path.read_bytes(), random.Random(0)
    for _ in range(FUZZ_EXAMPLES):
        damaged = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path.write_bytes(damaged[: generator.choice([len(damaged), generator.randrange(9999)])])
        yield


def test_flipped_bytes_give_a_table_or_one_error(path):
    write(path)
    refusals = 0
    for _ in flipped(path):
        try:
            assert isinstance(read_table(path), TrialTable)
        except ProbecastError as error:
            assert "theirs.parquet" in str(error)
            refusals += 1
    assert refusals > FUZZ_EXAMPLES / 2


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_flipped_bytes_of_a_table_from_elsewhere_give_tables_or_one_error(tmp_path, kind):
    path = tmp_path / f"theirs.{kind}"
    frame = TABLE.frame[["task", "config_id", "learning_rate", "epoch", "val_metric"]]
    frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    settings = TableSettings(path=str(path), metric="how good", higher_is_better=True)
    refusals = 0
    for _ in flipped(path):
        try:
            assert all(isinstance(t, TrialTable) for t in read_foreign_tables("their", settings))
        except ProbecastError as error:
            assert path.name in str(error)
            refusals += 1
    assert refusals > FUZZ_EXAMPLES / 4


@pytest.mark.parametrize(
    "task", ["<script>", "../../x", "$(ls)", "a\nb", "\x1b[2J", "all", "x" * 900]
)
def test_names_from_elsewhere_are_names(tmp_path, task):
    """They are shown, never run, and no path is made of them."""
    path = tmp_path / "theirs.parquet"
    frame = TABLE.frame[["task", "config_id", "learning_rate", "epoch", "val_metric"]]
    frame.assign(task=task).to_parquet(path)
    settings = TableSettings(path=str(path), metric="how good", higher_is_better=True)
    (table,) = read_foreign_tables("their", settings)
    assert table.info.task == task
    assert [p.name for p in tmp_path.rglob("*")] == ["theirs.parquet"]

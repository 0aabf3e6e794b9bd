"""What every source that makes its own data must hold."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import DatasetDict

from probecast.data.sources import SOURCES, get_source

EMBEDDED = [name for name in SOURCES if get_source(name).generate]
BY_ROW = [name for name in EMBEDDED if get_source(name).modality != "series"]
ROWS = {"train": 36, "test": 24}


def digests(splits: DatasetDict) -> dict[str, str]:
    """SHA-256 of every split's contents: undecoded bytes, labels, texts."""
    return {
        split: hashlib.sha256(repr(table.data.to_pylist()).encode()).hexdigest()
        for split, table in splits.items()
    }


@pytest.fixture(scope="module")
def generated() -> dict[str, DatasetDict]:
    return {name: get_source(name).generate(ROWS, 0) for name in EMBEDDED}


def test_there_is_a_source_without_network_for_every_modality() -> None:
    assert {get_source(name).modality for name in EMBEDDED} == {
        "image",
        "text",
        "series",
        "speech",
    }


def test_another_process_makes_the_same_bytes(generated: dict[str, DatasetDict]) -> None:
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import test_embedded as t;"
        "made = {name: t.get_source(name).generate(t.ROWS, 0) for name in t.EMBEDDED};"
        "print(json.dumps({name: t.digests(splits) for name, splits in made.items()}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(run.stdout) == {name: digests(s) for name, s in generated.items()}


@pytest.mark.parametrize("name", EMBEDDED)
def test_another_seed_makes_other_data(name: str, generated: dict[str, DatasetDict]) -> None:
    other = digests(get_source(name).generate(ROWS, 1))
    ours = digests(generated[name])
    assert other["train"] != ours["train"]
    assert other["test"] != ours["test"]


@pytest.mark.parametrize("name", BY_ROW)
def test_as_many_rows_as_asked_for_with_the_named_columns(
    name: str, generated: dict[str, DatasetDict]
) -> None:
    source = get_source(name)
    assert {split: table.num_rows for split, table in generated[name].items()} == ROWS
    for table in generated[name].values():
        assert {source.input_column, source.target_column} <= set(table.column_names)


@pytest.mark.parametrize("name", BY_ROW)
def test_no_input_is_in_both_splits(name: str, generated: dict[str, DatasetDict]) -> None:
    column = get_source(name).input_column
    train, test = (
        {repr(value) for value in generated[name][split].data.column(column).to_pylist()}
        for split in ("train", "test")
    )
    assert train.isdisjoint(test)
    assert len(train) == ROWS["train"]  # no input twice either


@pytest.mark.parametrize("name", ["digits", "glyphs", "spoken"])
def test_more_rows_leave_the_first_ones_as_they_were(
    name: str, generated: dict[str, DatasetDict]
) -> None:
    fewer = get_source(name).generate({"train": 7, "test": 5}, 0)
    for split, table in fewer.items():
        more = generated[name][split].data.to_pylist()
        assert table.data.to_pylist() == more[: table.num_rows]

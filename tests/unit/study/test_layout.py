"""Where files lie."""

import pytest

from kit.small_study import load
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, HoldOut
from probecast.study import layout

TABLE = {"path": "t.csv", "metric": "how good", "higher_is_better": True}
SPLITS = [f"results/data/digits/{name}.safetensors" for name in ("train", "val", "test")]
OWN_NETWORK = {"mine": {"file": "studies/my_net.py"}}


def test_data_of_a_task_are_those_of_its_dataset():
    assert layout.data("digits") == [*SPLITS, "results/data/digits/spec.json"]
    assert layout.task_data(load(), "digits-cnn") == layout.data("digits")
    assert layout.specs(["digits", "load", "digits"]) == [
        *("results/data/digits/spec.json", "results/data/load/spec.json")
    ]


@pytest.mark.parametrize("function", [layout.task_data, layout.sweep_parts])
def test_of_a_task_that_the_study_has_not_there_is_nothing(function):
    with pytest.raises(ProbecastError, match=r"^my\.yaml: tasks: found no 'imdb-cnn'"):
        function(load(), "imdb-cnn")


def test_a_sweep_has_a_part_for_each_of_its_jobs():
    study = load(sweep={"configurations": "all", "trials_per_job": 4})
    assert layout.sweep_parts(study, "digits-cnn") == [
        *("results/trials/digits-cnn/sweep-0.parquet", "results/trials/digits-cnn/sweep-1.parquet")
    ]


def test_a_finished_table_stands_in_for_its_tasks_sweep(tmp_path):
    assert layout.finished_table(load(), "digits-cnn") is None
    (tmp_path / "digits-cnn.parquet").touch()
    study = load(sweep={"tables": str(tmp_path)})
    assert layout.finished_table(study, "digits-cnn") == str(tmp_path / "digits-cnn.parquet")
    assert layout.finished_table(study, "load-lstm") is None
    assert layout.sweep(study, "digits-cnn") == str(tmp_path / "digits-cnn.parquet")
    assert layout.sweep(study, "load-lstm") == "results/trials/load-lstm/sweep.parquet"
    assert layout.unfinished_tables(study) == ["results/tables/load-lstm.parquet"]


def test_only_what_is_repeated_has_repeats():
    study = load(sources=["glyphs-cnn"], sweep={"repeated": 0.5})
    assert layout.repeats(study, "digits-cnn") == ["results/trials/digits-cnn/repeat.parquet"]
    assert layout.repeats(study, "glyphs-cnn") == layout.repeats(load(), "digits-cnn") == []


def test_only_a_network_of_the_users_own_is_checked():
    study = load(tasks=["digits-mine", "digits-cnn"], architectures=OWN_NETWORK)
    assert layout.checked_network(study, "digits-mine") == ["results/networks/digits-mine.json"]
    assert layout.checked_network(study, "digits-cnn") == []


def test_an_encoder_lies_where_its_hold_out_says():
    held_out = HoldOut("architecture", "cnn")
    assert layout.encoder(held_out) == "results/meta/architecture-cnn/encoder.safetensors"
    assert layout.card(held_out) == "results/meta/architecture-cnn/card.json"
    assert layout.encoder(NOTHING) == "results/meta/all/encoder.safetensors"


def test_outcomes_are_in_the_order_of_the_tasks():
    found = layout.outcomes(load())
    assert found["prediction"] == [
        *("results/predictions/digits-cnn.json", "results/predictions/load-lstm.json")
    ]
    assert all("digits-cnn" in a and "load-lstm" in b for a, b in found.values())
    assert len({path for paths in found.values() for path in paths}) == 2 * len(found) == 18


def test_what_a_study_is_run_for(tmp_path):
    page, summary = "results/report/index.html", "results/replay/bench/summary.csv"
    assert layout.targets(load()) == [page]
    assert layout.targets(load(tables={"bench": TABLE})) == [page, summary]
    assert layout.targets(load(tasks=[], tables={"bench": TABLE})) == [summary]


def test_own_files_are_those_that_are_there(tmp_path):
    (tmp_path / "train.csv").touch()
    files = {"train": "train.csv", "test": "test.csv"}
    own = {"modality": "text", "files": files}
    study = load(tmp_path, tasks=["mine-rnn"], datasets={"mine": {"own": own}})
    assert layout.own_files(study, "mine") == [str(tmp_path / "train.csv")]
    assert layout.own_state(study, "mine") is None
    assert layout.own_files(study, "digits") == []
    assert layout.own_state(study, "digits") is None


def test_what_lies_in_an_own_folder_can_be_told_from_what_lay_there(tmp_path):
    folder = tmp_path / "pictures/a"
    folder.mkdir(parents=True)
    own = {"modality": "image", "folder": "pictures"}
    study = load(tmp_path, tasks=["mine-cnn"], datasets={"mine": {"own": own}})
    before = layout.own_state(study, "mine")
    assert layout.own_state(study, "mine") == before
    (folder / "1.png").write_bytes(b"x")
    assert layout.own_state(study, "mine") != before


def test_the_file_of_a_table_must_be_there(tmp_path):
    storage = {"path": "mysql://host/runs", "metric": "how good"}
    study = load(tmp_path, tables={"bench": TABLE, "server": storage})
    message = rf"^my\.yaml: tables\.bench\.path: {tmp_path}/t\.csv does not exist; correct it$"
    with pytest.raises(ProbecastError, match=message):
        layout.table_files(study, "bench")
    (tmp_path / "t.csv").touch()
    assert layout.table_files(study, "bench") == [str(tmp_path / "t.csv")]
    assert layout.table_files(study, "server") == []
    with pytest.raises(ProbecastError, match="tables: found no 'bnch'; .*'bench'"):
        layout.table_files(study, "bnch")


def test_braces_in_a_path_make_it_no_input_but_its_changes_are_seen(tmp_path):
    for name in ("plain.csv", "run{2024}.csv"):
        (tmp_path / name).write_text("a")
    odd, plain = tmp_path / "run{2024}.csv", tmp_path / "plain.csv"
    assert layout.as_inputs([plain, odd]) == [str(plain)]
    assert layout.state_of([plain]) is None
    before = layout.state_of([plain, odd])
    odd.write_text("ab")
    assert layout.state_of([plain, odd]) != before
    own = {"modality": "text", "files": {"train": "run{2024}.csv"}}
    study = load(tmp_path, tasks=["mine-rnn"], datasets={"mine": {"own": own}})
    assert layout.own_files(study, "mine") == []
    assert layout.own_state(study, "mine") == layout.state_of([odd])

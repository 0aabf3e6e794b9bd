"""Tables from elsewhere, written by hand in the ways in which people write them."""

import gzip
import time
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.tables.reading import read_tables, task_names
from probecast.tables.settings import TableSettings
from probecast.trials import read_table
from probecast.tuning.environments import TableEnvironment

PLAIN = """\
task,config_id,rate,optimizer,epoch,val_metric
b,0,0.1,SGD,1,0.5
b,0,0.1,SGD,2,0.6
b,1,0.2,Adam,1,0.4
b,1,0.2,Adam,2,0.7
a,0,0.1,SGD,1,0.3
a,0,0.1,SGD,2,0.2
a,1,0.2,Adam,1,0.1
a,1,0.2,Adam,2,0.8
"""


@pytest.fixture
def read(tmp_path):
    """Write a table as CSV (or Parquet) and read it; keys of the settings may be given.

    What is not a number is written as such in CSV; pandas would leave the cell blank.
    """

    def read(table, suffix="csv", **settings):
        path = tmp_path / f"table.{suffix}"
        frame = pd.read_csv(StringIO(table)) if isinstance(table, str) else table
        if suffix == "csv":
            frame.to_csv(path, index=False, na_rep="nan")
        else:
            frame.to_parquet(path)
        given = {"path": str(path), "metric": "score", "higher_is_better": True, **settings}
        return read_tables("bench", TableSettings(**given))

    return read


def curve(table, **configuration):
    return table.curves().loc[config_id(configuration)].iloc[0].tolist()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_one_table_per_task_with_its_configurations_and_curves(read, suffix):
    a, b = read(PLAIN, suffix)
    assert [a.info.task, b.info.task] == ["a", "b"]
    assert (a.info.metric, a.info.epochs, a.info.architecture) == ("score", 2, "bench")
    assert a.hyperparameters == ["rate", "optimizer"]
    assert curve(b, rate=0.2, optimizer="Adam") == [0.4, 0.7]
    assert TableEnvironment(a).advance({"rate": 0.1, "optimizer": "SGD"}, 1).curve == (0.3,)
    # Without a test metric choices are judged by what they were chosen by.
    assert a.frame["test_metric"].equals(a.frame["val_metric"])


def test_columns_may_be_called_anything_and_others_be_left_out(read):
    frame = pd.read_csv(StringIO(PLAIN))
    frame = frame.rename(
        columns={"task": "Data Set", "config_id": "trial", "epoch": "iteration", "val_metric": "l"}
    )
    tables = read(
        frame.assign(host=range(8), error=1.0),
        columns={
            "task": "Data Set",
            "config_id": "trial",
            "epoch": "iteration",
            "val_metric": "l",
            "test_metric": "error",
        },
        hyperparameters=["rate"],
        higher_is_better=False,
    )
    assert tables[0].hyperparameters == ["rate"]
    assert not tables[0].info.higher_is_better
    assert set(tables[0].frame["test_metric"]) == {1.0}


def test_names_of_tasks_need_their_column_only(tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN.replace("0.5", "much"))
    settings = TableSettings(path=str(tmp_path / "t.csv"), metric="score", higher_is_better=True)
    assert task_names(settings) == ["a", "b"]


def test_epochs_may_be_as_many_as_tokens_seen(read):
    rows = [
        {"task": "a", "config_id": 0, "x": 1, "epoch": epoch * 10**9, "val_metric": epoch / 10}
        for epoch in (1, 2, 3, 4)
    ]
    (table,) = read(pd.DataFrame(rows))
    assert curve(table, x=1) == [0.1, 0.2, 0.3, 0.4]


def test_epoch_0_gives_the_floor_and_is_no_part_of_the_curves(read):
    rows = [
        {"task": "a", "config_id": c, "x": c, "epoch": e, "val_metric": value}
        for c, values in enumerate([[-0.7, -0.5, -0.4], [-0.8, -0.6, -1e18], [-9.0, -0.6, -0.5]])
        for e, value in enumerate(values)
    ]
    [table] = read(pd.DataFrame(rows))
    assert (table.info.floor_val, table.info.floor_test) == (-0.8, -0.8)
    assert table.info.epochs == 2
    assert curve(table, x=1) == [-0.6, -1e18]  # worse than untrained, but a value


def test_floors_that_some_tasks_lack_are_forgotten(read, caplog):
    rows = [
        {"task": task, "config_id": 0, "x": 1, "epoch": epoch, "val_metric": 0.5 + epoch / 10}
        for task in ("a", "b")
        for epoch in (0, 1, 2)
        if (task, epoch) != ("b", 0)
    ]
    with caplog.at_level("INFO", "probecast"):
        tables = read(pd.DataFrame(rows))
    assert [np.isnan(table.info.floor_val) for table in tables] == [True, True]
    assert "1 of 2 tasks, such as 'b', have no rows of epoch 0" in caplog.text
    ours = read(pd.DataFrame(rows), metric="accuracy")
    assert [np.isnan(table.info.floor_val) for table in ours] == [False, True]


def test_without_epoch_0_the_worst_value_is_the_floor_for_judging_only(read):
    table = read(PLAIN)[0]
    assert np.isnan(table.info.floor_val)
    assert table.floor() == 0.1
    assert read(PLAIN, higher_is_better=False)[0].floor() == 0.8


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_a_trial_ends_as_diverged_where_its_value_is_not_finite(read, nothing):
    frame = pd.DataFrame(
        {
            "task": "a",
            "config_id": [0, 0, 0, 1, 1, 1],
            "x": [1, 1, 1, 2, 2, 2],
            "epoch": [1, 2, 3] * 2,
            "val_metric": [0.1, nothing, 0.3, 0.1, 0.2, 0.3],
        }
    )
    [table] = read(frame)
    trial = TableEnvironment(table).advance({"x": 1}, 3)
    assert (trial.epochs, trial.diverged) == (2, True)
    assert trial.curve[0] == 0.1
    assert table.frame["status"].tolist().count("diverged") == 1


def test_final_values_only_and_conditional_hyperparameters(read):
    table = """\
task,config_id,optimizer,momentum,nesterov,val_metric
a,x,SGD,0.9,True,0.1
a,y,Adam,,,0.2
b,x,SGD,0.9,True,0.3
"""
    a, b = read(table, columns={"epoch": None})
    assert a.info.epochs == 1
    assert sorted(a.configurations().values(), key=len) == [
        {"optimizer": "Adam"},
        {"optimizer": "SGD", "momentum": 0.9, "nesterov": True},
    ]
    assert len(b.configurations()) == 1


def test_a_plain_list_of_runs_needs_no_tasks_ids_or_epochs(read, tmp_path):
    runs = "lr,batch,accuracy\n0.1,32,0.5\n0.1,64,0.6\n0.1,32,0.7\n"
    columns = {"task": None, "config_id": None, "epoch": None, "val_metric": "accuracy"}
    [table] = read(runs, columns=columns)
    assert table.info.task == "table"
    assert sorted(table.frame["val_metric"]) == [0.5, 0.6, 0.7]
    assert table.curves().groupby("config_id").size().tolist() in ([1, 2], [2, 1])
    settings = TableSettings(
        path=f"{tmp_path}/table.csv", metric="s", higher_is_better=True, columns=columns
    )
    assert task_names(settings) == ["table"]
    packed = tmp_path / "table.CSV.gz"
    packed.write_bytes(gzip.compress((tmp_path / "table.csv").read_bytes()))
    assert task_names(settings.model_copy(update={"path": str(packed)})) == ["table"]
    with pytest.raises(ProbecastError, match=r"columns\.config_id .*\(null, if it holds no ids"):
        read(runs, columns={**columns, "config_id": "run"})


def test_without_ids_the_hyperparameters_tell_configurations_apart(read):
    [a, b] = read(PLAIN.replace("config_id", "host"), columns={"config_id": None},
                  hyperparameters=["rate", "optimizer"])  # fmt: skip
    assert curve(b, rate=0.2, optimizer="Adam") == [0.4, 0.7]
    assert len(a.configurations()) == 2


def test_epochs_are_counted_in_steps_of_the_first(read):
    a, _ = read(PLAIN.replace(",1,0.", ",25,0.").replace(",2,0.", ",50,0."))
    assert a.info.epochs == 2
    with pytest.raises(ProbecastError, match="epochs 1, 2, 5, ... are not evenly spaced"):
        read(PLAIN + "a,2,0.3,SGD,5,0.1\n")


def test_unfinished_trials_are_left_out_and_counted(read, caplog):
    with caplog.at_level("INFO", "probecast"):
        a, b = read(PLAIN.replace("b,1,0.2,Adam,2,0.7\n", ""))
    assert (len(a.configurations()), len(b.configurations())) == (2, 1)
    assert "task 'b': 1 of 2 trials stop early" in caplog.text


def test_seeds_and_cumulative_seconds(read):
    frame = pd.DataFrame(
        {
            "task": "a",
            "config_id": [0, 0, 0, 0, 1, 1],
            "x": [1, 1, 1, 1, 2, 2],
            "seed": [7, 7, 3, 3, 9, 9],
            "epoch": [1, 2] * 3,
            "val_metric": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            "seconds": [1.0, 3.0, 2.0, 2.5, 4.0, 9.0],
        }
    )
    [table] = read(frame, cumulative_seconds=True)
    first = table.frame[table.frame["seed"] == 0].set_index(["x", "epoch"])
    assert first["val_metric"].to_dict() == {(1, 1): 0.3, (1, 2): 0.4, (2, 1): 0.5, (2, 2): 0.6}
    assert first["seconds"].tolist() == [2.0, 0.5, 4.0, 5.0] or first["seconds"].tolist() == [
        4.0,
        5.0,
        2.0,
        0.5,
    ]
    assert len(TableEnvironment(table).candidates) == 2


def test_tasks_share_configurations_whatever_their_ids(read):
    a, b = read(
        PLAIN.replace("a,0,0.1,SGD", "a,1,0.1,SGD").replace("a,1,0.2,Adam", "a,9,0.2,Adam")
    )
    assert a.configurations() == b.configurations()


def test_a_read_table_survives_the_disk(read, tmp_path):
    table = read(PLAIN)[0]
    table.write(tmp_path / "a.parquet")
    again = read_table(tmp_path / "a.parquet")
    assert again.configurations() == table.configurations()
    assert again.curves().equals(table.curves())


ROW = "a,0,0.1,SGD,1,0.3\n"
BAD = {
    "missing column": (
        PLAIN.replace("val_metric", "accuracy"),
        r"column 'val_metric' is missing.*columns\.val_metric.*accuracy",
    ),
    "no epochs": (PLAIN.replace("epoch", "step"), r"columns\.epoch in the study file \(null"),
    "epochs are words": (PLAIN.replace(ROW, ROW.replace(",1,", ",one,")), r"'epoch' holds 'one'"),
    "half an epoch": (PLAIN.replace(ROW, ROW.replace(",1,", ",1.5,")), r"'epoch' holds 1\.5; an"),
    "epoch below 0": (PLAIN.replace(ROW, ROW.replace(",1,", ",-1,")), r"'epoch' holds -1; an"),
    "metric is a word": (PLAIN.replace("0.3", "good"), r"'val_metric' holds 'good', which is no"),
    "row twice": (PLAIN + ROW, r"task 'a': epoch 1 of .* stands there twice.*columns\.seed"),
    "two settings in one id": (
        PLAIN.replace(ROW, ROW.replace("0.1", "0.4")),
        r"configuration 0 of task 'a' has both 0\.4 and 0\.1 as 'rate'.*'hyperparameters'",
    ),
    "two ids for one setting": (
        PLAIN.replace("a,1,0.2,Adam", "a,1,0.1,SGD"),
        r"configuration 1 of task 'a' has the hyperparameters of 0; .* no others are read",
    ),
    "no task": (PLAIN.replace(ROW, ROW.replace("a,", ",", 1)), r"'task' is empty in row 5"),
    "nothing finite": (
        "task,config_id,x,epoch,val_metric\na,0,1,0,0.1\na,0,1,1,\n",
        r"task 'a': column 'val_metric' holds no finite value after epoch 0",
    ),
    "nothing complete": (
        "task,config_id,x,epoch,val_metric\na,0,1,1,0.1\na,1,2,2,0.1\n",
        r"none of its 2 trials has every epoch from 1 to 2",
    ),
    "no hyperparameters": (
        "task,config_id,epoch,val_metric\na,0,1,0.1\n",
        r"no column is left for the hyperparameters",
    ),
    "a reserved name": (PLAIN.replace("rate", "family"), r"column 'family' would be a hyperp"),
    "no rows": ("task,config_id,x,epoch,val_metric\n", r"the table has no rows"),
}


@pytest.mark.parametrize(("table", "message"), BAD.values(), ids=BAD.keys())
def test_bad_table_is_explained(tmp_path, table, message):
    path = tmp_path / "t.csv"
    path.write_text(table)
    settings = TableSettings(path=str(path), metric="score", higher_is_better=True)
    with pytest.raises(ProbecastError, match=rf"t\.csv: .*{message}"):
        read_tables("bench", settings)


def test_a_contradiction_in_a_table_of_one_task_is_explained(read):
    single = pd.read_csv(StringIO(PLAIN)).query("task == 'a'").drop(columns="task")
    single.loc[single.index[0], "rate"] = 0.4
    with pytest.raises(ProbecastError, match=r"configuration 0 has both 0\.4 and 0\.1 as 'rate'"):
        read(single, columns={"task": None})


def test_unknown_hyperparameters_and_missing_or_broken_files_are_explained(read, tmp_path):
    with pytest.raises(ProbecastError, match=r"'rat' is missing.*Did you mean 'rate'"):
        read(PLAIN, hyperparameters=["rat"])
    with pytest.raises(ProbecastError, match=r"'epoch' is named under 'columns' too"):
        read(PLAIN, hyperparameters=["rate", "epoch"])
    with pytest.raises(ProbecastError, match=r"column 'speed' is missing"):
        read(PLAIN, columns={"seconds": "speed"})
    for name, problem in (("no.parquet", "is missing"), ("broken.parquet", "not a readable")):
        (tmp_path / "broken.parquet").write_text("no table")
        settings = TableSettings(path=str(tmp_path / name), metric="s", higher_is_better=True)
        with pytest.raises(ProbecastError, match=rf"{name}: .*{problem}"):
            task_names(settings)


def test_a_million_rows_take_seconds(read):
    tasks, configurations, epochs = 20, 500, 100
    grid = np.indices((tasks, configurations, epochs)).reshape(3, -1)
    frame = pd.DataFrame(
        {
            "task": pd.Categorical.from_codes(grid[0], [f"t{i}" for i in range(tasks)]),
            "config_id": grid[1],
            "x": grid[1] / 7,
            "epoch": grid[2] + 1,
            "val_metric": np.random.default_rng(0).random(grid.shape[1]).astype("float32"),
        }
    )
    started = time.perf_counter()
    tables = read(frame.sample(frac=1, random_state=0), "parquet")
    assert time.perf_counter() - started < 30
    assert sum(len(table.frame) for table in tables) == len(frame)
    assert sum(table.frame.memory_usage(deep=True).sum() for table in tables) < 100 * len(frame)

"""Past runs as people have kept them become tables to learn from."""

import numpy as np
import pandas as pd
import pytest

from kit.past_studies import past_study
from probecast.errors import ProbecastError
from probecast.learner.pretraining import pretrain
from probecast.learner.tuner import ProbecastTuner
from probecast.space import Space, config_id
from probecast.tables.history import read_history
from probecast.tables.settings import HistorySettings
from probecast.trials import TaskInfo, read_tables
from probecast.tuning.protocol import Problem

RUNS = """\
project,run,lr,drop %,algo,step,err %
old,a,-1,10,adam,1,60
old,a,-1,10,adam,2,50
old,b,-2,20,adam,1,50
old,b,-2,20,adam,2,20
old,c,-3,20,sgd,1,70
"""
SETTINGS = {
    "metric": "error",
    "higher_is_better": False,
    "columns": {"task": "project", "config_id": "run", "epoch": "step", "val_metric": "err %"},
    "metric_factor": 0.01,
    "hyperparameters": {
        "learning_rate": {"column": "lr", "base": 10},
        "dropout": {"column": "drop %", "factor": 0.01},
        "optimizer": {"column": "algo", "values": {"adam": "Adam", "sgd": "SGD"}},
    },
}
TARGET = TaskInfo(
    **{"task": "new-cnn", "dataset": "new", "family": "new", "architecture": "cnn"},
    **{"metric": "accuracy", "higher_is_better": True, "floor_val": 0.1, "floor_test": 0.1},
    **{"epochs": 4, "precision": "float32", "machine": "any", "meta_features": {}},
)


@pytest.fixture
def read(tmp_path):
    """Write runs as CSV and read them as a history; keys of the settings may be given."""

    def read(table=RUNS, **changes):
        path = tmp_path / "runs.csv"
        path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
        return read_history("mine", HistorySettings(path=str(path), **{**SETTINGS, **changes}))

    return read


def curve(table, **configuration):
    return table.curves().loc[config_id(configuration)].iloc[0].tolist()


def test_names_units_and_spellings_are_ours(read):
    [table] = read()
    assert curve(table, learning_rate=0.01, dropout=0.2, optimizer="Adam") == [0.5, 0.2]
    assert table.info.task == "mine/old"
    assert not table.info.higher_is_better


def test_what_stands_for_a_number_is_one_in_the_units_of_the_others(read):
    odd = RUNS.replace("old,c,-3,20,", "old,c,-3,none,")
    percent = {"column": "drop %", "factor": 0.01, "values": {"none": 0}}
    plain = {"column": "drop %", "values": {"none": 0}}
    for drop, expected in ((percent, [0.0, 0.1, 0.2]), (plain, [0.0, 10.0, 20.0])):
        hyperparameters = {**SETTINGS["hyperparameters"], "dropout": drop}
        [table] = read(odd, hyperparameters=hyperparameters)
        found = {c["dropout"] for c in table.configurations().values()}
        assert sorted(found) == pytest.approx(expected)


def test_a_run_that_stopped_early_stays_where_it_was(read):
    [table] = read()
    assert curve(table, learning_rate=0.001, dropout=0.2, optimizer="SGD") == pytest.approx(
        [0.7, 0.7]
    )


def test_a_diverged_run_stays_diverged(read):
    [table] = read(RUNS + "old,d,0,20,sgd,1,nan\n")
    assert np.isnan(curve(table, learning_rate=1, dropout=0.2, optimizer="SGD")).all()


def test_family_architecture_and_floor_are_what_the_study_says(read):
    [own] = read()
    assert (own.info.family, own.info.architecture) == ("mine/old", "mine")
    assert np.isnan(own.info.floor_val)
    [stated] = read(family="digits", architecture="cnn", floor=0.9)
    assert (stated.info.family, stated.info.architecture) == ("digits", "cnn")
    assert stated.info.floor_val == stated.info.floor_test == 0.9
    assert set(stated.frame["family"]) == {"digits"}


def test_a_floor_from_epoch_0_has_the_metrics_unit(read):
    [table] = read(RUNS + "old,a,-1,10,adam,0,90\n")
    assert table.info.floor_val == pytest.approx(0.9)


def test_a_task_without_differences_is_left_out(read, caplog):
    alike = "".join(f"flat,{run},{-run},10,adam,1,50\n" for run in (1, 2, 3))
    with caplog.at_level("INFO", "probecast"):
        assert [table.info.task for table in read(RUNS + alike)] == ["mine/old"]
    assert "mine/old: 3 trials, 0 of them diverged, 1 stopped early or pruned\n" in caplog.text
    assert (
        "mine/flat: 3 trials, 0 of them diverged, 0 stopped early or pruned; the rest"
        in caplog.text
    )
    assert [table.info.task for table in read(RUNS + alike, tasks=["old"])] == ["mine/old"]


def test_tables_survive_the_disk_and_are_read_as_a_folder(read, tmp_path):
    tables = read(RUNS + RUNS.replace("old", "older").partition("\n")[2])
    for number, table in enumerate(tables):
        table.write(tmp_path / "history" / f"{number}.parquet")
    again = read_tables([tmp_path / "history"])
    assert [table.info.task for table in again] == ["mine/old", "mine/older"]
    assert again[0].configurations() == tables[0].configurations()


def final_values(count, error=lambda rate: 0.2 + 0.1 * abs(np.log10(rate) + 3)):
    """Runs on one task of which only the last value is known: best at a rate of 0.001."""
    rates = 10.0 ** -np.linspace(1, 5, count)
    return pd.DataFrame(
        {"project": "p", "run": range(count), "lr": np.log10(rates), "err %": error(rates)}
    )


ENDS = {
    "columns": {**SETTINGS["columns"], "epoch": None},
    "hyperparameters": {"learning_rate": {"column": "lr", "base": 10}},
    "metric_factor": 1.0,
}


@pytest.mark.parametrize("floor", [None, 0.9])
def test_ten_runs_of_one_task_with_final_values_only_are_enough(read, floor):
    tables = read(final_values(10), floor=floor, **ENDS)
    encoder = pretrain(tables)
    space = Space({"learning_rate": {"low": 1e-5, "high": 0.1, "scale": "log"}})
    problem = Problem(TARGET, space.candidates(50, 0), budget=2, encoder=encoder)
    configuration, belief = ProbecastTuner(problem).recommend()
    assert 2e-4 < configuration["learning_rate"] < 5e-3
    assert 0 <= belief.low <= belief.expected_metric <= belief.high <= 1
    # A curve that nobody has seen is not thought flat.
    means = ProbecastTuner(problem).posterior.mean[0]
    assert (np.diff(means) > 0).all()


def test_a_study_of_optuna_tells_where_to_look(tmp_path):
    past_study(f"sqlite:///{tmp_path}/runs.db", trials=14)
    named = {
        "learning_rate": "lr",
        "optimizer": {"column": "opt", "values": {"adam": "Adam", "sgd": "SGD"}},
    }
    settings = HistorySettings(
        path=f"{tmp_path}/runs.db", metric="score", hyperparameters={**named, "neurons": "width"}
    )
    encoder = pretrain(read_history("mine", settings))
    space = Space(
        {
            "learning_rate": {"low": 1e-5, "high": 0.1, "scale": "log"},
            "optimizer": {"choices": ["Adam", "SGD"]},
        }
    )
    candidates = space.candidates(200, 0)
    problem = Problem(TARGET, candidates, budget=2, encoder=encoder)
    chosen, _ = ProbecastTuner(problem).recommend()
    best = 1e-3 if chosen["optimizer"] == "Adam" else 1e-2
    assert abs(np.log10(chosen["learning_rate"] / best)) < 1.2


ACCURACY = {"metric": "accuracy", "higher_is_better": True, "metric_factor": 1.0}
BAD = {
    "per cent": (RUNS, ACCURACY, r"accuracy 70 is better than the perfect 1; set metric_factor"),
    "direction": (
        RUNS,
        {**ACCURACY, "higher_is_better": False},
        r"'accuracy' is better when larger, but higher_is_better",
    ),
    "floor beyond": (RUNS, {**ACCURACY, "metric_factor": 0.01, "floor": 10}, r"accuracy 10 is"),
    "negative error": (RUNS.replace(",60", ",-60"), {"metric": "mse"}, r"mse -0\.6 is better"),
    "one run": (RUNS[: RUNS.index("old,b")], {}, r"all end alike, or next to the floor, so"),
    "unknown task": (RUNS, {"tasks": ["odl"]}, r"no task 'odl'.*Did you mean 'old'"),
    "unit of a name": (
        RUNS,
        {"hyperparameters": {"optimizer": {"column": "algo", "base": 10}}},
        r"'algo' holds 'adam', which is no number",
    ),
    "renamed to a reserved name": (
        RUNS,
        {"hyperparameters": {"epoch": "lr"}},
        r"column 'epoch' would be a hyperparameter",
    ),
    "misspelt column": (RUNS, {"hyperparameters": {"rate": "lrr"}}, r"'lrr' is missing.*'lr'"),
    "no file": (None, {"path": "no.csv"}, r"no\.csv: the table is missing; correct its 'path'"),
}


@pytest.mark.parametrize(("table", "changes", "message"), BAD.values(), ids=BAD)
def test_bad_history_is_explained(read, table, changes, message):
    with pytest.raises(ProbecastError, match=message):
        if table is None:
            read_history("mine", HistorySettings(**{**SETTINGS, **changes}))
        else:
            read(table, **changes)


def test_a_file_needs_a_direction():
    with pytest.raises(ValueError, match="higher_is_better: required for a file"):
        HistorySettings(path="runs.csv", metric="error")

"""Real Optuna studies, with all that real studies have: pruned, failed and running trials."""

import sqlite3

import numpy as np
import optuna
import pytest

from kit.past_studies import EPOCHS, past_study
from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.tables.reading import read_tables, task_names
from probecast.tables.settings import TableSettings
from probecast.trials import read_table


def settings(path, **changes):
    return TableSettings(**{"path": str(path), "metric": "accuracy", **changes})


def journal(path):
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    """A storage with one study: trial 2 has failed, 6 to 8 were pruned, and one still runs."""
    path = tmp_path_factory.mktemp("past") / "runs.db"
    past_study(f"sqlite:///{path}").ask()
    return path


def trials(path, name="mine"):
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{path}")
    return {trial.number: trial for trial in study.trials}


def curve(table, parameters):
    return table.curves().loc[config_id(parameters)].iloc[0].tolist()


def test_a_study_without_a_finished_trial_is_no_task(tmp_path):
    past_study(f"sqlite:///{tmp_path}/runs.db", trials=3)
    optuna.create_study(study_name="empty", storage=f"sqlite:///{tmp_path}/runs.db")
    assert task_names(settings(tmp_path / "runs.db")) == ["mine"]


def test_every_kind_of_trial_is_read_as_what_it_is(storage, caplog):
    with caplog.at_level("INFO", "probecast"):
        [table] = read_tables("past", settings(storage), partial=True)
    ours = trials(storage)
    assert [t.state.name for t in ours.values()].count("PRUNED") == 3  # the study is as it should
    assert (table.info.task, table.info.epochs, table.info.higher_is_better) == (
        *("mine", EPOCHS),
        True,
    )
    assert len(table.configurations()) == 10
    complete, failed, pruned = ours[0], ours[2], ours[7]
    assert curve(table, complete.params) == list(complete.intermediate_values.values())
    assert np.isnan(curve(table, failed.params)[2:]).all()
    assert curve(table, failed.params)[:2] == list(failed.intermediate_values.values())
    assert np.isfinite(curve(table, pruned.params)).sum() == len(pruned.intermediate_values)
    assert table.frame["status"].tolist().count("diverged") == 1
    assert "of 11 trials 1 still run or wait" in caplog.text


def test_only_whole_trials_are_replayed(storage):
    [table] = read_tables("past", settings(storage))
    assert len(table.configurations()) == 7


def test_hyperparameters_keep_their_types(storage):
    [table] = read_tables("past", settings(storage))
    [first] = [c for c in table.configurations().values() if c == trials(storage)[0].params]
    assert isinstance(first["width"], int)
    assert first["opt"] in ("adam", "sgd")


def test_final_values_alone(storage):
    [table] = read_tables("past", settings(storage, columns={"epoch": None}))
    complete = trials(storage)[0]
    assert table.info.epochs == 1
    assert curve(table, complete.params) == [complete.value]
    assert np.isnan(curve(table, trials(storage)[2].params)).all()
    assert len(table.configurations()) == 7  # a pruned trial has no final value


def test_a_study_without_reports_and_to_minimise(tmp_path):
    def objective(trial):
        rate, decay = (trial.suggest_float(name, 1e-4, 1e-1) for name in ("lr", "decay"))
        return float("nan") if trial.number == 1 else rate + decay

    past_study(journal(tmp_path / "a.log"), objective=objective, direction="minimize", trials=4)
    [table] = read_tables("past", settings(tmp_path / "a.log", metric="loss"))
    assert (table.info.epochs, table.info.higher_is_better) == (1, False)
    assert table.frame["status"].tolist().count("diverged") == 1


def test_steps_may_be_any_evenly_spaced_numbers(tmp_path):
    def objective(trial):
        rate = trial.suggest_float("lr", 0, 1)
        for step in (0, 50, 100):
            trial.report(rate + step, step)
        return rate + step

    past_study(journal(tmp_path / "a.log"), objective=objective, trials=2)
    [table] = read_tables("past", settings(tmp_path / "a.log"))
    assert table.info.epochs == 3


def test_a_crash_that_was_tried_again_is_no_divergence(tmp_path):
    study = past_study(journal(tmp_path / "a.log"), trials=3)
    past = study.trials[2]
    study.add_trial(
        optuna.trial.create_trial(
            params=past.params,
            distributions=past.distributions,
            value=0.5,
            intermediate_values={0: 0.1, 1: 0.2, 2: 0.3, 3: 0.5},
        )
    )
    [table] = read_tables("past", settings(tmp_path / "a.log"))
    assert curve(table, past.params) == [0.1, 0.2, 0.3, 0.5]
    assert "diverged" not in set(table.frame["status"])


def test_equal_configurations_are_repetitions(tmp_path):
    def objective(trial):
        return 0.1 * trial.suggest_categorical("layers", [1, 2]) + 0.01 * trial.number

    past_study(journal(tmp_path / "a.log"), objective=objective, trials=8)
    [table] = read_tables("past", settings(tmp_path / "a.log"))
    assert len(table.configurations()) == 2
    assert len(table.frame) == 8


def test_conditional_mixed_and_reserved_names(tmp_path):
    def objective(trial):
        warm = trial.suggest_categorical("warm", [True, False, None])
        trial.suggest_categorical("heads", [2, "auto"])
        share = trial.suggest_float("share", 0, 1) if warm else 0
        return trial.suggest_int("seconds", 1, 3) + share

    past_study(journal(tmp_path / "a.log"), objective=objective, trials=12)
    named = {"warm": "warm", "share": "share", "pause": "seconds", "heads": "heads"}
    [table] = read_tables("past", settings(tmp_path / "a.log", hyperparameters=named))
    shares = {c.get("warm"): "share" in c for c in table.configurations().values()}
    assert shares == {True: True, False: False, None: False}
    assert table.frame["seconds"].isna().all()
    table.write(tmp_path / "t.parquet")
    again = read_table(tmp_path / "t.parquet")
    assert {c.get("warm") for c in again.configurations().values()} == {True, False, None}
    assert {c["heads"] for c in again.configurations().values()} == {"2", "auto"}


def test_studies_are_tasks_and_can_be_chosen(tmp_path):
    storage = journal(tmp_path / "a.log")
    past_study(storage, "second task", seed=2)
    past_study(storage, "first", seed=3)
    every = settings(tmp_path / "a.log")
    assert task_names(every) == ["first", "second task"]
    assert [table.info.task for table in read_tables("past", every)] == task_names(every)
    one = settings(tmp_path / "a.log", tasks=["first"])
    assert task_names(one) == ["first"]
    assert [table.info.task for table in read_tables("past", one)] == ["first"]


def test_a_journal_is_a_storage_too(tmp_path):
    past_study(journal(tmp_path / "runs.log"))
    [table] = read_tables("past", settings(tmp_path / "runs.log"))
    assert len(table.configurations()) == 7


def reports(late=0, steps=range(1, 5)):
    """An objective of which the first few trials report nothing."""

    def objective(trial):
        rate = trial.suggest_float("lr", 0.1, 1)
        for step in steps if trial.number >= late else ():
            trial.report(rate * step, step)
        return rate * 4

    return objective


def test_a_trial_that_runs_hides_no_other(tmp_path, caplog):
    """Though it alone has reported, and steps as nobody else's."""
    study = past_study(journal(tmp_path / "a.log"), objective=reports(late=9), trials=6)
    running = study.ask()
    running.suggest_float("lr", 0.1, 1)
    running.report(0.5, 7)
    running.report(0.5, 1000)
    with caplog.at_level("INFO", "probecast"):
        [table] = read_tables("past", settings(tmp_path / "a.log"), partial=True)
    assert (len(table.configurations()), table.info.epochs) == (6, 1)
    assert "left out: of 7 trials 1 still run or wait" in caplog.text


def test_reports_that_began_late_are_read_where_they_tell_more(tmp_path, caplog):
    for late, trials, epochs in ((8, 10, 1), (2, 8, 4)):
        path = tmp_path / f"{late}.log"
        past_study(journal(path), objective=reports(late=late), trials=10)
        caplog.clear()
        with caplog.at_level("INFO", "probecast"):
            [table] = read_tables("past", settings(path), partial=True)
        assert (len(table.configurations()), table.info.epochs) == (trials, epochs)
        said = "final values alone are read" if epochs == 1 else "2 have reported no value on the"
        assert said in caplog.text
        [table] = read_tables("past", settings(path, columns={"epoch": None}), partial=True)
        assert len(table.configurations()) == 10


@pytest.mark.filterwarnings("ignore:Choices for a categorical")
def test_names_of_what_an_optuna_study_chose_from(tmp_path):
    """Lists and truth values among numbers, which Optuna keeps though it would rather not."""

    def objective(trial):
        trial.suggest_categorical("hidden", [[64], [64, 64]])
        trial.suggest_categorical("warm", [True, 2, 3])
        return trial.suggest_float("lr", 0, 1)

    past_study(f"sqlite:///{tmp_path}/a.db", objective=objective, trials=12)
    [table] = read_tables("past", settings(tmp_path / "a.db"))
    found = table.configurations().values()
    assert {c["hidden"] for c in found} == {"[64]", "[64, 64]"}
    assert {c["warm"] for c in found} == {"True", "2", "3"}
    assert len(found) == 12


# -- what can be wrong ---------------------------------------------------------------


def refuse(match, path, **changes):
    with pytest.raises(ProbecastError, match=match):
        read_tables("past", settings(path, **changes), partial=True)


def test_a_missing_storage_is_not_created(tmp_path):
    refuse(r"no\.db: the Optuna storage is missing", tmp_path / "no.db")
    refuse(r"no\.log: the Optuna storage is missing", tmp_path / "no.log")
    assert not list(tmp_path.iterdir())


def test_another_database_is_refused_and_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table customers (name text)")
    before = (tmp_path / "shop.db").read_bytes()
    refuse(r"shop\.db: no Optuna storage that can be read", tmp_path / "shop.db")
    assert (tmp_path / "shop.db").read_bytes() == before


@pytest.mark.parametrize("name", ["text.db", "text.log"])
def test_a_file_of_another_kind_is_refused(tmp_path, name):
    (tmp_path / name).write_text("no storage at all\n" * 100)
    refuse(rf"{name}: no Optuna storage that can be read", tmp_path / name)


def test_a_server_that_cannot_be_reached_is_refused():
    refuse(r"no Optuna storage that can be read", "postgresql://nobody@127.0.0.1:1/none")


def test_an_empty_storage_and_an_empty_study_are_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    optuna.storages.RDBStorage(url)
    refuse(r"a\.db: the Optuna storage holds no study", url)
    optuna.create_study(study_name="new", storage=url).ask()
    refuse(r"a\.db: no trial of the Optuna studies has finished", url)


def test_several_objectives_are_refused(tmp_path):
    study = optuna.create_study(
        study_name="two", storage=journal(tmp_path / "a.log"), directions=["minimize"] * 2
    )
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=2)
    refuse(r"study 'two' has 2 objectives.*trials_dataframe", tmp_path / "a.log")


def test_contradictions_with_the_study_file_are_explained(storage):
    refuse(r"'mine' is to maximize.*higher_is_better is false", storage, higher_is_better=False)
    refuse(r"no task 'mien'.*Did you mean 'mine'", storage, tasks=["mien"])
    refuse(r"column 'learning' is missing.*Known: lr, opt, width", storage,
           hyperparameters={"rate": "learning"})  # fmt: skip
    with pytest.raises(ValueError, match="an Optuna storage has no columns"):
        settings(storage, columns={"task": "t"})
    refuse(r"'opt' holds '\w+', which is no number", storage,
           hyperparameters={"opt": {"factor": 2}})  # fmt: skip


def test_uneven_steps_are_explained(tmp_path):
    def objective(trial):
        rate = trial.suggest_float("lr", 0, 1)
        for step in (1, 2, 5):
            trial.report(rate, step)
        return rate

    past_study(journal(tmp_path / "a.log"), objective=objective, trials=2)
    refuse(r"not evenly spaced.*columns\.epoch: null", tmp_path / "a.log")

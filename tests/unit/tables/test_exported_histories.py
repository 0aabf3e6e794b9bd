"""Runs as other programs export them: what is not known is left out and counted."""

import logging
from collections import Counter

import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.tables.history import read_history
from probecast.tables.settings import HistorySettings

ENDS = {"task": None, "config_id": None, "epoch": None, "val_metric": "score"}
CURVES = {"task": None, "config_id": "run", "epoch": "epoch", "val_metric": "score"}


@pytest.fixture
def read(tmp_path, caplog):
    """Write runs and read them; also returns what was said at the end."""

    def read(table, **changes):
        caplog.clear()
        caplog.set_level(logging.INFO, "probecast")
        path = tmp_path / "runs.csv"
        path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
        given = {"path": str(path), "metric": "points", "higher_is_better": True, **changes}
        (table,) = read_history("mine", HistorySettings(**given))
        return table, [record.getMessage() for record in caplog.records]

    return read


def ends(table):
    """The last value of every configuration; None where it diverged."""
    last = table.frame.groupby("config_id", observed=True).tail(1)
    values = dict(zip(last["config_id"], last["val_metric"], strict=True))
    return {i: None if v != v else v for i, v in values.items()}


def test_what_is_written_has_diverged_and_what_is_blank_is_unknown(read):
    rows = "rate,score\n1,nan\n2,NaN\n3,inf\n4,-Infinity\n5,\n6,NA\n7,None\n8,0.5\n9,0.7\n"
    table, said = read(rows, columns=ENDS)
    assert Counter(ends(table).values()) == {None: 4, 0.5: 1, 0.7: 1}
    assert "  left out: of 9 rows 3 without a value in 'score'" in said
    assert said[-1] == "  hyperparameters: rate (1 to 9)"
    table, _ = read(rows, columns=ENDS, empty_metric="diverged")
    assert Counter(ends(table).values())[None] == 7


def test_a_table_without_any_value_is_refused_with_the_reason(read):
    with pytest.raises(ProbecastError, match=r"no row has a value .* of 2 rows 2 without a value"):
        read("rate,score\n1,\n2,\n", columns=ENDS)


def test_a_table_without_any_hyperparameter_is_refused(read):
    with pytest.raises(ProbecastError, match=r"no hyperparameter has a value \(rate, width\)"):
        read("rate,width,score\n,,1\n,NA,2\n", columns=ENDS)


def test_a_blank_cell_does_not_cost_the_other_epochs(read):
    """One run was judged every other epoch only: so all are looked at, it among them."""
    rows = [
        (run, rate, epoch, "" if run == "d" and epoch % 2 else epoch * rate)
        for run, rate in zip("abcd", (0.01, 0.02, 0.03, 0.1), strict=True)
        for epoch in range(1, 9)
    ]
    frame = pd.DataFrame(rows, columns=["run", "rate", "epoch", "score"])
    table, said = read(frame, columns=CURVES)
    assert table.info.epochs == 4
    assert ends(table)[config_id({"rate": 0.1})] == 0.8
    assert any("only every 2 epochs are looked at" in line for line in said)
    # A run whose end alone is known is not worth the curves of three others.
    frame.loc[(frame["run"] == "d") & (frame["epoch"] < 8), "score"] = ""
    table, said = read(frame, columns=CURVES)
    assert table.info.epochs == 8
    assert "  left out: of 32 rows 7 without a value in 'score'; of 4 trials 1 lack epochs" in str(
        said
    )


def test_metrics_in_rows_of_their_own(read):
    """As Lightning logs them; the rate stands beside the training's metric alone."""
    rows = "".join(
        f"{epoch},{1 / (epoch + 1)},,{run},{rate}\n{epoch},,{rate * (epoch + 1)},{run},\n"
        for run, rate in (("a", 0.1), ("b", 0.2))
        for epoch in range(4)
    )
    rows = f"epoch,train_loss,score,run,rate\n{rows},,,,\n"
    table, said = read(rows, columns=CURVES, hyperparameters=["rate"], first_epoch=0)
    assert table.info.epochs == 4
    assert ends(table) == {
        config_id({"rate": 0.1}): pytest.approx(0.4),
        config_id({"rate": 0.2}): pytest.approx(0.8),
    }
    assert "  left out: of 17 rows 9 without a value in 'score'" in said
    # Taken as it is by default: epoch 0 is the untrained model.
    table, said = read(rows, columns=CURVES, hyperparameters=["rate"])
    assert table.info.epochs == 3
    assert any("write 'first_epoch: 0'" in line for line in said)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "__index_level_0__"])
def test_row_numbers_are_no_hyperparameter(read, name):
    rows = f"{name},rate,score\n" + "".join(f"{i},{i / 8},{i}\n" for i in range(8))
    table, _ = read(rows, columns=ENDS)
    assert table.hyperparameters == ["rate"]


@pytest.mark.parametrize(
    ("column", "what"),
    [(range(8), "counts the rows"), (range(1, 9), "counts"), ("abcdefgh", "a text of its own")],
)
def test_what_only_tells_rows_apart_must_be_listed(read, column, what):
    frame = pd.DataFrame({"trial": list(column), "rate": [1, 2] * 4, "score": range(8)})
    with pytest.raises(ProbecastError, match=f"column 'trial' .*{what}.*'hyperparameters'"):
        read(frame, columns=ENDS)
    table, _ = read(frame, columns=ENDS, hyperparameters=["trial"])
    assert table.hyperparameters == ["trial"]


def objective(trial):
    rate = trial.suggest_float("lr", 1e-4, 1e-1)
    trial.set_user_attr("host", "a")
    if trial.number == 3:
        raise MemoryError
    if trial.number == 4:
        trial.report(0.1, 1)
        raise optuna.TrialPruned
    return rate + trial.suggest_categorical("batch", [16, 32])


@pytest.fixture(scope="module")
def exported():
    """A study with trials in every state."""
    study = optuna.create_study(direction="maximize")
    study.enqueue_trial({"lr": 0.05})
    study.optimize(objective, n_trials=12, catch=(MemoryError,))
    study.ask().suggest_float("lr", 1e-4, 1e-1)
    study.enqueue_trial({"lr": 0.01})
    return study.trials_dataframe()


OF_OPTUNA = {**ENDS, "val_metric": "value"}


@pytest.mark.parametrize("listed", [{}, {"hyperparameters": {"lr": "params_lr"}}])
@pytest.mark.parametrize("index", [False, True])
def test_an_exported_study_is_read_like_its_storage(read, exported, listed, index):
    rows = exported.reset_index(drop=True).to_csv(index=index)
    table, said = read(rows, columns=OF_OPTUNA, **listed)
    assert table.hyperparameters == (["lr"] if listed else ["batch", "lr"])
    assert len(table.frame) == 11  # of 14, ten are complete and one has failed
    assert Counter(table.frame["status"])["diverged"] == 1
    assert "of 14 rows 2 still run or wait, 1 stopped before the end" in " ".join(said)


def test_a_failed_run_that_succeeded_another_time_has_not_diverged(read):
    rows = "rate,score,state\n1,,FAIL\n1,0.5,COMPLETE\n2,0.1,COMPLETE\n3,,FAIL\n"
    table, said = read(rows, columns=ENDS)
    assert list(ends(table).values()).count(None) == 1
    assert "  left out: of 4 rows 1 failed, but not another time" in said


@pytest.mark.parametrize("column", ["State", "status", "state"])
@pytest.mark.parametrize(
    ("running", "done"),
    [("running", "finished"), ("TrialState.RUNNING", "TrialState.COMPLETE"), ("", "COMPLETED")],
)
def test_states_of_other_programs_are_understood(read, column, running, done):
    rows = f"rate,score,{column}\n1,0.1,{done}\n2,0.2,{done}\n3,9,{running}\n"
    table, said = read(rows, columns=ENDS)
    assert sorted(ends(table).values()) == [0.1, 0.2]
    assert "  left out: of 3 rows 1 still run or wait" in said


def test_a_state_of_another_kind_is_refused_unless_that_is_said(read):
    rows = "rate,score,state\n1,0.1,NY\n2,0.2,LA\n"
    with pytest.raises(ProbecastError, match="holds 'NY', which does not say .*'state: null'"):
        read(rows, columns=ENDS)
    assert read(rows, columns=ENDS, hyperparameters=["rate"])[0].hyperparameters == ["rate"]
    table, _ = read(rows, columns={**ENDS, "state": None})
    assert table.hyperparameters == ["rate", "state"]
    with pytest.raises(ProbecastError, match="holds 'DONNE', which does not say"):
        read(rows.replace("NY", "DONNE").replace("LA", "DONE"), columns=ENDS)


def test_one_column_cannot_be_two_things(read):
    with pytest.raises(
        ProbecastError, match=r"'score' is named by columns\.epoch and columns\.va"
    ):
        read("rate,score\n1,0.1\n", columns={**ENDS, "epoch": "score"})


STUDY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
cell = st.sampled_from(["known", "nan", "blank", "running"])


@STUDY
@given(st.lists(cell, min_size=3, max_size=12))
def test_every_row_is_used_or_counted(read, cells):
    """And every value is the one that was written for its configuration."""
    words = {"nan": "nan,COMPLETE", "blank": ",COMPLETE", "running": "0.9,RUNNING"}
    rows, meant = "rate,score,state\n", {}
    for number, kind in enumerate(cells):
        rate, score = 2.0**-number, number + 0.5
        rows += f"{rate},{words.get(kind, f'{score},COMPLETE')}\n"
        if kind in ("known", "nan"):
            meant[config_id({"rate": rate})] = score if kind == "known" else None
    try:
        table, said = read(rows, columns=ENDS)
    except ProbecastError as refusal:
        known = len({value for value in meant.values() if value is not None})
        assert known < 2, str(refusal)
        return
    assert ends(table) == meant
    left_out = cells.count("blank") + cells.count("running")
    counted = next(line for line in said if line.startswith("  left out: "))
    numbers = [int(word) for word in counted.split() if word.isdigit()]
    assert sum(numbers[1:]) == left_out


@STUDY
@given(st.lists(st.sampled_from([1, 1, 2, 4]), min_size=2, max_size=6), st.integers(4, 9))
def test_curves_are_the_ones_that_were_logged_or_are_counted(read, steps, horizon):
    """Whatever each run's distance between its epochs."""
    logged = {
        0.5**run: {epoch: run + epoch / 10 for epoch in range(step, horizon + 1, step)}
        for run, step in enumerate(steps)
    }
    rows = [
        (f"run {run}", rate, epoch, value)
        for run, (rate, curve) in enumerate(logged.items())
        for epoch, value in curve.items()
    ]
    frame = pd.DataFrame(rows, columns=["run", "rate", "epoch", "score"])
    table, said = read(frame, columns=CURVES, hyperparameters=["rate"])
    curves = {
        rate: table.curves().loc[config_id({"rate": rate})].iloc[0].dropna().tolist()
        for rate in logged
        if config_id({"rate": rate}) in table.configurations()
    }
    for rate, curve in curves.items():
        assert set(curve) <= set(logged[rate].values())
        assert np.all(np.diff(curve) >= 0)
    gone = len(logged) - len(curves)
    assert (f"of {len(logged)} trials {gone} lack epochs" in " ".join(said)) == (gone > 0)

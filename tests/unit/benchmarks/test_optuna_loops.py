import optuna
import pytest

from benchmarks import loop
from kit.synthetic import quick_encoder, synthetic_task


@pytest.fixture
def task(monkeypatch):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    monkeypatch.setattr(loop, "COSTS", (2, 3))
    table = synthetic_task(9)
    return loop.Task(table, (synthetic_task(0), synthetic_task(1)), quick_encoder())


@pytest.mark.parametrize(
    "method", ["probecast", "random, ASHA", "TPE from a portfolio, Hyperband"]
)
def test_a_study_recommends_at_every_cost(task, method):
    rows = list(loop.run(task, method, seed=0))
    assert [row["cost"] for row in rows] == [2, 3]
    assert all(0 <= row["regret"] <= 1 for row in rows)
    assert {row["method"] for row in rows} == {method}


def test_the_table_has_a_row_for_every_method(task):
    rows = [row for m in ("probecast", "random, ASHA") for row in loop.run(task, m, seed=1)]
    summary = loop.summary(loop.pd.DataFrame(rows))
    assert [row["method"] for row in summary] == ["probecast", "random, ASHA"]
    assert set(summary[0]) == {"method", "regret at 2", "regret at 3", "tuner's seconds"}


def test_a_warm_start_tries_what_was_best_elsewhere_first(task):
    assert len(task.portfolio()) == min(loop.FIRST, len(task.candidates))

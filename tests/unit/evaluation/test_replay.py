from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.synthetic import quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.evaluation.replay import ladder, replay, worth_of
from probecast.learner.tuner import ProbecastTuner
from probecast.space import config_id
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

NAN = float("nan")
# Test = validation + .1. Best test 1.0 (.01), floor .1.
TABLE = small_table(
    {0.001: [0.2, 0.5], 0.01: [0.3, 0.9], 0.1: [NAN], 1.0: [0.4, 0.72]}, test_offset=0.1
)
SOURCE = small_table({0.001: [0.1, 0.5], 0.01: [0.1, 0.6], 0.1: [0.1, 0.8], 1.0: [0.1, 0.9]})


def of(frame, method, repetition=0):
    rows = frame[(frame["method"] == method) & (frame["repetition"] == repetition)]
    return rows.set_index("cost")


def test_the_environment_sells_prefixes_and_nothing_more():
    environment = TableEnvironment(TABLE)
    bought = environment.advance({"learning_rate": 0.01}, 1)
    assert (bought.curve, bought.diverged) == ((0.3,), False)
    assert environment.advance({"learning_rate": 0.01}, 2).curve == (0.3, 0.9)
    diverged = environment.advance({"learning_rate": 0.1}, 2)
    assert (diverged.epochs, diverged.diverged) == (1, True)


def test_a_divergence_to_come_is_not_shown():
    environment = TableEnvironment(small_table({1.0: [0.2, 0.3, NAN]}))
    assert not environment.advance({"learning_rate": 1.0}, 2).diverged


def test_an_unfinished_sweep_cannot_be_replayed():
    with pytest.raises(ProbecastError, match="ends after 1 of 2 epochs"):
        TableEnvironment(small_table({0.1: [0.2], 1.0: [0.2, 0.3]}))


def test_outcomes_by_hand():
    methods = ["grid", "portfolio", "best_average"]
    frame = replay(TABLE, [SOURCE], None, methods, [1, 2, 3, 4], repetitions=5, seed=0)
    assert set(frame["repetition"]) == {0}  # nothing is drawn
    assert (frame["task"] == "toy-cnn").all()
    # best_average is 1.0 at every cost: test .82, regret (1.0 - .82) / .9
    average = of(frame, "best_average")
    assert average["regret"].tolist() == pytest.approx([0.2] * 4)
    assert average["test_metric"].tolist() == pytest.approx([0.82] * 4)
    assert average["val_metric"].tolist() == pytest.approx([0.72] * 4)
    assert set(average["config_id"]) == {config_id({"learning_rate": 1.0})}
    # portfolio: 1.0 (.72), then .1 (diverges after half a run), then .01 (.9) is paid at 2.5
    assert of(frame, "portfolio")["regret"].tolist() == pytest.approx([0.2, 0.2, 0.0, 0.0])
    assert of(frame, "grid").loc[4, "regret"] == 0


def test_ours_is_also_run_where_stopped_trials_are_gone():
    table, costs, watched = synthetic_task(22, epochs=20), [1, 1.5, 3], []
    frame = replay(
        *(table, [], quick_encoder(), ["probecast"], costs, 1, 0),
        watch=lambda tuner, *_: watched.append(tuner.problem.resumable),
    )
    assert watched == [True] * 3  # beliefs are kept of the usual runs
    environment = TableEnvironment(table)
    for cost, row in of(frame, "probecast").iterrows():
        regrets = []
        for resumable in (True, False):
            problem = Problem(
                *(table.info, environment.candidates, cost),
                encoder=quick_encoder(),
                resumable=resumable,
            )
            last = run(ProbecastTuner(problem), environment, cost, resumable)[-1].configuration
            regrets.append(worth_of(table, environment.seed)[config_id(last)]["regret"])
        assert [row["regret"], row["regret_from_scratch"]] == regrets


def test_a_repeat_is_never_bought_but_counts_in_what_a_choice_is_worth():
    table = small_table({0.1: [0.5, 0.9], 1.0: [0.5, 0.8]}, seed=7)
    repeat = small_table({0.1: [0.2, 0.6]}, seed=1)  # the smaller seed, of one configuration
    both = replace(table, frame=pd.concat([repeat.frame, table.frame], ignore_index=True))
    environment = TableEnvironment(both)
    assert environment.seed == 7
    assert [environment.advance(c, 2).curve for c in environment.candidates] == [
        (0.5, 0.9),
        (0.5, 0.8),
    ]
    worth = worth_of(both, environment.seed)
    lucky, better = (worth[config_id({"learning_rate": rate})] for rate in (0.1, 1.0))
    assert (lucky["val_metric"], lucky["test_metric"]) == pytest.approx((0.9, 0.75))
    assert (better["regret"], lucky["regret"]) == pytest.approx((0, 0.05 / 0.7))


def test_a_diverged_recommendation_is_worth_the_floor():
    only = small_table({0.1: [NAN, NAN][:1], 1.0: [0.3, 0.5]})
    source = small_table({0.1: [0.1, 0.9], 1.0: [0.1, 0.2]})
    row = replay(only, [source], None, ["best_average"], [1], 1, 0).iloc[0]
    assert (row["val_metric"], row["test_metric"], row["regret"]) == (0.1, 0.1, 1.0)


def test_regret_of_an_error_metric():
    errors = small_table(
        {0.1: [3.0, 1.0], 1.0: [3.0, 0.5]}, metric="mse", higher_is_better=False, floor=1.5
    )
    source = small_table({0.1: [0.1, 0.9], 1.0: [0.1, 0.2]})
    frame = replay(errors, [source], None, ["best_average", "grid"], [1, 2], 1, 0)
    assert of(frame, "best_average").loc[1, "regret"] == pytest.approx(
        0.5
    )  # (1 - .5) / (1.5 - .5)
    assert of(frame, "grid").loc[2, "regret"] == 0


def test_random_search_improves_with_its_budget_and_differs_between_repetitions():
    table = small_table({rate: [0.1, rate] for rate in np.linspace(0.2, 0.9, 8).round(1)})
    frame = replay(table, [], None, ["random"], ladder(8), repetitions=50, seed=3)
    means = frame.groupby("cost")["regret"].mean()
    assert frame["repetition"].nunique() == 50
    assert (means.diff().dropna() <= 1e-12).all()
    # The first of 8 in random order: its mean regret is that of all, .5 (they are equally spaced).
    assert means[1] == pytest.approx(0.5, abs=0.12)
    assert means[8] == 0
    again = replay(table, [], None, ["random"], ladder(8), repetitions=50, seed=3)
    assert frame.equals(again)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_ladder_read_from_one_run_equals_a_run_per_budget(data):
    """Also with trials that diverge early and so leave odd amounts of budget."""
    curve = st.integers(1, 4).flatmap(
        lambda k: st.lists(st.floats(0.1, 0.9), min_size=k, max_size=k).map(
            lambda c: c if len(c) == 4 else [*c[:-1], NAN]
        )
    )
    curves = data.draw(st.lists(curve, min_size=2, max_size=6))
    table = small_table({float(i + 1): c for i, c in enumerate([*curves, [0.1] * 4])})
    budgets = data.draw(st.lists(st.floats(1, 8), min_size=1, max_size=4).map(sorted))
    together = replay(table, [], None, ["grid", "random"], budgets, 2, 0)
    for budget in budgets:
        alone = replay(table, [], None, ["grid", "random"], [budget], 2, 0)
        expected = together[together["cost"] == budget].drop_duplicates(["method", "repetition"])
        assert alone["config_id"].tolist() == expected["config_id"].tolist()

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.ablations import (
    AS_IT_IS,
    COSTS,
    OTHERS,
    ROOT,
    UNLIKE,
    VARIANTS,
    print_ablations,
    run,
    shuffled,
    tables_of,
    thinned,
)
from benchmarks.oracles import BEGUN
from kit.synthetic import few, synthetic_task
from probecast.errors import ProbecastError


def test_shuffling_keeps_the_curves_and_moves_the_configurations():
    table = synthetic_task(0)
    moved = shuffled(table)
    ends = table.curves()[5].droplevel("seed")
    assert sorted(moved.curves()[5]) == sorted(ends)
    assert moved.configurations() == table.configurations()
    assert (moved.curves()[5].droplevel("seed") != ends).mean() > 0.7


def of_two_architectures(number):
    """A task of which all parts have a say.

    It has tried a third of the configurations, and large learning rates are rough until the end.
    """
    table = few(number)
    frame = table.frame.copy()
    rough = (frame["learning_rate"] >= 0.01) & (frame["epoch"] < table.info.epochs)
    noise = np.random.default_rng(number).normal(0, 0.1, len(frame))
    frame["val_metric"] = (frame["val_metric"] + rough * noise).clip(0, 1)
    info = replace(table.info, architecture=("cnn", "rnn")[number % 2])
    return replace(table, info=info, frame=frame)


TABLES = [of_two_architectures(number) for number in range(4)]


@cache
def runs_of(name):
    return run(TABLES, VARIANTS[name], seeds=1, noise=0.0)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != AS_IT_IS])
def test_every_variant_is_another_learner_that_works(name):
    runs, same = runs_of(name), runs_of(AS_IT_IS)
    assert set(runs["task"]) == {table.info.task for table in TABLES}
    assert np.isfinite(runs["regret"]).all()
    assert not runs["regret"].equals(same["regret"])


def test_all_are_held_against_the_learner_as_it_is(capsys):
    name = "probes chosen at random"
    print_ablations(TABLES, [name], 1, 0.0, "all")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert header == ["", *(f"{cost:g}" for cost in COSTS), "p"]
    assert [row[0] for row in rows] == [AS_IT_IS, BEGUN, *OTHERS, name]
    runs = runs_of(AS_IT_IS)
    ours = runs[(runs["method"] == "probecast") & (runs["cost"] == COSTS[0])]
    assert float(rows[0][1]) == pytest.approx(ours["regret"].mean(), abs=6e-4)
    assert rows[0][-1] == "–"
    assert "±" in rows[-1][1]
    assert 0 < float(rows[-1][-1]) <= 1


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(ProbecastError, match="table 'lcbench17': say which study file"):
        tables_of("lcbench17", None)
    with pytest.raises(ProbecastError, match=r"no table 'lcbench'\. Did you mean 'lcbench17'"):
        tables_of("lcbench", str(ROOT / "studies/lcbench17.yaml"))


def test_own_tables_are_compared_on_the_configurations_that_all_have_tried():
    tables = tables_of("own", None)
    assert len({table.info.family for table in tables}) > UNLIKE
    assert {frozenset(t.configurations()) for t in tables} == {
        frozenset(tables[0].configurations())
    }
    assert len(tables[0].configurations()) == 96


def test_unlike_sources_are_one_of_each_family():
    tables = tables_of("own", None)
    left = thinned(tables, "unlike", np.random.default_rng(0))
    assert len({table.info.family for table in left}) == len(left) == UNLIKE
    again = thinned(tables, "unlike", np.random.default_rng(1))
    assert [table.info.task for table in left] != [table.info.task for table in again]


def test_a_number_leaves_so_many_sources():
    tables = [synthetic_task(number) for number in range(4)]
    assert len(thinned(tables, "3", np.random.default_rng(0))) == 3


def test_halves_differ_from_task_to_task():
    tables = [synthetic_task(number) for number in range(4)]
    halves = thinned(tables, "half", np.random.default_rng(0))
    assert [len(half.configurations()) for half in halves] == [9] * 4
    assert len({frozenset(half.configurations()) for half in halves}) == 4

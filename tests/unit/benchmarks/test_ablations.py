import numpy as np
import pytest

from benchmarks.ablations import UNLIKE, VARIANTS, run, shuffled, tables_of, thinned
from synthetic import synthetic_task


def test_shuffling_keeps_the_curves_and_moves_the_configurations():
    table = synthetic_task(0)
    moved = shuffled(table)
    ends = table.curves()[5].droplevel("seed")
    assert sorted(moved.curves()[5]) == sorted(ends)
    assert moved.configurations() == table.configurations()
    assert (moved.curves()[5].droplevel("seed") != ends).mean() > 0.7


@pytest.mark.parametrize("name", list(VARIANTS))
def test_every_variant_is_another_learner_that_works(name):
    tables = [synthetic_task(number) for number in range(3)]
    runs = run(tables, VARIANTS[name], seeds=1, noise=0.0)
    assert set(runs["task"]) == {"t0-cnn", "t1-cnn", "t2-cnn"}
    assert np.isfinite(runs["regret"]).all()
    same = run(tables, VARIANTS["as it is"], seeds=1, noise=0.0)
    if name in ("without curves (full trials only)", "probes chosen at random"):
        assert not runs["regret"].equals(same["regret"])


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

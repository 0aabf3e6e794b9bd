import numpy as np
import pytest

from benchmarks.ablations import SHIPPED, UNLIKE, VARIANTS, halved, run, shuffled, tables_of
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
    runs = run(tables, VARIANTS[name], seeds=1, noise=0.0, steps=30)
    assert set(runs["task"]) == {"t0-cnn", "t1-cnn", "t2-cnn"}
    assert np.isfinite(runs["regret"]).all()
    same = run(tables, VARIANTS["as it is"], seeds=1, noise=0.0, steps=30)
    if name in ("without curves (full trials only)", "probes chosen at random"):
        assert not runs["regret"].equals(same["regret"])


def test_few_unlike_sources_are_one_of_each_family():
    assert all((SHIPPED / f"{task}.parquet").exists() for task in UNLIKE)
    tables = tables_of("unlike", None)
    assert len({table.info.family for table in tables}) == len(tables) == 8
    assert {len(table.configurations()) for table in tables} == {96}


def test_halves_differ_from_task_to_task():
    halves = [set(halved(synthetic_task(number)).configurations()) for number in range(4)]
    assert [len(half) for half in halves] == [9] * 4
    assert len(set(map(frozenset, halves))) == 4

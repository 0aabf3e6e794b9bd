"""Trials that are sold from finished tables."""

import numpy as np

from kit.synthetic import synthetic_task
from kit.tables import small_table
from probecast.tuning.environments import TableEnvironment, some


def test_some_configurations_keep_their_whole_trials():
    table = synthetic_task(0)
    part = some(table, 7, np.random.default_rng(0))
    kept = part.configurations()
    assert len(kept) == 7
    assert part.info == table.info
    for identity in kept:
        assert (part.curves().loc[identity] == table.curves().loc[identity]).all(axis=None)
    assert some(table, 7, np.random.default_rng(0)).configurations() == kept
    assert some(table, 7, np.random.default_rng(1)).configurations() != kept
    assert some(table, 99, np.random.default_rng(0)).configurations() == table.configurations()


def test_noise_is_a_share_of_the_range_and_the_same_whenever_it_is_looked_at():
    table = small_table({0.1 * i: [0.5 + 0.001 * i] * 30 for i in range(1, 41)})
    quiet, noisy = TableEnvironment(table), TableEnvironment(table, noise=0.1, noise_seed=3)
    off = [
        np.array(noisy.advance(c, 30).curve) - quiet.advance(c, 30).curve for c in quiet.candidates
    ]
    assert abs(np.std(off) / (0.1 * 0.039) - 1) < 0.1
    (first, *_) = noisy.candidates
    assert noisy.advance(first, 10).curve == noisy.advance(first, 30).curve[:10]
    other = TableEnvironment(table, noise=0.1, noise_seed=4)
    assert other.advance(first, 5) != noisy.advance(first, 5)

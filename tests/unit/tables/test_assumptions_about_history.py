"""What is assumed of runs that were cut short holds in the shipped tables."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from probecast.learner import shipped
from probecast.learner.curves import at_levels, normalise
from probecast.trials import read_sweeps

STARTUP = 5  # trials before the pruner sets in, as in Optuna


@pytest.fixture(scope="module")
def curves():
    """The complete normalised curves of every shipped table."""
    found = [normalise(table) for table in read_sweeps(shipped.tables())]
    found = [source.curves for source in found if source]
    return [each[np.isfinite(each).all(axis=1)] for each in found]


def pruned(values):
    """The epochs of every trial under a median pruner."""
    trials, horizon = values.shape
    epochs = np.full(trials, horizon)
    for trial in range(STARTUP, trials):
        for epoch in range(1, horizon):
            reached = epochs[:trial] >= epoch
            if values[trial, epoch - 1] < np.median(values[:trial][reached, epoch - 1]):
                epochs[trial] = epoch
                break
    return epochs


def test_a_pruned_trial_ranks_best_where_it_stopped(curves):
    """Against going on in parallel to the trials that were not pruned."""
    stayed, parallel = [], []
    generator = np.random.default_rng(0)
    for values in curves * 5:
        values = values[generator.permutation(len(values))[:30]]
        epochs = pruned(values)
        last = values[np.arange(len(values)), epochs - 1]
        whole = values[epochs == values.shape[1]]
        gain = np.median(whole[:, -1:] - whole, axis=0)[epochs - 1]
        stayed.append(spearmanr(last, values[:, -1]).statistic)
        parallel.append(spearmanr(last + gain, values[:, -1]).statistic)
    assert np.mean(stayed) > 0.65
    assert np.mean(stayed) > np.mean(parallel)


def test_ends_are_approached_like_a_logarithm_more_than_at_once(curves):
    thought = [at_levels(each[:, -1:], np.arange(1, each.shape[1] + 1)) for each in curves]
    errors = [np.abs(a - b).mean() for a, b in zip(curves, thought, strict=True)]
    flat = [np.abs(each - each[:, -1:]).mean() for each in curves]
    assert np.mean(errors) < 0.09 < np.mean(flat)

"""The deep-kernel Gaussian process on tables with an answer known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuners import get_tuner
from probecast.tuners.peers import deep_kernel_gp
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

NAN = float("nan")
RATES = [round(0.02 * number, 2) for number in range(1, 51)]


def peak(at):
    """What a task of the family of peaks comes to, by learning rate."""
    return {rate: 0.9 - abs(rate - at) for rate in RATES}


def task(finals, decoy=None, **changes):
    """A table; ``decoy`` says how a second hyperparameter follows from the learning rate."""
    table = small_table({rate: [value] for rate, value in finals.items()}, **changes)
    if decoy is None:
        return table
    frame = table.frame.assign(decoy=table.frame["learning_rate"].map(decoy))
    pairs = zip(frame["learning_rate"], frame["decoy"], strict=True)
    frame["config_id"] = [config_id({"learning_rate": r, "decoy": d}) for r, d in pairs]
    return TrialTable(table.info, ["learning_rate", "decoy"], frame)


def tried(target, sources, budget):
    """What was bought and what was recommended at the end, by learning rate."""
    bought = []

    class Shop(TableEnvironment):
        def advance(self, configuration, epoch):
            bought.append(configuration["learning_rate"])
            return super().advance(configuration, epoch)

    candidates = Shop(target).candidates
    tuner = get_tuner("deep_kernel_gp")(Problem(target.info, candidates, budget, sources=sources))
    return bought, run(tuner, Shop(target), budget)[-1].configuration["learning_rate"]


def end(target, sources, budget):
    return tried(target, sources, budget)[1]


# Either is enough here, and without both it is no better than chance.
@pytest.mark.parametrize("left_out", ["OWN_STEPS", "STEPS"])
def test_sources_and_own_trials_both_teach_what_matters(monkeypatch, left_out):
    monkeypatch.setattr(deep_kernel_gp, left_out, 0)
    # The same decoys everywhere, so that only the kernel can tell that they say nothing.
    decoy = dict(zip(RATES, np.random.default_rng(0).permutation(50).tolist(), strict=True))

    def kind(at):
        errors = {rate: -value for rate, value in peak(at).items()}
        return task(errors, decoy, metric="mse", higher_is_better=False, floor=0.1)

    sources = [kind(at) for at in (0.1, 0.3, 0.5, 0.9)]
    # Two trials of the portfolio, eight of its own: ten at random are off by .04 on average.
    off = [abs(end(kind(at), sources, 10.0) - at) for at in (0.2, 0.7)]
    assert np.mean(off) <= 0.02


@pytest.fixture
def hasty(monkeypatch):
    """Learn less, for what does not depend on what was learnt."""
    monkeypatch.setattr(deep_kernel_gp, "STEPS", 50)


@pytest.mark.usefixtures("hasty")
def test_every_candidate_is_tried_once_and_divergence_is_survived():
    finals = dict(zip(RATES[:5], (0.3, NAN, 0.5, NAN, 0.6), strict=True))
    target = task(finals)
    sources = [task(dict(zip(RATES[:5], values, strict=True))) for values in np.eye(5)]
    assert end(target, sources, 5.0) == RATES[4]
    assert end(task(dict.fromkeys(RATES[:3], NAN)), sources, 3.0) in RATES[:3]


@pytest.mark.usefixtures("hasty")
def test_the_same_sources_give_the_same_choices():
    target, source = task(peak(0.4)), task(peak(0.6))
    again = replace(source)  # equal, but not the one that is remembered
    assert tried(target, [source], 8.0) == tried(target, [again], 8.0)


def test_without_a_source_of_the_same_space_there_is_one_clear_error():
    with pytest.raises(ProbecastError, match="none of the 1 source tables"):
        end(task(peak(0.4)), [task({7.0: 0.5})], 2.0)

"""Learns the prior's strengths: what would have predicted the sources best, each from the others.

A source is played as a new task: of a few candidates the beginnings of their curves are known, and
how these and the most promising others end is what decides. The strengths are those under which
that was likeliest over all sources, other families' curves being all that is known beforehand
(the predictive likelihood, as in Wang et al., "Pre-trained Gaussian processes for Bayesian
optimization", JMLR 2024, here of what decides alone). A weak prior around
``learner.strengths.Strengths`` carries where sources are few.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from probecast.learner.posterior import Scales, log_density
from probecast.learner.prior import Evidence, task_prior
from probecast.learner.strengths import EXPECTED, Strengths, deviations

BEGUN = (1, 3, 6, 10)  # candidates whose beginnings are known, one draw for each
UNBEGUN = 10  # most promising others whose ends decide, too
STEP, FINEST = 1.0, 0.3  # of a logarithm, tried up and down
WORTH = 0.05  # nats per draw of a task below which a step is not worth taking


@dataclass(frozen=True)
class Draw:
    """A source played as a new task: what is known of it and what is to be predicted.

    Attributes:
        points: those known, then those to be predicted.
        values: of all, in the unit of ``learner.curves.Scale``; NaN for divergence.
        known: so many are known.
    """

    points: np.ndarray
    values: np.ndarray
    known: int


@dataclass(frozen=True)
class Play:
    """A source as a new task, with what the other families say of it."""

    evidence: Evidence
    scales: Scales
    draws: Sequence[Draw]

    def log_density(self, strengths: Strengths) -> float:
        """Return the mean over draws of ln p of what was to be predicted."""
        prior = task_prior(self.evidence, strengths)
        return float(
            np.mean(
                [
                    log_density(prior, self.scales, draw.points, draw.values, draw.known)
                    for draw in self.draws
                ]
            )
        )


def draws_of(
    curves: np.ndarray, ends: np.ndarray, expected: np.ndarray, generator: np.random.Generator
) -> list[Draw]:
    """Return a few ways in which a source may be met.

    Args:
        curves: (n, L) what is read of its candidates, in the unit; NaN after divergence.
        ends: (n) how they ended in truth.
        expected: (n) what other families let expect of their ends.
        generator: draws who was begun, the promising more often, and how far each came.
    """
    size, levels = curves.shape
    order = np.argsort(-expected, kind="stable")
    found = []
    for count in BEGUN:
        count = min(count, size)
        chance = np.exp(-np.arange(size) / max(count, size / 8))
        begun = order[generator.choice(size, count, replace=False, p=chance / chance.sum())]
        others = [row for row in order if row not in set(begun)][:UNBEGUN]
        if levels == 1:  # without curves some are known, and the others decide
            reached, decide = np.ones(count, dtype=int), others
        else:  # none is known to its end
            reached, decide = generator.integers(1, levels, count), [*begun, *others]
        known = [
            row * levels + level
            for row, number in zip(begun, reached, strict=True)
            for level in range(number)
        ]
        if decide:
            points = [*known, *(row * levels + levels - 1 for row in decide)]
            values = np.append(curves.ravel()[known], ends[decide])
            found.append(Draw(np.array(points), values, len(known)))
    return found


def fit_strengths(plays: Sequence[Play]) -> Strengths:
    """Return the strengths under which the plays are likeliest, by steps along one at a time."""
    start = EXPECTED.logs()

    def worth(logs: np.ndarray) -> float:
        strengths = Strengths.of_logs(logs)
        away = (logs - start) / deviations()
        return sum(play.log_density(strengths) for play in plays) - 0.5 * float(away @ away)

    return Strengths.of_logs(_climb(worth, start, WORTH * len(plays)) if plays else start)


def _climb(worth: Callable[[np.ndarray], float], start: np.ndarray, enough: float) -> np.ndarray:
    """Return where no step along one coordinate gains more than ``enough``."""
    best, at, step = worth(start), start.copy(), STEP
    while step >= FINEST:
        gained = False
        for number in range(len(at)):
            for direction in (step, -step):
                there = at.copy()
                there[number] += direction
                if (value := worth(there)) > best + enough:
                    best, at, gained = value, there, True
                    break
        if not gained:
            step /= 2
    return at

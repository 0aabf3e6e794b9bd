"""Ours: short probes, each chosen by how much it is expected to better the recommendation.

A probe begins a configuration or continues one. Looking ahead to any later level of its
curve, its worth is the knowledge gradient per cost: the expected rise of the best expected
final value, in closed form against the strongest rival (Frazier, Powell and Dayanik, "The
knowledge-gradient policy for correlated normal beliefs", INFORMS J. Computing 2009; Jones,
Schonlau and Welch, "Efficient global optimization", J. Global Optimization 1998, for the
formula). Of what is promised by the look ahead, only the first step is bought; then all is
weighed anew. Only what has been probed is recommended: the best mean among hundreds of
unprobed candidates is largely luck.

Where trials are not resumable, a stopped one is gone: to go on with it costs all its epochs
again, and it is recommended only while a full training of it can be paid for.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from probecast.errors import ProbecastError
from probecast.learner.posterior import Posterior
from probecast.regret import expected_excess
from probecast.seeds import derive
from probecast.space import Configuration, config_id
from probecast.tuning.protocol import Belief, Observation, Problem

ALTERNATIVES = 5
COST_POWER = 0.8  # below 1: many cheap looks are not quite worth one long look
DRAWS = 1000  # of how curves end, for the belief
CAUTION = 0.5  # standard deviations of a lead below which the first choice is not left
RIVALS = 100  # candidates of which one is likely the best
WORTHLESS = 1e-5  # of the task's range: where all probes promise less, none is bought


class ProbecastTuner:
    """Probes until the budget only completes the best, or no probe is worth it.

    Raises:
        ProbecastError: there is no meta-encoder, or it cannot judge this task; or it is told of
            a trial less than it has asked for, so that it would ask for the same for ever.
    """

    seeded: ClassVar[bool] = False
    anytime: ClassVar[bool] = False
    heeds_resumable: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        if problem.encoder is None:
            raise ProbecastError(
                f"{problem.info.task}: the tuner 'probecast' needs a meta-encoder"
            )
        expected = problem.encoder.expect(problem.info, problem.candidates)
        self.calibration = problem.encoder.calibration
        self.problem, self.horizon = problem, problem.info.epochs
        self.scale, self.levels = expected.scale, expected.levels
        self.posterior = expected.posterior
        self.has_unit = problem.encoder.is_comparable(problem.info)
        self.observed: list[tuple[np.ndarray, np.ndarray]] = []  # points and values
        self.candidates = [problem.candidates[row] for row in expected.rows]
        self.place = {config_id(c): place for place, c in enumerate(self.candidates)}
        self.asked: dict[int, int] = {}  # epochs, by candidate
        self.last_asked: int | None = None  # candidate
        self.running: int | None = None  # the candidate that was trained last
        self.busy: set[int] = set()  # candidates that others train, whose end is awaited
        self.spent = 0  # epochs, those of trials that were trained anew counted again
        self.epochs = np.zeros(len(self.candidates), dtype=int)  # seen of each
        self.reached = np.zeros(len(self.candidates), dtype=int)  # levels seen of each
        self.diverged = np.zeros(len(self.candidates), dtype=bool)
        self.last = np.full(len(self.candidates), np.nan)  # values of those seen to the end
        self.first = int(np.argmax(self.posterior.mean[:, -1]))  # without any probe

    def ask(self) -> tuple[Configuration, int] | None:
        place = self._next()
        if place is None:
            return self._finish()
        self.last_asked, self.asked[place] = place, int(self.levels[self.reached[place]])
        return self.candidates[place], self.asked[place]

    def _next(self) -> int | None:
        """The candidate to train to its next level, if one is worth it."""
        open_ = self._open()
        if not open_.any():
            return None
        begun = np.flatnonzero((self.epochs > 0) & ~self.diverged)
        if len(begun):
            gain = np.where(open_, self._gain(begun), 0.0)
            if gain.max() < WORTHLESS * self.posterior.expected_range:
                return None
            worth = gain / np.maximum(self.levels - self._kept[:, None], 1) ** COST_POWER
        else:
            worth = np.where(open_, self.posterior.mean[:, -1:], -np.inf)
        return int(np.argmax(worth.max(axis=1)))

    def _finish(self) -> tuple[Configuration, int] | None:
        """Ask for what is left of the recommendation, if it would be gone once all has ended."""
        best = self._best()
        if self.problem.resumable or best != self.running or not self._remaining[best]:
            return None
        self.last_asked, self.asked[best] = best, self.horizon
        return self.candidates[best], self.horizon

    def tell(self, observations: Sequence[Observation]) -> None:
        for observation in observations:
            place = self.place.get(observation.config_id)
            if place is None:  # nobody else's trials are of use, but they do no harm
                continue
            if observation.epochs < self.asked.get(place, 0) and not observation.diverged:
                raise ProbecastError(
                    f"{self.problem.info.task}: asked for {self.asked[place]} epochs of "
                    f"{observation.configuration}, told {observation.epochs}; tell its whole "
                    "curve, from the first epoch on"
                )
            self._count(place, observation.epochs)
            self.diverged[place] = observation.diverged
            levels = np.searchsorted(self.levels, observation.epochs, side="right")
            values = self.scale.to_unit(observation.curve)[self.levels[:levels] - 1]
            if observation.diverged:  # whatever would follow is as bad
                values = np.append(values, np.full(len(self.levels) - levels, np.nan))
            new = np.arange(self.reached[place], len(values))
            if len(new):
                self.observed.append((place * len(self.levels) + new, values[new]))
                self.posterior.observe(*self.observed[-1])
                self.reached[place] = len(values)
                if len(values) == len(self.levels):
                    self.last[place] = values[-1]
        if self.observed and not self.has_unit:
            self._learn_unit()

    def _learn_unit(self) -> None:
        """Look at the probes again, in the unit that they themselves suggest."""
        told = np.concatenate([values for _, values in self.observed])
        scales = self.problem.encoder.scales(self.problem.info, told)
        self.posterior = Posterior(self.posterior.prior, scales)
        for points, values in self.observed:
            self.posterior.observe(points, values)

    def _count(self, place: int, epochs: int) -> None:
        """Count what has been trained of a trial that is now seen so far.

        What was not asked for last is a trial of the past: it costs what is new of it.
        """
        known = self._kept if place == self.last_asked else self.epochs
        self.spent += epochs - int(known[place])
        self.epochs[place] = epochs
        if place == self.last_asked:
            self.running = place

    def choice(self) -> Configuration:
        """Return what ``recommend`` does, without what is believed of it, which takes longer."""
        return self.candidates[self._best()]

    def recommend(self) -> tuple[Configuration, Belief]:
        chosen = self._best()
        ranked = np.argsort(-self.posterior.mean[:, -1], kind="stable")
        others = [
            self.candidates[place] for place in ranked[: ALTERNATIVES + 1] if place != chosen
        ]
        generator = np.random.default_rng(derive(self.problem.seed, "belief"))
        promise = self.posterior.mean[:, -1] + np.sqrt(self.posterior.variance[:, -1])
        rivals = np.argsort(-promise, kind="stable")[:RIVALS]
        points = np.append(chosen, rivals[rivals != chosen]) * len(self.levels)
        points += len(self.levels) - 1
        ends = self.posterior.draw(points, DRAWS, generator)
        (expected,), (low,), (high,) = self._measured(points[:1], ends[:, :1], generator)
        # The best candidate is the best that is measured, which is luck in part.
        noise = np.sqrt(self.posterior.noise.ravel()[points])
        measured = ends + noise * generator.standard_normal(ends.shape)
        known = self.last[points // len(self.levels)]
        metric = self.scale.to_natural(np.where(np.isnan(known), measured, known))
        best = metric.max(axis=1) if self.problem.info.higher_is_better else metric.min(axis=1)
        near = np.abs(metric[:, 0] - best) <= 0.05 * np.abs(best)
        near = self.calibration.probability(near.mean())
        # In a unit that nothing has told yet, nothing can be said.
        told = self.has_unit or any(np.isfinite(values).any() for _, values in self.observed)
        said = (expected, low, high, near) if told else (np.nan,) * 4
        expected, low, high, near = map(float, said)
        return self.candidates[chosen], Belief(
            expected_metric=expected,
            low=low,
            high=high,
            probability_within_5pct=near,
            alternatives=tuple(others[:ALTERNATIVES]),
        )

    def finished(self, configuration: Configuration) -> bool:
        """Whether a candidate's trial was seen to its end, or to its divergence."""
        return bool(self.reached[self.place[config_id(configuration)]] == len(self.levels))

    def continuation(self, configuration: Configuration) -> list[dict[str, float]]:
        """Return how a candidate's learning curve is believed to go on, as far as it is unseen.

        Returns:
            One entry per level of the curve: ``epoch``, ``expected`` validation metric, and
            ``low`` and ``high``, the ends of its central interval of ``Belief.LEVEL``. None of
            a configuration that is no candidate.
        """
        place = self.place.get(config_id(configuration))
        levels = np.arange(0 if place is None else self.reached[place], len(self.levels))
        if place is None or not len(levels):
            return []
        generator = np.random.default_rng(derive(self.problem.seed, "continuation"))
        points = place * len(self.levels) + levels
        values = self._measured(points, self.posterior.draw(points, DRAWS, generator), generator)
        return [
            {"epoch": int(epoch), "expected": expected, "low": low, "high": high}
            for epoch, expected, low, high in zip(
                self.levels[levels], *(value.tolist() for value in values), strict=True
            )
        ]

    def _measured(
        self, points: np.ndarray, draws: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What will be measured at P points: expected, low and high, (P) in natural units.

        Args:
            points: (P)
            draws: (D, P) of what is believed of them, without noise.
            generator: draws the noise.
        """
        mean = self.posterior.mean.ravel()[points]
        noise = np.sqrt(self.posterior.noise.ravel()[points])
        noise = noise * generator.standard_normal(draws.shape)
        central = [(1 - Belief.LEVEL) / 2, (1 + Belief.LEVEL) / 2]
        tails = np.quantile(draws + noise, central, axis=0)
        mean = np.clip(mean, *tails)  # outside in the most skewed cases
        finished = self.reached[points // len(self.levels)].min() == len(self.levels)
        ends = self.calibration.interval(mean, tails, finished)
        low, high = np.sort(self.scale.to_natural(ends), axis=0)
        return self.scale.to_natural(mean), low, high

    @property
    def _limit(self) -> int:
        """The epochs that may be bought in all."""
        return int(self.problem.budget * self.horizon + 1e-6)

    @property
    def _remaining(self) -> np.ndarray:
        """(candidates,) the epochs that complete each one's training."""
        return np.where(self.diverged, 0, self.horizon - self._kept)

    @property
    def _kept(self) -> np.ndarray:
        """(candidates,) the epochs of each that need not be trained again."""
        if self.problem.resumable:
            return self.epochs
        running = np.arange(len(self.epochs)) == self.running
        return np.where(running | (self.epochs == self.horizon), self.epochs, 0)

    def _best(self) -> int:
        """What to recommend: of those begun, if there is one that can be completed.

        The choice that one would make without probes is left only for one that leads clearly: of
        many whose lead is small, the luckiest leads.
        """
        begun = (self.epochs > 0) & ~self.diverged
        affordable = begun & (self.spent + self._remaining <= self._limit)
        for allowed in (affordable, begun, self.epochs == 0, ~self.diverged):
            if allowed.any():
                best = int(np.argmax(np.where(allowed, self.posterior.mean[:, -1], -np.inf)))
                return self.first if allowed[self.first] and not self._leads(best) else best
        return 0

    def _leads(self, place: int) -> bool:
        """Whether a candidate is ahead of the first choice by more than luck."""
        rows, last = [place, self.first], len(self.levels) - 1
        joint = self.posterior.covariance(np.array(rows) * len(self.levels) + last)[:, rows, last]
        apart = np.sqrt(max(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1], 0.0))
        ends = self.posterior.mean[:, -1]
        return bool(ends[place] - ends[self.first] > CAUTION * apart)

    def _open(self) -> np.ndarray:
        """(candidates, levels) what may be bought: the recommendation stays affordable."""
        cost = self.levels - self._kept[:, None]
        best = self._best()
        left = np.full(cost.shape, self._left_when_stopped(best))
        if self.epochs[best] > 0 or not self.diverged.any():
            left[best] = self.horizon - self.levels
        # else all that was begun has diverged and the next may, too: another must be affordable
        open_ = np.arange(len(self.levels)) >= self.reached[:, None]
        open_ &= self.spent + cost + left <= self._limit
        if not self.problem.resumable:  # what can no longer be finished, or not again, is no use
            open_ &= (self.spent + self._remaining <= self._limit)[:, None]
        open_[list(self.busy)] = False
        return open_ & ~self.diverged[:, None]

    def _left_when_stopped(self, place: int) -> int:
        """The epochs that complete a candidate's training once another one is begun."""
        left = int(self._remaining[place])
        return left if self.problem.resumable or not left else self.horizon

    def _gain(self, begun: np.ndarray) -> np.ndarray:
        """(candidates, levels) by how much the best mean of the begun is expected to rise."""
        posterior, ends = self.posterior, self.posterior.mean[:, -1]
        strongest = begun[np.argsort(-ends[begun], kind="stable")][:2]
        # Everyone's rival is the strongest, whose own is the second.
        is_first = np.arange(len(ends)) == strongest[0]
        rival = np.where(is_first, strongest[-1], strongest[0])
        rows = posterior.covariance(strongest * len(self.levels) + len(self.levels) - 1)
        with_rival = rows[np.where(is_first, len(strongest) - 1, 0), np.arange(len(ends))]
        deviation = np.sqrt(posterior.variance + posterior.noise)
        slope = np.abs(posterior.with_last - with_rival) / deviation
        lead = (ends - ends[rival])[:, None]
        return expected_excess(lead, slope) - np.maximum(lead, 0.0) * is_first[:, None]


TUNER = ProbecastTuner

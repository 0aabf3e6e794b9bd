"""What to train next where stopped trials are gone: our tuner, told of all trials of a study."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from probecast.learner.tuner import ProbecastTuner
from probecast.space import Configuration, config_id
from probecast.tuning.protocol import Observation, Problem

LONGEST = 30  # doublings of the budget


class Plan:
    """A tuner, and how it was made and told."""

    def __init__(self, structure: Any, horizon: int, problem: Problem) -> None:
        self.structure, self.horizon = structure, horizon
        self.points = {config_id(c) for c in problem.candidates}
        self.tuner = ProbecastTuner(problem)
        self.cost, self.told = problem.budget, Counter[str]()

    def covers(self, structure: Any, horizon: int, observed: Sequence[Observation]) -> bool:
        """Whether all of this can be told to the same tuner."""
        same = structure == self.structure and horizon == self.horizon
        return same and all(o.config_id in self.points for o in observed)

    def tell(self, observed: Sequence[Observation]) -> None:
        """Learn what is new; what trials have cost is counted anew."""
        self.tuner.asked, self.tuner.last_asked = {}, None  # a trial may be told of at any time
        for observation in observed:
            # Of several trials of a configuration the longest counts.
            if observation.epochs > self.told[observation.config_id]:
                self.told[observation.config_id] = observation.epochs
                self.tuner.tell([observation])
        self.tuner.spent = sum(observation.epochs for observation in observed)

    def begin(self, busy: Sequence[Configuration], ahead: int) -> Configuration:
        """Return what to begin, apart from what is busy and so many that are about to begin."""
        self.tuner.running = None
        busy = list(busy)
        for _ in range(ahead + 1):
            chosen = self._next(busy) or self._most_promising(busy)
            busy.append(chosen)
        return chosen

    def rather_another(
        self, configuration: Configuration, epochs: int, busy: Sequence[Configuration]
    ) -> bool:
        """Return whether something else promises more than to continue a configuration."""
        place = self.tuner.place.get(config_id(configuration))
        # What an earlier trial of the same has shown already says nothing new.
        known = self.tuner.epochs[place] if place is not None else np.inf
        if epochs not in self.tuner.levels or epochs < known:
            return False
        self.tuner.running = place
        asked = self._next(busy, epochs) or self.tuner.choice()
        return config_id(asked) != config_id(configuration)

    def _next(self, busy: Sequence[Configuration], own: int = 0) -> Configuration | None:
        """What to train next, if anything is worth it.

        Once the budget only completes the recommendation, that comes next; then the budget is
        doubled. So it is once the recommendation is complete and there is budget for no more than
        one trial: whatever is running would be the only one that can still be completed, and go
        on to its end for nothing. ``own`` epochs are of the trial that is running: they do not
        end its plan.
        """
        tuner = self.tuner
        tuner.busy = self._places(busy)
        for doublings in range(LONGEST):
            budget = self.cost * 2**doublings
            left = budget * self.horizon - tuner.spent
            if left + own <= 0:
                continue
            if left + own < 2 * self.horizon and tuner.finished(tuner.choice()):
                continue
            tuner.problem = replace(tuner.problem, budget=budget)
            if (asked := tuner.ask()) is not None:
                return asked[0]
            best = tuner.choice()
            if not tuner.finished(best) and not self._places([best]) & tuner.busy:
                return best
            if left >= 2 * self.horizon:
                break  # there is budget, and nothing is worth it
        return None

    def _places(self, configurations: Sequence[Configuration]) -> set[int]:
        """Where those stand that are considered; others may be half suggested yet."""
        places = (self.tuner.place.get(config_id(c)) for c in configurations)
        return {place for place in places if place is not None}

    def _most_promising(self, busy: Sequence[Configuration]) -> Configuration:
        """Of those not tried, the one that may be best; if all are tried, the best again."""
        posterior, tuner = self.tuner.posterior, self.tuner
        promise = posterior.mean[:, -1] + np.sqrt(posterior.variance[:, -1])
        free = tuner.epochs == 0
        free[list(self._places(busy))] = False
        if not free.any():
            return tuner.choice()
        return tuner.candidates[int(np.argmax(np.where(free, promise, -np.inf)))]

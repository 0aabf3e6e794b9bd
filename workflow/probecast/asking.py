"""A tuner of one's own, in Python: what is told is matched with what was asked, or refused.

What people train with is what was asked, often in other types: rounded, in single precision, a
NumPy scalar, or read back from a text. It is the same configuration then, and becomes it here;
what is told of it becomes a curve here. Nothing that a user tells reaches the tuner otherwise.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from probecast import saving
from probecast.errors import ProbecastError, short
from probecast.learner.tuner import ProbecastTuner
from probecast.metrics import METRICS
from probecast.space import Choice, Configuration, Hyperparameter, Space, Value, config_id
from probecast.tuning.protocol import Belief, Observation, Problem

DIGITS = 5e-3  # three digits are enough to tell what was asked for
OF_RANGE = 1e-3  # likewise of a linear range, where its numbers may be close to 0
TRUTH = {"True": True, "False": False, "true": True, "false": False, 1: True, 0: False}


class OwnTuner(ProbecastTuner):
    """Asks for short trainings, is told how they went, and recommends.

    Args:
        problem: the target.
        space: that the candidates are from.
    """

    def __init__(self, problem: Problem, space: Space) -> None:
        super().__init__(problem)
        self.space = space
        self.pending: tuple[Configuration, int] | None = None  # asked for, not yet told
        self.told: dict[str, Observation] = {}
        self.history: list[saving.Told] = []

    def ask(self) -> tuple[Configuration, int] | None:
        """Return a configuration and the epoch to train it to, or None when done."""
        self.pending = super().ask()
        return None if self.pending is None else (dict(self.pending[0]), self.pending[1])

    def tell(self, observations: Sequence[Observation]) -> None:
        """Learn how trainings went, each from its first epoch on.

        Raises:
            ProbecastError: a configuration is none that was asked for or might have been, a curve
                is too short or too long, or a value is none that the metric can have.
        """
        if isinstance(observations, Observation):
            observations = [observations]
        told = [self._ours(observation) for observation in observations]
        if self.pending and told and not any(self._is_news(observation) for observation in told):
            raise self._refusal(told[-1].configuration)  # else it would be asked for ever
        for observation in told:
            place = self.place[observation.config_id]
            asked = self.asked[place] if place == self.last_asked else None
            super().tell([observation])
            self.told[observation.config_id] = observation
            self.history.append(saving.Told.of(observation, asked))
            if self.pending and observation.config_id == config_id(self.pending[0]):
                self.pending = None

    def recommend(self) -> tuple[Configuration, Belief]:
        """Return the configuration to train to the end, and what is believed of it."""
        configuration, belief = super().recommend()
        alternatives = tuple(map(dict, belief.alternatives))
        return dict(configuration), replace(belief, alternatives=alternatives)

    def save(self, path: str | Path) -> None:
        """Keep all that was told in a JSON file, written as a whole or not at all."""
        saving.write(path, saving.opened_with(self.problem, self.space), self.history)

    def resume(self, path: str | Path) -> int:
        """Learn what a tuner has saved that was opened alike; ``cost`` may have changed.

        Returns:
            The number of trainings told; 0 if there is no such file yet.

        Raises:
            ProbecastError: this tuner was told something before, or the file is damaged, or of a
                tuner that was opened otherwise.
        """
        if self.history:
            raise ProbecastError(f"{path}: resume first, before anything is told")
        for told in saving.read(path, saving.opened_with(self.problem, self.space)):
            place = self.place[self._ours(told.observation).config_id]
            self.last_asked = None
            if told.asked is not None:
                self.last_asked, self.asked[place] = place, told.asked
            self.tell([told.observation])
        return len(self.history)

    def _is_news(self, told: Observation) -> bool:
        """Whether more is told than is known, or what was asked for."""
        before = self.told.get(told.config_id)
        asked = self.pending is not None and told.config_id == config_id(self.pending[0])
        return asked or before is None or told.epochs > before.epochs

    def _ours(self, observation: Observation) -> Observation:
        configuration = self._matching(observation.configuration)
        curve = curve_of(configuration, observation.curve)
        finite = [math.isfinite(value) for value in curve]
        diverged = bool(observation.diverged) or not all(finite)
        if not all(finite):
            curve = (*curve[: finite.index(False)], math.nan)
        if diverged and not curve:
            curve = (math.nan,)  # it broke down in its first epoch
        ours = replace(observation, configuration=configuration, curve=curve, diverged=diverged)
        self._check(ours)
        return ours

    def _matching(self, told: Any) -> Configuration:
        """The candidate that a configuration is, within rounding and whatever its types."""
        if not isinstance(told, Mapping) or set(told) != set(self.space.names):
            raise self._refusal(told)
        plain = {
            name: as_in_the_space(told[name], hyperparameter)
            for name, hyperparameter in self.space.root.items()
        }
        if None in plain.values():
            raise self._refusal(told)
        if config_id(plain) in self.place:
            return self.candidates[self.place[config_id(plain)]]
        asked = [self.candidates[place] for place in self.asked]
        for among in (asked, self.candidates):
            far = [self._apart(plain, candidate) for candidate in among]
            near = [c for c, d in zip(among, far, strict=True) if d < 1 and d <= 2 * min(far)]
            if len(near) == 1:
                return near[0]
            if self.pending and self.pending[0] in near:
                return self.pending[0]
            if near:  # it might as well be another one
                break
        raise self._refusal(told)

    def _apart(self, one: Configuration, other: Configuration) -> float:
        """How far two configurations are from each other; from 1 on, they are not the same."""
        return max(
            _apart(one[name], other[name], hyperparameter)
            for name, hyperparameter in self.space.root.items()
        )

    def _refusal(self, told: Any) -> ProbecastError:
        if self.pending is None:
            asked = "nothing is asked for at present; ask first"
        else:
            configuration, epochs = self.pending
            asked = f"asked for is {short(configuration)}, to epoch {epochs}; train and tell that"
        return ProbecastError(
            f"{self.problem.info.task}: told {short(told)}, which is no configuration that was "
            f"asked for; {asked}"
        )

    def _check(self, told: Observation) -> None:
        """Make sure that a curve goes on from what was told before, in the metric's range."""
        info, before = self.problem.info, self.told.get(told.config_id)
        where = f"{info.task}: {short(told.configuration)}"
        asked = self.asked.get(self.place[told.config_id], 0)
        if told.epochs > info.epochs:
            raise ProbecastError(
                f"{where}: told {told.epochs} epochs, but a full training has {info.epochs}; "
                "tell one value per epoch"
            )
        if not told.diverged and told.epochs < max(asked, 1):
            raise ProbecastError(
                f"{where}: asked for {max(asked, 1)} epochs, told {told.epochs}; tell its whole "
                "curve, from the first epoch on"
            )
        if before and (told.epochs < before.epochs or (before.diverged and not told.diverged)):
            was = "that it diverged" if before.diverged else f"{before.epochs} epochs"
            raise ProbecastError(
                f"{where}: told {told.epochs} epochs, but {was} before; tell its whole curve"
            )
        metric = METRICS.get(info.metric)
        if metric and (problem := metric.impossible(told.curve)):
            raise ProbecastError(
                f"{where}: {problem}; tell it in the metric's own unit (a share, not per cent), "
                "or give the metric a name of its own"
            )


def plain(value: Any) -> Any:
    """Return NumPy's scalars and arrays, and whatever holds them, as Python's own.

    >>> plain({"layers": np.array([2, 3]), "rate": np.float64(0.5)})
    {'layers': [2, 3], 'rate': 0.5}
    """
    if isinstance(value, np.float16 | np.float32):
        return float(str(value))  # 0.1, not 0.10000000149
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist()) if value.ndim else value.item()
    if isinstance(value, Mapping):
        return {plain(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | range | set):
        return [plain(each) for each in value]
    return value


def as_in_the_space(value: Any, hyperparameter: Hyperparameter) -> Value | None:
    """Return a value in the types of a hyperparameter of the space; None if it has none there."""
    value = plain(value)
    if not hyperparameter.numeric:
        if value in hyperparameter.choices and not isinstance(value, int | float):
            return value
        if isinstance(value, bool | int | str) and all(
            isinstance(choice, bool) for choice in hyperparameter.choices
        ):
            return TRUTH.get(value)
        return str(value) if str(value) in hyperparameter.choices else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return hyperparameter.canonical(value)
    except ProbecastError:
        return None


def _apart(told: Value, ours: Value, hyperparameter: Hyperparameter) -> float:
    """How far a value is from one of the space, in what rounding may change."""
    if told == ours:
        return 0.0
    if not hyperparameter.numeric or not math.isfinite(told):
        return math.inf
    if isinstance(ours, int) and all(isinstance(each, int) for each in hyperparameter.levels):
        return math.inf  # whole numbers are not rounded
    slack = DIGITS * abs(ours)
    if not isinstance(hyperparameter, Choice) and hyperparameter.scale == "linear":
        slack = max(slack, OF_RANGE * (hyperparameter.high - hyperparameter.low))
    return abs(told - ours) / slack if slack else math.inf


def curve_of(configuration: Configuration, values: Any) -> tuple[float, ...]:
    """Return what was told of a training as numbers, one per epoch.

    Raises:
        ProbecastError: it is no list of numbers.
    """
    values = plain(values.tolist() if hasattr(values, "tolist") else values)
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ProbecastError(
            f"own: {short(configuration)}: told {short(values)}; tell a list, the metric after "
            "each epoch from the first on"
        )
    curve = []
    for value in values:
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            curve.append(float(value))
        except (TypeError, ValueError, OverflowError):
            raise ProbecastError(
                f"own: {short(configuration)}: told {short(value)} of epoch {len(curve) + 1}, "
                "which is no number; tell one, or NaN where the training broke down"
            ) from None
    return tuple(curve)

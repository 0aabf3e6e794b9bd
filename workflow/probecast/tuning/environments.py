"""Where trials of one task are bought from a finished table, of which the rest stays hidden."""

from dataclasses import replace

import numpy as np

from probecast.errors import ProbecastError
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable
from probecast.tuning.protocol import Observation, observations


class TableEnvironment:
    """Sells the trials that a finished table holds; the rest of the table stays hidden.

    Args:
        table: complete or diverged trials.
        seed: the table's seed whose trials are replayed; by default its main one.
        noise: standard deviation of what is added to every value, as a share of the range of
            the last values (a value below the floor counts as the floor there).
        noise_seed: of that; a value is the same whenever it is looked at again.

    Attributes:
        horizon: the full length of a trial, in epochs.
        seed: the seed whose trials are replayed.
        candidates: the table's configurations, in its order.
    """

    def __init__(
        self, table: TrialTable, seed: int | None = None, noise: float = 0.0, noise_seed: int = 0
    ) -> None:
        self.horizon = table.info.epochs
        self.seed = table.main_seed() if seed is None else seed
        trials = observations(table, self.seed)
        if noise:
            trials = _noisy(trials, noise * value_range(table, self.seed), noise_seed)
        self._trials = {trial.config_id: trial for trial in trials}
        self.candidates = [trial.configuration for trial in self._trials.values()]
        for trial in self._trials.values():
            if trial.epochs < self.horizon and not trial.diverged:
                raise ProbecastError(
                    f"table of {table.info.task}: the trial of {trial.configuration}, seed "
                    f"{self.seed}, ends after {trial.epochs} of {self.horizon} epochs; only "
                    "complete trials can be replayed: finish its sweep"
                )

    def advance(self, configuration: Configuration, epoch: int) -> Observation:
        """Return the trial's curve up to ``epoch``, or to its divergence if that is earlier."""
        trial = self._trials[config_id(configuration)]
        return Observation(
            trial.configuration,
            trial.curve[:epoch],
            diverged=trial.diverged and trial.epochs <= epoch,
        )


def complete_trials(table: TrialTable) -> TrialTable:
    """Return the table without trials that neither reached the horizon nor diverged."""
    frame = table.frame
    trials = frame.groupby(["config_id", "seed"], observed=True)
    ended = trials["epoch"].transform("max") == table.info.epochs
    ended |= trials["status"].transform(lambda status: (status == "diverged").any())
    return replace(table, frame=frame[ended].reset_index(drop=True))


def some(table: TrialTable, count: int, generator: np.random.Generator) -> TrialTable:
    """Return the trials of so many random configurations, at most."""
    kept = generator.permutation(sorted(table.configurations()))[:count]
    frame = table.frame[table.frame["config_id"].isin(kept)].reset_index(drop=True)
    return replace(table, frame=frame)


def _noisy(trials: list[Observation], deviation: float, seed: int) -> list[Observation]:
    generator = np.random.default_rng(seed)
    return [
        replace(trial, curve=tuple(generator.normal(trial.curve, deviation).tolist()))
        for trial in trials
    ]


def value_range(table: TrialTable, seed: int) -> float:
    """Return the range of the last validation values; what is below the floor counts as it."""
    sign, last = table.info.sign, table.with_floor("val_metric", seed)[table.info.epochs]
    return float(np.ptp((sign * last).clip(lower=sign * table.floor("val_metric"))))

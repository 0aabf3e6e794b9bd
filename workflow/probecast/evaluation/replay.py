"""Any tuner on a finished trial table: what it would have recommended at every total cost."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from probecast.errors import ProbecastError
from probecast.evaluation.results import BASELINE_COLUMNS
from probecast.evaluation.scores import regret
from probecast.meta.settings import ProbeSettings
from probecast.seeds import derive
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable
from probecast.tuners import get_tuner
from probecast.tuners.driver import run
from probecast.tuners.tuner import Observation, Problem, observations

if TYPE_CHECKING:
    from probecast.meta.encoder import MetaEncoder

COSTS = (1, 1.1, 1.5, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def ladder(size: int) -> list[float]:
    """Return total costs to compare tuners at, from 1 to the number of trials of a table.

    >>> ladder(4)
    [1.0, 1.1, 1.5, 2.0, 3.0, 4.0]
    """
    return [float(cost) for cost in COSTS if cost < size] + [float(size)]


class TableEnvironment:
    """Sells the trials that a finished table holds; the rest of the table stays hidden.

    Args:
        table: complete or diverged trials.
        seed: the table's seed whose trials are replayed; by default its smallest.

    Attributes:
        horizon: the full length of a trial, in epochs.
        seed: the seed whose trials are replayed.
        candidates: the table's configurations, in its order.
    """

    def __init__(self, table: TrialTable, seed: int | None = None) -> None:
        self.horizon = table.info.epochs
        self.seed = int(table.frame["seed"].min()) if seed is None else seed
        self._trials = {trial.config_id: trial for trial in observations(table, self.seed)}
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


def replay(
    table: TrialTable,
    sources: Sequence[TrialTable],
    encoder: "MetaEncoder | None",
    methods: Iterable[str],
    budgets: Sequence[float],
    repetitions: int,
    seed: int,
    probes: ProbeSettings | None = None,
) -> pd.DataFrame:
    """Return what tuners recommend on a table at every total cost that they may spend.

    Args:
        table: the target's finished sweep; its first seed's trials are what can be bought.
        sources: tables of other families.
        encoder: pretrained on other families.
        methods: names of registered tuners.
        budgets: total costs in full-run equivalents, at least 1; see ``ladder``.
        repetitions: runs of a tuner that draws at random; others run once, as repetition 0.
        seed: root of the tuners' seeds.
        probes: what tuners that probe may do; by default ``ProbeSettings()``.

    Returns:
        One row per method, repetition and budget, columns ``BASELINE_COLUMNS``: ``cost``
        is the budget; the metrics are the last of the recommendation's trial, the floor
        if it diverged; ``regret`` is that of the test metric against the table's best.
    """
    environment = TableEnvironment(table)
    outcomes = _outcomes(table, environment.seed)
    rows = []
    for method in methods:
        for repetition in range(repetitions if get_tuner(method).seeded else 1):
            problem = Problem(
                info=table.info,
                candidates=environment.candidates,
                budget=max(budgets),
                seed=derive(seed, "replay", table.info.task, method, repetition),
                probes=probes or ProbeSettings(),
                sources=sources,
                encoder=encoder,
            )
            chosen = _recommendations(method, problem, environment, budgets)
            for budget, configuration in zip(budgets, chosen, strict=True):
                row = {"task": table.info.task, "method": method, "repetition": repetition}
                outcome = outcomes[config_id(configuration)]
                rows.append({**row, "cost": float(budget), **outcome})
    return pd.DataFrame(rows, columns=list(BASELINE_COLUMNS))


def _recommendations(
    method: str, problem: Problem, environment: TableEnvironment, budgets: Sequence[float]
) -> list[Configuration]:
    """The method's last recommendation under each budget."""
    tuner = get_tuner(method)
    if not tuner.anytime:
        problems = [replace(problem, budget=budget) for budget in budgets]
        runs = [run(tuner(each), environment, each.budget) for each in problems]
        return [steps[-1].configuration for steps in runs]
    steps = run(tuner(problem), environment, problem.budget)
    return [
        [step for step in steps if step.cost <= budget + 1e-9][-1].configuration
        for budget in budgets
    ]


def _outcomes(table: TrialTable, seed: int) -> dict[str, dict[str, Any]]:
    """What recommending each configuration is worth, by its identity in the space."""
    info = table.info
    last = pd.DataFrame(
        {
            column: table.with_floor(column, seed)[info.epochs].droplevel("seed")
            for column in ("val_metric", "test_metric")
        }
    )
    best = last["test_metric"].max() if info.higher_is_better else last["test_metric"].min()
    last["regret"] = regret(last["test_metric"], best, info.floor_test, info.higher_is_better)
    return {
        config_id(configuration): {"config_id": identity, **last.loc[identity].to_dict()}
        for identity, configuration in table.configurations().items()
        if identity in last.index
    }

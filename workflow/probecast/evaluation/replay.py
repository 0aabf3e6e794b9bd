"""Any tuner on a finished trial table: what it would have recommended at every total cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.regret import regret, within
from probecast.seeds import derive
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable
from probecast.tuners import get_tuner
from probecast.tuning.driver import Step, run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem, Tuner

if TYPE_CHECKING:
    from probecast.learner.encoder import MetaEncoder

BASELINE_COLUMNS = (
    "task",
    "method",
    "repetition",
    "cost",
    "config_id",
    "val_metric",
    "test_metric",
    "regret",
)
REPLAY_COLUMNS = (
    *(*BASELINE_COLUMNS, "within_5pct", "base_rate_5pct"),
    *("regret_from_scratch", "within_5pct_from_scratch"),
)
COSTS = (1, 1.1, 1.5, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def ladder(size: int) -> list[float]:
    """Return total costs to compare tuners at, from 1 to the number of trials of a table.

    >>> ladder(4)
    [1.0, 1.1, 1.5, 2.0, 3.0, 4.0]
    """
    return [float(cost) for cost in COSTS if cost < size] + [float(size)]


def replay(
    table: TrialTable,
    sources: Sequence[TrialTable],
    encoder: "MetaEncoder | None",
    methods: Iterable[str],
    budgets: Sequence[float],
    repetitions: int,
    seed: int,
    noise: float = 0.0,
    watch: Callable[[Tuner, float, int], None] = lambda tuner, budget, repetition: None,
) -> pd.DataFrame:
    """Return what tuners recommend on a table at every total cost that they may spend.

    A tuner that cannot work on this problem, such as one that learns from sources which
    share no configuration with the table, is left out, and the log says why.

    Args:
        table: the target's finished sweep; its main seed's trials are what can be bought.
        sources: tables of other families.
        encoder: pretrained on other families.
        methods: names of registered tuners.
        budgets: total costs in full-run equivalents, at least 1; see ``ladder``.
        repetitions: runs of a tuner that draws at random, and of all if there is noise;
            others run once, as repetition 0.
        seed: root of the seeds of tuners and noise.
        noise: of what the tuners are shown, see ``TableEnvironment``. Outcomes are true.
        watch: is given every tuner after its run, the budget and the repetition.

    Returns:
        One row per method, repetition and budget, columns ``REPLAY_COLUMNS``: ``cost``
        is the budget; the metrics are the last of the recommendation's trial, the floor
        if it diverged, on test data the mean over all its seeds; ``regret`` is that of the test
        metric against the table's best, and
        ``within_5pct`` says whether it comes within 5 % of that, as does the share
        ``base_rate_5pct`` of the table's configurations. ``*_from_scratch``: the
        same of what the run recommended while the budget still paid for a new full training
        of the recommendation instead of its completion. A tuner that can plan for it is run
        once more, on trials that are not resumable, where a finished trial is not trained anew.
    """
    task = table.info.task
    sellers = [  # one per repetition if there is noise
        TableEnvironment(table, noise=noise, noise_seed=derive(seed, "noise", task, repetition))
        for repetition in range(repetitions if noise else 1)
    ]
    outcomes = worth_of(table, sellers[0].seed)
    base_rate = float(np.mean([outcome["within_5pct"] for outcome in outcomes.values()]))
    rows = []
    for method in methods:
        random = noise > 0 or get_tuner(method).seeded
        for repetition in range(repetitions if random else 1):
            environment = sellers[repetition if noise else 0]
            problem = Problem(
                info=table.info,
                candidates=environment.candidates,
                budget=max(budgets),
                seed=derive(seed, "replay", task, method, repetition),
                sources=sources,
                encoder=encoder,
            )
            try:
                runs = _runs(method, problem, environment, budgets)
                retrained = _retrained(method, problem, environment, budgets, runs)
            except ProbecastError as error:
                logger.warning("%s: left out: %s", method, error)
                break
            for budget, (tuner, steps), anew in zip(budgets, runs, retrained, strict=True):
                watch(tuner, budget, repetition)
                completed = _last(step for step in steps if step.cost <= budget + 1e-9)
                scratch = outcomes[config_id(anew)]
                rows.append(
                    {
                        **{"task": task, "method": method, "repetition": repetition},
                        **{"cost": float(budget), "base_rate_5pct": base_rate},
                        **outcomes[config_id(completed)],
                        "regret_from_scratch": scratch["regret"],
                        "within_5pct_from_scratch": scratch["within_5pct"],
                    }
                )
    return pd.DataFrame(rows, columns=list(REPLAY_COLUMNS))


def _runs(
    method: str, problem: Problem, environment: TableEnvironment, budgets: Sequence[float]
) -> list[tuple[Tuner, list[Step]]]:
    """A run under each budget; the same one for all, if budgets only end it."""
    kind = get_tuner(method)
    limits = [problem.budget] if kind.anytime else budgets
    tuners = [kind(replace(problem, budget=limit)) for limit in limits]
    runs = [
        (tuner, run(tuner, environment, limit, problem.resumable))
        for tuner, limit in zip(tuners, limits, strict=True)
    ]
    return runs * (len(budgets) // len(runs))


def _retrained(
    method: str,
    problem: Problem,
    environment: TableEnvironment,
    budgets: Sequence[float],
    runs: Sequence[tuple[Tuner, list[Step]]],
) -> list[Configuration]:
    """What is recommended under each budget where stopped trials are gone."""
    if get_tuner(method).heeds_resumable:
        runs = _runs(method, replace(problem, resumable=False), environment, budgets)
        return [
            _last(step for step in steps if step.cost <= budget + 1e-9)
            for budget, (_, steps) in zip(budgets, runs, strict=True)
        ]
    return [
        _last(step for step in steps if step.spent + 1 <= budget + 1e-9)
        for budget, (_, steps) in zip(budgets, runs, strict=True)
    ]


def _last(steps: Iterable[Step]) -> Configuration:
    return list(steps)[-1].configuration


def worth_of(table: TrialTable, seed: int) -> dict[str, dict[str, Any]]:
    """Return what recommending each configuration is worth, by its identity in the space.

    ``config_id`` in the table, ``val_metric`` of that seed, and ``test_metric``, ``regret`` and
    ``within_5pct`` of the mean over all seeds, so that luck counts less.
    """
    info = table.info
    bought = table.with_floor("val_metric", seed)[info.epochs].droplevel("seed")
    last = bought.to_frame("val_metric").assign(test_metric=table.ends("test_metric"))
    best = info.sign * (info.sign * last["test_metric"]).max()
    last["regret"] = regret(last["test_metric"], best, table.floor(), info.higher_is_better)
    last["within_5pct"] = within(last["test_metric"], best, 0.05, info.higher_is_better)
    return {
        config_id(configuration): {"config_id": identity, **last.loc[identity].to_dict()}
        for identity, configuration in table.configurations().items()
        if identity in last.index
    }

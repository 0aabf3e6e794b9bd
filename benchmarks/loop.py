"""Optuna's loops side by side: its own samplers and pruners, and ours, on the same trainings.

``make bench-loop``, or ``python -m benchmarks.loop [task ...]``: ``study.optimize`` on shipped
tables of complete grids, whose trials it replays epoch by epoch, each task's family held out of
what ours has learnt from. All methods may train as many epochs; a stopped trial is gone. Printed
by total cost, in full trainings: mean regret of the test metric (0: the table's best, 1: its
floor) and the share within 5 %; and the seconds that the tuner itself has taken for a run.

What a study recommends: ours what ``recommend`` says; the others' the best complete trial, or the
best value of any trial as long as none is complete.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from benchmarks.tables import heading, markdown
from probecast.integrations.optuna import ProbecastPruner, ProbecastSampler
from probecast.learner.curves import normalise
from probecast.learner.encoder import MetaEncoder
from probecast.learner.pretraining import pretrain
from probecast.regret import greedy_portfolio, regret, within
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable, read_table
from probecast.tuners.source_regrets import source_regrets
from probecast.tuning.protocol import Problem

SHIPPED = Path(__file__).parents[1] / "workflow/pretrained/trials"
TASKS = ("mnist-cnn", "cifar10-cnn", "imdb-rnn", "ag_news-rnn", "electricity-lstm",
         "spoken-deepspeech")  # fmt: skip
COSTS = (2, 3, 5, 10)
FIRST = 10  # members of the portfolio that a warm start tries first


@dataclass(frozen=True)
class Task:
    """A table to be replayed, and what was learnt from the other families."""

    table: TrialTable
    sources: tuple[TrialTable, ...]
    encoder: MetaEncoder

    @property
    def candidates(self) -> list[Configuration]:
        return list(self.table.configurations().values())

    def portfolio(self) -> list[Configuration]:
        """What a greedy portfolio of the sources would try first."""
        problem = Problem(self.table.info, self.candidates, 10, sources=self.sources)
        return [self.candidates[i] for i in greedy_portfolio(source_regrets(problem), FIRST)]


@dataclass(frozen=True)
class Method:
    """How a study is made; ``first`` says what is enqueued."""

    sampler: Callable[[Task, int], BaseSampler]
    pruner: Callable[[int], BasePruner]
    first: Callable[[Task], Sequence[Configuration]] = lambda task: ()


def _hyperband(epochs: int) -> BasePruner:
    return HyperbandPruner(min_resource=1, max_resource=epochs)


def _ours(task: Task, seed: int) -> BaseSampler:
    info = task.table.info
    return ProbecastSampler(
        info.metric,
        floor=info.floor_val,
        reports=info.epochs,
        architecture=info.architecture,
        space=distributions(task.candidates),
        encoder=task.encoder,
        seed=seed,
    )


METHODS = {
    "probecast": Method(_ours, lambda epochs: ProbecastPruner()),
    "TPE, Hyperband": Method(lambda task, seed: TPESampler(seed=seed), _hyperband),
    "TPE from a portfolio, Hyperband": Method(
        lambda task, seed: TPESampler(seed=seed), _hyperband, Task.portfolio
    ),
    "GP, median": Method(lambda task, seed: GPSampler(seed=seed), lambda epochs: MedianPruner()),
    "random, ASHA": Method(
        lambda task, seed: RandomSampler(seed=seed), lambda epochs: SuccessiveHalvingPruner()
    ),
}


def distributions(
    candidates: Sequence[Configuration],
) -> dict[str, optuna.distributions.BaseDistribution]:
    """A grid as Optuna has it."""
    names = {name: sorted({c[name] for c in candidates}) for name in candidates[0]}
    return {n: optuna.distributions.CategoricalDistribution(v) for n, v in names.items()}


def run(task: Task, method: str, seed: int) -> Iterator[dict[str, float | str]]:
    """Let a study spend the largest budget; yield what it recommended at every cost."""
    info, made = task.table.info, METHODS[method]
    identities = {config_id(c): identity for identity, c in task.table.configurations().items()}
    table = task.table.without_repeats()
    curves = table.curves().droplevel("seed")
    last = table.with_floor("test_metric")[info.epochs].droplevel("seed")
    best = last.max() if info.higher_is_better else last.min()
    study = optuna.create_study(
        direction="maximize" if info.higher_is_better else "minimize",
        sampler=made.sampler(task, seed),
        pruner=made.pruner(info.epochs),
    )
    for configuration in made.first(task):
        study.enqueue_trial(configuration)
    space = distributions(task.candidates)
    spent, waiting, start = 0, list(COSTS), time.process_time()

    def objective(trial: optuna.Trial) -> float:
        nonlocal spent
        configuration = {n: trial.suggest_categorical(n, d.choices) for n, d in space.items()}
        for epoch, value in curves.loc[identities[config_id(configuration)]].items():
            if spent >= COSTS[-1] * info.epochs:
                raise optuna.TrialPruned
            spent += 1
            trial.report(value, epoch)
            if value != value or trial.should_prune():
                raise optuna.TrialPruned
        return value

    while waiting:
        study.optimize(objective, n_trials=1)
        while waiting and spent >= waiting[0] * info.epochs:
            chosen = last[identities[config_id(_recommended(study, info.higher_is_better))]]
            yield {
                "method": method,
                "task": info.task,
                "seed": seed,
                "cost": waiting.pop(0),
                "regret": float(regret(chosen, best, info.floor_test, info.higher_is_better)),
                "within": bool(within(chosen, best, 0.05, info.higher_is_better)),
                "seconds": time.process_time() - start,
            }


def _recommended(study: optuna.Study, larger: bool) -> Configuration:
    if isinstance(study.sampler, ProbecastSampler):
        return study.sampler.recommend(study).params
    trials = study.get_trials(deepcopy=False)
    complete = [t for t in trials if t.state.name == "COMPLETE"]
    ended = complete or [t for t in trials if t.intermediate_values]
    sign = 1 if larger else -1

    def merit(trial: optuna.trial.FrozenTrial) -> float:
        value = sign * list(trial.intermediate_values.values())[-1]
        return value if value == value else -np.inf

    return max(ended, key=merit).params


def task_of(name: str) -> Task:
    """A task with its sources: the shipped tables of other families that tell anything."""
    table = read_table(SHIPPED / f"{name}.parquet")
    tables = [read_table(path) for path in sorted(SHIPPED.glob("*.parquet"))]
    sources = tuple(t for t in tables if t.info.family != table.info.family and normalise(t))
    grids = tuple(t for t in sources if set(t.hyperparameters) == set(table.hyperparameters))
    return Task(table, grids, pretrain(sources))


def summary(runs: pd.DataFrame) -> list[dict[str, str]]:
    """One row per method."""
    rows = []
    for method, of_method in runs.groupby("method", sort=False):
        row = {"method": method}
        for cost, found in of_method.groupby("cost"):
            row[f"regret at {cost}"] = (
                f"{found['regret'].mean():.3f}, {found['within'].mean():.0%}"
            )
        longest = of_method[of_method["cost"] == COSTS[-1]]
        rows.append({**row, "tuner's seconds": f"{longest['seconds'].mean():.1f}"})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", nargs="*", default=list(TASKS), metavar="task")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("\n".join(heading("Optuna's loops", "benchmarks.loop", ["optuna", "numpy", "torch"])))
    rows = []
    for name in arguments.tasks:
        task = task_of(name)
        for method in arguments.methods:
            for seed in range(arguments.repetitions):
                rows += run(task, method, seed)
        print(
            "\n".join(["", f"after {name}:", *markdown(summary(pd.DataFrame(rows)))]), flush=True
        )


if __name__ == "__main__":
    main()

"""A made-up study of any number of tasks, scored as a real one would be."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kit.recommendations import recommended
from probecast.data.spec import DataSpec
from probecast.evaluation.architectures import leave_one_architecture_out
from probecast.evaluation.calibration import BELIEF_COLUMNS, calibration
from probecast.evaluation.choices import choose, distinct
from probecast.evaluation.importance import importance
from probecast.evaluation.replay import BASELINE_COLUMNS
from probecast.evaluation.results import TaskResults, study_beliefs
from probecast.evaluation.scores import score
from probecast.learner.recommendation import Cost, EncoderUsed, Point, Probe
from probecast.space import Configuration, config_id
from probecast.trials import TaskInfo, TrialTable, build_table
from probecast.tuners import TRANSFER

EPOCHS = 5
GRID = [
    {"learning_rate": rate, "dropout": dropout, "optimizer": optimizer}
    for rate, dropout, optimizer in product((0.1, 0.01, 0.001), (0.1, 0.5), ("SGD", "Adam"))
]
DEFAULT = {"learning_rate": 0.001, "dropout": 0.1, "optimizer": "Adam"}


def made_up_task(
    dataset: str, number: int, metric: str, sampled: bool, lucky: bool = False
) -> TaskResults:
    """Curves that rise from the floor, at a pace set by the configuration and the task.

    A lucky prediction is the best of all configurations, swept or not.
    """
    generator = np.random.default_rng(number)
    higher = metric == "accuracy"
    info = TaskInfo(
        task=f"{dataset}-cnn",
        dataset=dataset,
        family=f"family{number % 4}",
        architecture="cnn",
        metric=metric,
        higher_is_better=higher,
        floor_val=0.1 if higher else 1.0,
        floor_test=0.1 if higher else 1.0,
        epochs=EPOCHS,
        precision="float32",
        machine="2 cores of something",
        meta_features={},
    )
    quality = {config_id(c): generator.uniform(0.2, 0.9) for c in GRID}

    def table(configurations: list[Configuration], seeds: list[int], epochs: int) -> TrialTable:
        rows = []
        for configuration, seed, epoch in product(configurations, seeds, range(1, epochs + 1)):
            identity = config_id(configuration)
            reached = quality[identity] * (1 - 0.4**epoch) + 0.01 * generator.normal()
            value = reached if higher else 1 - reached
            diverged = quality[identity] < 0.25
            if diverged and epoch > 1:
                continue
            rows.append(
                {
                    "config_id": identity,
                    **configuration,
                    "seed": seed,
                    "epoch": epoch,
                    "train_loss": 1.0,
                    "val_loss": 1.0,
                    "val_metric": np.nan if diverged else value,
                    "test_metric": np.nan if diverged else value + 0.005,
                    "seconds": 1.5,
                    "flops": 3e9,
                    "status": "diverged" if diverged else "ok",
                }
            )
        return build_table(info, list(GRID[0]), rows)

    sweep = table(GRID[::2] if sampled else GRID, [0], EPOCHS)
    swept = list(sweep.configurations().values())
    baselines = pd.DataFrame(
        [
            (info.task, method, repetition, cost, config_id(swept[-1]), 0.5, 0.5, 0.6 / cost)
            for method in ("probecast", "random", "portfolio", "best_average", "someone_elses")
            for repetition in range(2 if method == "random" else 1)
            for cost in (1.0, 2.0, 4.0)
        ],
        columns=BASELINE_COLUMNS,
    ).assign(within_5pct=False)
    beliefs = pd.DataFrame(
        [
            (info.task, cost, 0, 0.6, 0.4, 0.8, *generator.uniform(size=2), number % 2 == 0, 0.5)
            for cost in (1.0, 1.25, 1.5, 4.0)
        ],
        columns=BELIEF_COLUMNS,
    )
    probes = swept[:3]
    horizons = [1, 2, EPOCHS]
    best = max(GRID, key=lambda configuration: quality[config_id(configuration)])
    prediction = recommended(
        best if lucky else swept[0],
        probability_within_5pct=0.65,
        probes=[made_up_probe(c, epochs) for c, epochs in zip(probes, horizons, strict=True)],
        probe_cost=Cost(epochs=3, full_runs=3 / EPOCHS, seconds=4.5, flops=9e9),
        training_cost=Cost(epochs=5, full_runs=1.0, seconds=7.5, flops=15e9),
        meta_encoder=EncoderUsed(hash=f"{number:08x}", sources_used=["one-cnn", "other-lstm"]),
    )
    choices = choose(prediction, baselines, sweep, DEFAULT)
    return TaskResults(
        prediction=prediction,
        baselines=baselines,
        beliefs=beliefs,
        unlike=baselines[baselines["method"].isin(TRANSFER)],
        sweep=sweep,
        probes=table(probes, [0], 1),
        final=table(distinct(choices), [7, 8, 9], EPOCHS),
        continued=table(probes, [0], EPOCHS),
        choices=choices,
        space_size=len(GRID),
        candidates=1000,
    )


def made_up_probe(configuration: Configuration, epochs: int) -> Probe:
    return Probe(
        configuration=configuration,
        epochs=epochs,
        diverged=False,
        val_metric=0.5,
        continuation=[
            Point(epoch=epoch, expected=0.6, low=0.5, high=0.7)
            for epoch in range(epochs + 1, EPOCHS + 1)
        ],
    )


@pytest.fixture(scope="session")
def make_study() -> Callable[..., dict[str, Any]]:
    """Return a function that makes the arguments of ``write_report``."""

    def make(datasets: list[str], sampled: bool = False, lucky: bool = False) -> dict[str, Any]:
        metrics = ("accuracy", "mse", "wer")
        return written_up(
            [
                made_up_task(dataset, number, metrics[number % 3], sampled, lucky)
                for number, dataset in enumerate(datasets)
            ]
        )

    return make


def written_up(tasks: list[TaskResults]) -> dict[str, Any]:
    """Return the arguments of ``write_report`` for some tasks' results."""
    scores, summary, headline = score(tasks, study="made_up", seed=0)
    return {
        "study": {"file": "made_up.yaml", "packages": {"numpy": "2.4"}, "seed": 0},
        "study_file": "name: made_up\ntasks: [digits-cnn]\n",
        "headline": headline,
        "scores": scores,
        "summary": summary,
        "calibration": calibration(study_beliefs(tasks)),
        "importance": importance(tasks, seed=0),
        "architectures": leave_one_architecture_out(tasks),
        "tasks": tasks,
        "methods": ["probecast", "random", "portfolio", "best_average"],
        "specs": [made_up_spec(task.info.dataset) for task in tasks],
        "seed": 0,
    }


@pytest.fixture(scope="session")
def write_up() -> Callable[..., dict[str, Any]]:
    """Return ``written_up``, for tests that change tasks first."""
    return written_up


def made_up_spec(dataset: str) -> DataSpec:
    return DataSpec(
        dataset=dataset,
        family="family",
        modality="image",
        input_kind="image",
        input_shape=(1, 8, 8),
        output_kind="classes",
        output_size=10,
        metric="accuracy",
        rows={"train": 400, "val": 100, "test": 200},
        floor={"val": 0.1, "test": 0.1},
        provenance={
            "route": "embedded",
            "identifier": dataset,
            "checksums": {"train": "0123abcd"},
        },
    )

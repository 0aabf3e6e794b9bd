"""Two tasks, three configurations, two epochs, two fresh seeds: small enough to do by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from kit.recommendations import recommended
from probecast.evaluation.calibration import BELIEF_COLUMNS
from probecast.evaluation.choices import Choice
from probecast.evaluation.replay import BASELINE_COLUMNS
from probecast.evaluation.results import TaskResults
from probecast.space import config_id
from probecast.trials import TaskInfo, TrialTable, build_table

A, B, C = ({"learning_rate": rate, "optimizer": "Adam"} for rate in (0.1, 0.01, 0.001))

# One trial: (validation, test) per epoch; a short one has diverged.
Trial = list[tuple[float, float]]


def make_info(task: str, **changes) -> TaskInfo:
    dataset, architecture = task.split("-")
    info = TaskInfo(
        task=task,
        dataset=dataset,
        family=dataset,
        architecture=architecture,
        metric="accuracy",
        higher_is_better=True,
        floor_val=0.1,
        floor_test=0.1,
        epochs=2,
        precision="float32",
        machine="a machine",
        meta_features={},
    )
    return replace(info, **changes)


def make_table(info: TaskInfo, trials: list[tuple[dict, int, Trial]]) -> TrialTable:
    """Every epoch takes 2 seconds and 10 FLOPs."""
    rows = []
    for configuration, seed, epochs in trials:
        shared = {"config_id": config_id(configuration), **configuration, "seed": seed}
        measured = {"train_loss": 1.0, "val_loss": 1.0, "seconds": 2.0, "flops": 10.0}
        for epoch, (val, test) in enumerate(epochs, start=1):
            values = {"epoch": epoch, "val_metric": val, "test_metric": test, "status": "ok"}
            rows.append({**shared, **measured, **values})
        if len(epochs) < info.epochs:
            nothing = dict.fromkeys(("train_loss", "val_loss", "val_metric", "test_metric"))
            last = {"epoch": len(epochs) + 1, "status": "diverged"}
            rows.append({**shared, **measured, **nothing, **last})
    return build_table(info, ["learning_rate", "optimizer"], rows)


def make_baselines(task: str, rows: list[tuple[str, int, float, dict]]) -> pd.DataFrame:
    """Rows of (method, repetition, cost, configuration)."""
    return pd.DataFrame(
        [
            (task, method, repetition, cost, config_id(configuration), 0.5, 0.5, 0.2)
            for method, repetition, cost, configuration in rows
        ],
        columns=BASELINE_COLUMNS,
    ).assign(within_5pct=True)


def make_beliefs(task: str) -> pd.DataFrame:
    """What was believed of recommendations at three costs; cost 3 is more than is paid."""
    return pd.DataFrame(
        [
            (task, 1.0, 0, 0.55, 0.5, 0.6, 0.9, 0.7, True, 0.4),
            (task, 2.0, 0, 0.8, 0.5, 0.9, 0.9, 0.7, True, 0.4),
            (task, 2.0, 1, 0.8, 0.5, 0.9, 0.1, 0.4, False, 0.4),
            (task, 3.0, 0, 0.05, 0.0, 0.1, 0.0, 0.7, True, 0.4),
        ],
        columns=BELIEF_COLUMNS,
    )


@pytest.fixture
def digits() -> TaskResults:
    """Accuracy. B is predicted, A is the best of the sweep, C diverges."""
    info = make_info("digits-cnn")
    sweep = [
        (A, 0, [(0.60, 0.50), (0.90, 0.88)]),
        (B, 0, [(0.50, 0.40), (0.85, 0.87)]),
        (C, 0, [(0.20, 0.20)]),
    ]
    final = [
        (A, 7, [(0.50, 0.50), (0.90, 0.905)]),
        (A, 8, [(0.895, 0.50), (0.90, 0.935)]),
        (B, 7, [(0.30, 0.30), (0.90, 0.88)]),
        (B, 8, [(0.30, 0.30), (0.90, 0.88)]),
        (C, 7, [(0.40, 0.40)]),
        (C, 8, [(0.70, 0.40), (0.70, 0.70)]),
    ]
    ladder = [
        ("random", 0, 1.0, C),
        ("random", 0, 2.0, B),
        ("random", 0, 3.0, A),
        ("random", 1, 2.0, A),
        ("portfolio", 0, 1.0, B),
        ("portfolio", 0, 2.0, A),
        ("best_average", 0, 1.0, B),
        ("best_average", 0, 2.0, A),
    ]
    return TaskResults(
        prediction=recommended(B),
        baselines=make_baselines("digits-cnn", ladder),
        beliefs=make_beliefs("digits-cnn"),
        unlike=make_baselines("digits-cnn", ladder).iloc[:0],
        sweep=make_table(info, sweep),
        probes=make_table(info, [(A, 0, sweep[0][2][:1]), (B, 0, sweep[1][2][:1])]),
        final=make_table(info, final),
        continued=make_table(info, sweep[:2]),
        choices={
            "predicted": Choice(B, 2.0),
            "grid": Choice(A, 3.0),
            "random": Choice(B, 2.0),
            "default": Choice(C, 1.0),
        },
        space_size=3,
        candidates=1000,
    )


@pytest.fixture
def load() -> TaskResults:
    """Mean squared error on a sampled space of 9: smaller is better, and A is predicted."""
    info = make_info(
        "load-lstm", metric="mse", higher_is_better=False, floor_val=2.0, floor_test=2.0
    )
    sweep = [
        (A, 0, [(1.5, 1.5), (1.1, 1.2)]),
        (B, 0, [(1.5, 1.5), (1.0, 1.02)]),
        (C, 0, [(1.5, 1.5), (1.2, 1.03)]),
    ]
    final = [
        (A, 7, [(1.5, 1.5), (1.2, 1.2)]),
        (A, 8, [(1.5, 1.5), (1.2, 1.2)]),
        (B, 7, [(1.5, 1.5), (1.0, 1.0)]),
        (B, 8, [(1.5, 1.5), (1.0, 1.0)]),
        (C, 7, [(1.5, 1.5), (1.0, 1.04)]),
        (C, 8, [(1.5, 1.5), (1.0, 1.04)]),
    ]
    return TaskResults(
        prediction=recommended(A),
        baselines=make_baselines("load-lstm", [("random", 0, 1.0, A)]),
        beliefs=make_beliefs("load-lstm"),
        unlike=make_baselines("load-lstm", [("portfolio", 0, 1.0, A)]),
        sweep=make_table(info, sweep),
        probes=make_table(info, [(A, 0, sweep[0][2][:1])]),
        final=make_table(info, final),
        continued=make_table(info, sweep[:2]),
        choices={
            "predicted": Choice(A, 2.0),
            "grid": Choice(B, 3.0),
            "random": Choice(A, 1.0),
            "default": Choice(C, 1.0),
        },
        space_size=9,
        candidates=1000,
    )

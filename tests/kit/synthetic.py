"""A family of synthetic tasks in which earlier tasks tell much about a new one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from probecast.learner.encoder import MetaEncoder
from probecast.learner.pretraining import pretrain
from probecast.space import config_id
from probecast.trials import TaskInfo, TrialTable, build_table

RATES = (0.001, 0.01, 0.1)
LAYERS = (2, 3, 4)
OPTIMIZERS = ("SGD", "Adam")


@cache
def quick_encoder() -> MetaEncoder:
    """Return an encoder pretrained in a second on tasks 0 to 7."""
    return pretrain([synthetic_task(number) for number in range(8)])


def synthetic_task(number: int, *, epochs: int = 5, seed: int = 0) -> TrialTable:
    """Return the grid of 18 configurations on one task.

    Every optimizer has its best learning rate, which moves from task to task; the rest of
    the accuracy is an effect of the depth, the task's difficulty and a saturating curve.
    """
    generator = np.random.default_rng([seed, number])
    shift, ceiling = generator.normal(0, 0.7), generator.uniform(0.6, 0.95)
    info = TaskInfo(
        task=f"t{number}-cnn",
        dataset=f"t{number}",
        family=f"f{number}",
        architecture="cnn",
        metric="accuracy",
        higher_is_better=True,
        floor_val=0.1,
        floor_test=0.1,
        epochs=epochs,
        precision="float32",
        machine="test",
        meta_features={"log_rows": float(generator.normal(6, 1))},
    )
    rows = []
    for rate in RATES:
        for layers in LAYERS:
            for optimizer in OPTIMIZERS:
                best = (-2.5 if optimizer == "Adam" else -1.2) + shift
                fit = np.exp(-0.5 * (np.log10(rate) - best) ** 2) - 0.05 * (layers - 2)
                final = 0.1 + (ceiling - 0.1) * max(fit, 0)
                configuration = {"learning_rate": rate, "layers": layers, "optimizer": optimizer}
                rows += _rows(configuration, _curve(final, epochs, generator))
    return build_table(info, ["learning_rate", "layers", "optimizer"], rows)


def few(number: int) -> TrialTable:
    """Return a third of a task's configurations, each task another."""
    table = synthetic_task(number)
    kept = np.random.default_rng(number).permutation(list(table.configurations()))[:6]
    frame = table.frame[table.frame["config_id"].isin(kept)].reset_index(drop=True)
    return replace(table, frame=frame)


def _curve(final: float, epochs: int, generator: np.random.Generator) -> np.ndarray:
    time = np.arange(1, epochs + 1) / epochs
    progress = (1 - np.exp(-3 * time)) / (1 - np.exp(-3))
    return np.clip(0.1 + (final - 0.1) * progress + generator.normal(0, 0.01, epochs), 0, 1)


def _rows(configuration: dict, curve: Sequence[float]) -> list[dict]:
    return [
        {
            "config_id": config_id(configuration),
            **configuration,
            "seed": 1,
            "epoch": epoch,
            "train_loss": 1.0,
            "val_loss": 1.0,
            "val_metric": value,
            "test_metric": value,
            "seconds": 0.5,
            "flops": 1e6,
            "status": "ok",
        }
        for epoch, value in enumerate(curve, start=1)
    ]

"""Small trial tables for tests, written by hand."""

from collections.abc import Mapping, Sequence

from probecast.space import config_id
from probecast.trials import TaskInfo, TrialTable, build_table


def small_table(
    curves: Mapping[float, Sequence[float]],
    *,
    task: str = "toy-cnn",
    family: str = "toy",
    metric: str = "accuracy",
    higher_is_better: bool = True,
    floor: float = 0.1,
    test_offset: float = 0.0,
    seed: int = 1,
    meta_features: dict[str, float] | None = None,
) -> TrialTable:
    """Return a table with one hyperparameter, ``learning_rate``.

    Args:
        curves: learning rate -> validation metric per epoch; a NaN ends it as diverged.
        test_offset: what the test metric adds to the validation metric.
    """
    dataset, _, architecture = task.partition("-")
    epochs = max(len(curve) for curve in curves.values())
    info = TaskInfo(
        task=task,
        dataset=dataset,
        family=family,
        architecture=architecture,
        metric=metric,
        higher_is_better=higher_is_better,
        floor_val=floor,
        floor_test=floor,
        epochs=epochs,
        precision="float32",
        machine="test",
        meta_features=meta_features or {},
    )
    rows = [
        {
            "config_id": config_id({"learning_rate": rate}),
            "learning_rate": rate,
            "seed": seed,
            "epoch": epoch,
            "train_loss": 1.0 / epoch,
            "val_loss": 1.0 / epoch,
            "val_metric": value,
            "test_metric": value + test_offset,
            "seconds": 0.5,
            "flops": 1e6,
            "status": "diverged" if value != value else "ok",
        }
        for rate, curve in curves.items()
        for epoch, value in enumerate(curve, start=1)
    ]
    return build_table(info, ["learning_rate"], rows)

"""Where the time of a trial goes, per architecture and width, on one core.

``python -m benchmarks.profile_training`` trains the default configuration of the default study
at three widths, with a stopwatch around each part of a step, and prints

* the share of each part in the time of training and evaluation: arithmetic (the forward and
  backward pass with the loss), the optimizer, clipping the gradient, evaluation, and the rest
  (cutting out batches, the learning rate, reading the loss, Python itself);
* the floating-point operations of training per second of training, and what share that is of
  a product of two 1024 x 1024 matrices in the same number format on the same core.

All times are processor time of one thread. Sequences count with their full length
(``probecast.training.cost``), though padding that a whole batch shares is cut off.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from benchmarks.tables import heading, markdown
from benchmarks.tasks import TASKS, default_study, make_data
from probecast.data.spec import SPLITS, DataSpec, read_tensors
from probecast.space import Configuration
from probecast.training.cost import flops_per_example
from probecast.training.loop import Split, Trial
from probecast.training.process import prepare_process
from probecast.training.settings import TrainingSettings

WIDTHS = (64, 128, 256)
PARTS = ("arithmetic", "optimizer", "clipping", "evaluation", "other")
SIDE = 1024  # of the matrices whose product is the yardstick


class Stopwatch:
    """Adds up the processor time spent in functions, by the part they belong to."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def on(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` with the watch running."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[part] += time.process_time() - start

        return timed


@dataclass(frozen=True)
class Profile:
    """What the epochs of one trial took.

    Attributes:
        seconds: by part, the keys of ``PARTS``; together the whole time.
        steps: training steps.
        flops: of training.
    """

    seconds: dict[str, float]
    steps: int
    flops: float

    @property
    def training_seconds(self) -> float:
        """Everything but evaluation."""
        return sum(self.seconds.values()) - self.seconds["evaluation"]


def profile(
    architecture: str,
    spec: DataSpec,
    data: dict[str, Split],
    configuration: Configuration,
    settings: TrainingSettings,
) -> Profile:
    """Train for ``settings.epochs`` epochs after the first, which warms up and is not timed."""
    horizon = settings.model_copy(update={"epochs": settings.epochs + 1})
    trial = Trial(architecture, spec, data, configuration, seed=0, settings=horizon)
    trial.train_epoch(1)
    trial.evaluate("val")

    watch, examples = Stopwatch(), 0
    network, loss, step = trial.network.forward, trial.loss, trial.optimizer.step
    evaluate = watch.on("evaluation", trial.evaluate)
    start = time.process_time()
    for epoch in range(2, horizon.epochs + 1):
        with (
            patch.object(trial.network, "forward", watch.on("arithmetic", network)),
            patch.object(trial, "loss", watch.on("arithmetic", loss)),
            patch.object(Tensor, "backward", watch.on("arithmetic", Tensor.backward)),
            patch.object(trial.optimizer, "step", watch.on("optimizer", step)),
            patch.object(
                nn.utils, "clip_grad_norm_", watch.on("clipping", nn.utils.clip_grad_norm_)
            ),
        ):
            examples += trial.train_epoch(epoch)[1]
        evaluate("val")
        evaluate("test")
    total = time.process_time() - start
    seconds = {**watch.seconds, "other": total - sum(watch.seconds.values())}
    flops = flops_per_example(architecture, configuration, spec) * examples
    steps = settings.epochs * -(-spec.rows["train"] // int(configuration["batch_size"]))
    return Profile(seconds, steps, flops)


def matrix_product_speed(precision: str) -> float:
    """Return the floating-point operations per second of a large product: the best of 20."""
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = torch.randn(SIDE, SIDE, dtype=dtype), torch.randn(SIDE, SIDE, dtype=dtype)
    times = []
    for _ in range(20):
        start = time.process_time()
        a @ b
        times.append(time.process_time() - start)
    return 2 * SIDE**3 / min(times)


def row(architecture: str, width: int, profiled: Profile, yardstick: float) -> dict[str, str]:
    """Return one line of the table."""
    total = sum(profiled.seconds.values())
    speed = profiled.flops / profiled.training_seconds
    return {
        "architecture": architecture,
        "width": str(width),
        "step (ms)": f"{1000 * profiled.training_seconds / profiled.steps:.1f}",
        **{part: f"{profiled.seconds[part] / total:.0%}" for part in PARTS},
        "GFLOP/s": f"{speed / 1e9:.1f}",
        "of a matrix product": f"{speed / yardstick:.0%}",
    }


def main() -> None:
    """Profile every architecture at every width and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--architectures", nargs="+", choices=list(TASKS), default=list(TASKS))
    add("--precision", choices=["float32", "bfloat16"], default="float32")
    add("--epochs", type=int, default=3, help="timed epochs, after one that is not")
    options = parser.parse_args()

    prepare_process()
    study = default_study()
    changes = {"epochs": options.epochs, "precision": options.precision, "device": "cpu"}
    settings = study.training.model_copy(update=changes)
    yardstick, rows = matrix_product_speed(options.precision), []
    with TemporaryDirectory() as scratch:
        for architecture in options.architectures:
            task = TASKS[architecture]
            folder = make_data(study, task, Path(scratch))
            spec = DataSpec.read(folder / "spec.json")
            data = {split: read_tensors(folder / f"{split}.safetensors") for split in SPLITS}
            for width in WIDTHS:
                configuration = {**study.default_of(task), "neurons": width}
                profiled = profile(architecture, spec, data, configuration, settings)
                rows.append(row(architecture, width, profiled, yardstick))
    lines = [
        *heading("Where a trial's time goes", "benchmarks.profile_training", ["torch"]),
        f"- the default configuration, {options.epochs} epochs, {options.precision}, one thread; "
        f"a matrix product of {SIDE} x {SIDE} runs at {yardstick / 1e9:.0f} GFLOP/s",
        "",
        *markdown(rows),
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()

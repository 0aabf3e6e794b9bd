"""The training loop: one trial as a generator of epochs, which may wait between any two.

Everything random in epoch e is derived from (seed, e), and the learning-rate schedule always
runs over the full horizon. So the first epochs of a trial are the same, bit for bit on one CPU
machine, whether it is stopped early, suspended among others, or trained to the end.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec
from probecast.errors import ProbecastError
from probecast.metrics import Outputs, get_metric
from probecast.networks import build_network, get_architecture
from probecast.networks.user import blame, is_own
from probecast.seeds import derive
from probecast.training.cost import flops_per_example
from probecast.training.hyperparameters import OPTIONAL, REQUIRED, problem_with
from probecast.training.losses import LOSSES
from probecast.training.settings import Device, TrainingSettings

Split = dict[str, Tensor]

MOMENTUM = 0.9  # PyTorch's for Adam, and the usual one for SGD
EVALUATION_BATCH = 256
LOSS_LIMIT = 1e6  # nats, or squared standard deviations: nothing comes back from there


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch of a trial came to: ``trials.Measured`` without the seed."""

    epoch: int
    train_loss: float
    val_loss: float
    val_metric: float
    test_metric: float
    seconds: float
    flops: float
    status: str


def train(
    architecture: str,
    spec: DataSpec,
    data: dict[str, Split],
    configuration: dict[str, Any],
    seed: int,
    settings: TrainingSettings,
) -> Iterator[EpochRecord]:
    """Train one configuration with one seed; yield a record after every epoch.

    The caller may stop at any epoch (a probe) or let several trials wait for each other. A
    trial that diverges ends with the record that says so. PyTorch's global generator is
    seeded anew in every epoch.

    Args:
        architecture: a name in ``networks.ARCHITECTURES``, or ``<file>:<function>``.
        spec: the dataset's description.
        data: ``train``, ``val`` and ``test`` as ``data.spec.read_tensors`` returns them.
        configuration: ``learning_rate``, ``batch_size``, ``optimizer`` (``SGD``, ``Adam`` or
            ``AdamW``), what the architecture reads, and if wanted ``momentum`` (of SGD, or Adam's
            first beta; by default 0.9), ``weight_decay`` and ``warmup_share`` (share of all steps
            with a rising rate). It may leave out what the architecture has a default for.
        seed: of initialisation, order and dropout.
        settings: what all trials of the study share.

    Raises:
        ProbecastError: the architecture cannot take the dataset, or the configuration lacks
            a hyperparameter or holds one that nothing reads.
    """
    configuration = complete(architecture, configuration)
    with blame(architecture, f"configuration {configuration} is prepared"):
        trial = Trial(architecture, spec, data, configuration, seed, settings)
        flops = flops_per_example(architecture, configuration, spec)
    for epoch in range(1, settings.epochs + 1):
        with blame(architecture, f"configuration {configuration} is trained"):
            record = _epoch(trial, epoch, flops)
        yield record
        if record.status == "diverged":
            return


def _epoch(trial: "Trial", epoch: int, flops: float) -> EpochRecord:
    """Train for one epoch and evaluate; ``flops`` are those of training on one example."""
    start = trial.core_time()
    train_loss, seen = trial.train_epoch(epoch)
    cost = {"seconds": trial.core_time() - start, "flops": flops * seen}
    val_loss, val_metric = trial.evaluate("val")
    test_loss, test_metric = trial.evaluate("test")
    if not all(abs(loss) < LOSS_LIMIT for loss in (train_loss, val_loss, test_loss)):  # or NaN
        return EpochRecord(epoch, *[math.nan] * 4, **cost, status="diverged")
    return EpochRecord(epoch, train_loss, val_loss, val_metric, test_metric, **cost, status="ok")


class Trial:
    """A network in training, with all that its steps need.

    The arguments are those of ``train``, but the configuration leaves nothing out.

    The data lies on the device as whole tensors, and a batch is cut out by index: for networks
    this small, loading by worker processes would cost more than the training.
    """

    def __init__(
        self,
        architecture: str,
        spec: DataSpec,
        data: dict[str, Split],
        configuration: dict[str, Any],
        seed: int,
        settings: TrainingSettings,
    ) -> None:
        self.spec, self.configuration = spec, configuration
        self.seed, self.settings = seed, settings
        self.device = device_of(settings.device)
        self.data = {
            name: {
                key: tensor.to(self.device) for key, tensor in _with_lengths(split, spec).items()
            }
            for name, split in data.items()
        }
        self.loss, self.metric = LOSSES[spec.output_kind], get_metric(spec.metric)
        torch.manual_seed(derive(seed, "initialisation"))
        self.network = build_network(architecture, configuration, spec).to(self.device)
        self.optimizer = _optimizer(self.network, configuration)

    def train_epoch(self, epoch: int) -> tuple[float, int]:
        """Train on every example once, in random order.

        Returns:
            The mean loss over the examples seen, and their number: fewer than all if that
            mean left the range of a trial that has not diverged.
        """
        split, batch_size = self.data["train"], self.configuration["batch_size"]
        examples = len(split["targets"])
        shuffle = torch.Generator().manual_seed(derive(self.seed, "order", epoch))
        batches = torch.randperm(examples, generator=shuffle).to(self.device).split(batch_size)
        torch.manual_seed(derive(self.seed, "epoch", epoch))  # for dropout
        self.network.train()
        total, seen = 0.0, 0
        for step, rows in enumerate(batches, start=(epoch - 1) * len(batches)):
            self._set_learning_rate(step, self.settings.epochs * len(batches))
            batch = _take(split, rows)
            loss = self.loss(self._predict(batch), batch)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)
            self.optimizer.step()
            total += loss.item() * len(rows)
            seen += len(rows)
            if not abs(total / seen) < LOSS_LIMIT:  # or NaN
                break
        return total / seen, seen

    @torch.inference_mode()
    def evaluate(self, name: str) -> tuple[float, float]:
        """Return the mean loss and the metric on the split called ``name``."""
        split = self.data[name]
        examples = len(split["targets"])
        self.network.eval()
        loss, total, count = 0.0, 0.0, 0
        for rows in torch.arange(examples, device=self.device).split(EVALUATION_BATCH):
            batch = _take(split, rows)
            outputs = self._predict(batch)
            loss += self.loss(outputs, batch).item() * len(rows)
            batch_total, batch_count = self.metric.compute(outputs, batch, self.spec.vocabulary)
            total, count = total + batch_total, count + batch_count
        return loss / examples, total / count

    def core_time(self) -> float:
        """Return this process's seconds of processor time or, with a GPU, of the clock."""
        if self.device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def _predict(self, batch: Split) -> Outputs:
        """Return the network's outputs in float32, the format of losses and metrics."""
        low = self.settings.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low):
            outputs = self.network(batch["inputs"], batch.get("input_lengths"))
        if isinstance(outputs, Tensor):
            return outputs.float()
        scores, lengths = outputs
        return scores.float(), lengths

    def _set_learning_rate(self, step: int, steps: int) -> None:
        factor = schedule(step, steps, self.configuration.get("warmup_share", 0.0))
        for group in self.optimizer.param_groups:
            group["lr"] = self.configuration["learning_rate"] * factor


def schedule(step: int, steps: int, warmup_share: float) -> float:
    """Return the learning rate's factor: a linear rise over the warm-up, then a linear fall.

    Args:
        step: counted from 0 over the whole horizon.
        steps: number of steps of the whole horizon.
        warmup_share: share of the steps that warm up.
    """
    warmup = math.floor(warmup_share * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (steps - step) / (steps - warmup)


def complete(architecture: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Add the architecture's defaults; refuse what is missing then, wrong, or read by nothing."""
    module = get_architecture(architecture)
    configuration = {**getattr(module, "DEFAULTS", {}), **configuration}
    own = is_own(architecture)  # what it reads is not known before it has been built
    needed = REQUIRED.keys() | (frozenset() if own else module.HYPERPARAMETERS)
    missing = sorted(needed - configuration.keys())
    unknown = [] if own else sorted(configuration.keys() - needed - OPTIONAL.keys())
    if missing or unknown:
        raise ProbecastError(
            f"configuration of {architecture!r}: missing {missing}, unknown {unknown}; it needs "
            f"{sorted(needed)} and may have {sorted(OPTIONAL)}. Mend `space` in the study file."
        )
    for name, value in configuration.items():
        if problem := problem_with(name, value, own):
            raise ProbecastError(f"configuration: {name}: {problem}.")
    return configuration


def _optimizer(network: nn.Module, configuration: dict[str, Any]) -> torch.optim.Optimizer:
    momentum = configuration.get("momentum", MOMENTUM)
    name = configuration["optimizer"].lower()
    if name == "sgd":
        kind, options = torch.optim.SGD, {"momentum": momentum}
    else:
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
        options = {"betas": (momentum, 0.999)}
    return kind(
        network.parameters(),
        lr=configuration["learning_rate"],
        weight_decay=configuration.get("weight_decay", 0.0),
        fused=True,
        **options,
    )


def device_of(name: Device) -> torch.device:
    """Return what ``training.device`` stands for here.

    Raises:
        ProbecastError: a GPU is asked for, and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ProbecastError("training.device: cuda, but PyTorch finds no GPU; use cpu or auto.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _with_lengths(split: Split, spec: DataSpec) -> Split:
    """Give token sequences their lengths, so that padding can be cut off."""
    if spec.input_kind != "tokens":
        return split
    return {**split, "input_lengths": (split["inputs"] != 0).sum(1)}


def _take(split: Split, rows: Tensor) -> Split:
    """Return the examples ``rows``, without the padding that all of them share."""
    batch = {name: tensor.index_select(0, rows) for name, tensor in split.items()}
    if "input_lengths" in batch:
        longest = max(1, int(batch["input_lengths"].max()))
        batch["inputs"] = batch["inputs"][:, :longest]
    return batch

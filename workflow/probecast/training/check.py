"""Whether a network of the user's own does what training needs: tried out before any training.

It is built for the default configuration and for every level of every hyperparameter, on made-up
examples. What is asked of it stands in docs/own-network.md.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from probecast.data.spec import SPLITS, DataSpec
from probecast.errors import ProbecastError
from probecast.metrics import Outputs
from probecast.networks import build_network, get_architecture
from probecast.networks.inputs import made_up_inputs
from probecast.networks.user import blame
from probecast.space import Configuration
from probecast.training.hyperparameters import OPTIONAL, REQUIRED
from probecast.training.loop import Split, Trial
from probecast.training.settings import TrainingSettings

SEED = 0
EXAMPLES = 3
TOLERANCE = {"rtol": 1e-3, "atol": 1e-4}  # sums in another order may differ by so much


def check_network(
    architecture: str,
    spec: DataSpec,
    configurations: Sequence[Configuration],
    settings: TrainingSettings,
) -> dict[str, Any]:
    """Try a network out.

    Args:
        architecture: ``<file>:<function>``.
        spec: the dataset's description.
        configurations: the default first, then one or more for every level of the space.
        settings: of the study's trials; here it runs on the CPU.

    Returns:
        Plain JSON: the hyperparameters ``read`` by the network itself, its ``parameters`` (fewest
        and most), and how many ``configurations`` were built.

    Raises:
        ProbecastError: what is wrong, with the file and, where there is one, the line.
    """
    settings = settings.model_copy(update={"device": "cpu"})
    checks = [NetworkCheck(architecture, spec, c, settings) for c in configurations]
    sizes = [check.outputs() for check in checks]
    _check_read(architecture, configurations[0])
    checks[0].repeats()
    checks[0].trains()
    for check in checks:
        check.takes_what_is_left()
    return {
        "read": sorted(get_architecture(architecture).read),
        "parameters": [min(sizes), max(sizes)],
        "configurations": len(configurations),
    }


def _check_read(architecture: str, configuration: Configuration) -> None:
    """Make sure that every hyperparameter is read, by the training loop or the network."""
    own = get_architecture(architecture)
    unread = sorted(configuration.keys() - own.read - REQUIRED.keys() - OPTIONAL.keys())
    if unread:
        raise ProbecastError(
            f"{own.file}: nothing reads {', '.join(unread)}: not the training loop, and not "
            f"{own.name}(), which reads {sorted(own.read)}; read them there, or take them out of "
            "the space."
        )


@dataclass(frozen=True)
class NetworkCheck:
    """One configuration of a network in trial.

    The arguments are those of ``check_network``, with a single configuration.
    """

    architecture: str
    spec: DataSpec
    configuration: Mapping[str, Any]
    settings: TrainingSettings

    def outputs(self) -> int:
        """Check the network's parameters and outputs; return the number of its parameters."""
        network = self._build()
        inputs, lengths = self._inputs()
        together = self._scores(network.eval(), inputs, lengths)
        alone = self._scores(network, inputs[:1], None if lengths is None else lengths[:1])
        if not torch.allclose(together[:1], alone, **TOLERANCE):
            self._fail(
                "the scores of an example depend on the others in its batch, in evaluation mode"
            )
        if not torch.equal(together, self._scores(network, inputs, lengths)):
            self._fail(
                "the scores of the same inputs differ between two calls in evaluation mode; what "
                "is random (dropout) has to depend on self.training"
            )
        if lengths is not None:  # training cuts off the padding that a batch shares
            shorter = max(1, self.spec.input_shape[0] // 2)
            self._scores(network, inputs[:, :shorter], lengths.clamp(max=shorter))
        return sum(parameter.numel() for parameter in network.parameters())

    def repeats(self) -> None:
        """Check that the seed determines the network."""
        inputs, lengths = self._inputs()
        first, again = (self._scores(self._build().eval(), inputs, lengths) for _ in range(2))
        if not torch.equal(first, again):
            self._fail(
                "two networks built with the same seed differ; draw weights from PyTorch's global "
                "generator alone, not from `random` or NumPy"
            )

    def trains(self) -> None:
        """Check training: that the loss is finite, and that the seed determines it."""
        first, again = self._loss(EXAMPLES), self._loss(EXAMPLES)
        if not math.isfinite(first):
            self._fail(f"the loss of the first two training steps is {first}")
        if first != again:
            self._fail(
                f"training twice with the same seed leads to losses of {first} and {again}; draw "
                "random numbers from PyTorch's global generator alone"
            )

    def takes_what_is_left(self) -> None:
        """Check training on a single example, if that is what the last batch holds."""
        if self.spec.rows["train"] % self.configuration["batch_size"] == 1:
            self._loss(1)

    def _build(self) -> nn.Module:
        torch.manual_seed(SEED)
        network = build_network(self.architecture, self.configuration, self.spec)
        if torch.get_default_dtype() != torch.float32:
            torch.set_default_dtype(torch.float32)
            self._fail("it changes PyTorch's default dtype, which all of the process shares")
        trained = [p for p in network.parameters() if p.requires_grad]
        if not trained:
            self._fail("the network has no trainable parameters, so there is nothing to train")
        if strange := sorted({str(p.dtype) for p in trained} - {"torch.float32"}):
            self._fail(
                f"parameters are of {', '.join(strange)}, but have to be torch.float32 "
                "(`training.precision` in the study file says what is computed in)"
            )
        return network

    def _inputs(self) -> tuple[Tensor, Tensor | None]:
        torch.manual_seed(SEED)
        return made_up_inputs(self.spec, EXAMPLES)

    def _scores(self, network: nn.Module, inputs: Tensor, lengths: Tensor | None) -> Tensor:
        """Run the network; return its scores, after a look at their form."""
        with self._blame(f"inputs of shape {tuple(inputs.shape)} are run"):
            outputs = network(inputs, lengths)
        scores = self._unpacked(outputs, len(inputs))
        if not scores.dtype.is_floating_point:
            self._fail(f"the scores are {scores.dtype}, but have to be floating-point numbers")
        if not scores.requires_grad:
            self._fail("the scores have no gradient: are they detached, or under no_grad?")
        if not torch.isfinite(scores).all():
            self._fail("the scores of made-up inputs are not finite, before any training")
        return scores.detach()

    def _unpacked(self, outputs: Outputs, batch: int) -> Tensor:
        """Return the scores of a network's outputs."""
        size = self.spec.output_size
        if self.spec.output_kind != "characters":
            if not isinstance(outputs, Tensor):
                self._fail(
                    f"forward() returns a {type(outputs).__name__}, but has to return a tensor "
                    f"(batch, {size})"
                )
            return self._shaped(outputs, (batch, size))
        if not (isinstance(outputs, tuple) and len(outputs) == 2):
            self._fail(
                f"forward() returns a {type(outputs).__name__}, but for characters it has to "
                f"return a pair: scores (batch, steps, {size}) and their lengths (batch)"
            )
        scores, lengths = outputs
        self._shaped(scores, (batch, scores.shape[1] if scores.ndim > 1 else 0, size))
        whole = isinstance(lengths, Tensor) and lengths.dtype == torch.int64
        if not whole or lengths.shape != (batch,) or lengths.max() > scores.shape[1]:
            self._fail(
                f"forward() returns the lengths {lengths}, but has to return int64 ({batch},), "
                f"each at most the {scores.shape[1]} steps of the scores"
            )
        return scores

    def _shaped(self, scores: Tensor, expected: tuple[int, ...]) -> Tensor:
        if tuple(scores.shape) != expected:
            lost = scores.ndim < len(expected)
            self._fail(
                f"forward() returns scores of shape {tuple(scores.shape)} for a batch of "
                f"{expected[0]}, but has to return {expected}"
                + ("; the batch's dimension is lost (a squeeze?)" if lost else "")
            )
        return scores

    def _loss(self, batch_size: int) -> float:
        """Train on two batches of made-up examples; return the loss."""
        torch.manual_seed(SEED)
        inputs, lengths = made_up_inputs(self.spec, 2 * batch_size)
        split = {"inputs": inputs, **self._targets(2 * batch_size)}
        if lengths is not None and self.spec.input_kind != "tokens":
            split["input_lengths"] = lengths
        data: dict[str, Split] = dict.fromkeys(SPLITS, split)
        configuration = {**self.configuration, "batch_size": batch_size}
        with self._blame(f"batches of {batch_size} are trained on"):
            trial = Trial(self.architecture, self.spec, data, configuration, SEED, self.settings)
            return trial.train_epoch(1)[0]

    def _targets(self, examples: int) -> Split:
        size = self.spec.output_size
        if self.spec.output_kind == "values":
            return {"targets": torch.randn(examples, size)}
        if self.spec.output_kind == "classes":
            return {"targets": torch.randint(size, (examples,))}
        lengths = torch.ones(examples, dtype=torch.int64)
        return {"targets": torch.ones(examples, 1, dtype=torch.int64), "target_lengths": lengths}

    def _blame(self, doing: str) -> AbstractContextManager[None]:
        return blame(self.architecture, f"{doing} (configuration {self.configuration})")

    def _fail(self, problem: str) -> NoReturn:
        raise ProbecastError(
            f"{get_architecture(self.architecture).file}: {problem} (configuration "
            f"{self.configuration}, dataset {self.spec.dataset!r}); docs/own-network.md says what "
            "a network has to do."
        )

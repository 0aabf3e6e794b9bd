"""The meta-encoder: an ensemble of small networks that supply a Gaussian prior.

A network maps (configuration, task, epoch) to the mean of a learning curve, to the
loadings on what tasks differ in, and to the size of what is left; ``meta.posterior`` turns
that and a few probes into a belief. Learnt mean and kernel for transfer between tasks:
Wistuba and Grabocka, "Few-shot Bayesian optimization with deep kernel surrogates" (ICLR
2021); Wang et al., "Pre-trained Gaussian processes for Bayesian optimization" (JMLR 2024).

Shape legend: B points, D inputs, R factors, n configurations, L levels.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from probecast.errors import ProbecastError
from probecast.files import atomic_path, read_json, write_json
from probecast.meta.encoding import Encoding
from probecast.meta.posterior import Prior
from probecast.meta.sources import check_no_leak
from probecast.space import Configuration
from probecast.trials import TaskInfo

WEIGHTS, CARD = "encoder.safetensors", "card.json"


class CurveNetwork(nn.Module):
    """Supplies the parts of a Gaussian over learning curves (float64).

    Beside the learnt factors there are two plain ones: the task may be easier or harder
    as a whole (factor m), or better or worse by a constant (factor 1).

    Args:
        inputs: D, the length of a configuration's and its task's encoding.
        width: neurons in each of the two hidden layers.
        features: number of learnt factors; R is two more.
    """

    def __init__(self, inputs: int, width: int, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(inputs + 2, width),  # + 2: the epoch, linear and logarithmic
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 2 + features),
        )
        self.log_task_scale = nn.Parameter(torch.tensor(math.log(0.3)))
        self.log_task_offset = nn.Parameter(torch.tensor(math.log(0.1)))
        self.log_noise = nn.Parameter(torch.tensor(math.log(0.02)))
        self.log_length = nn.Parameter(torch.tensor(0.0))  # of the residual, in ln(epoch)
        # Multiplies the deviations of factors, residual and noise: how much more unlike the
        # sources a new task is than the sources are unlike what was fitted to them.
        self.log_inflation = nn.Parameter(torch.zeros(3))
        with torch.no_grad():
            head = self.body[-1]
            head.weight *= 0.5
            head.bias[:2] = torch.tensor([0.5, math.log(0.1)])
        self.double()

    def forward(self, inputs: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (B), factors (B, R) and the residual's standard deviation (B).

        Args:
            inputs: (B, D) encoded configurations and tasks.
            fraction: (B) epoch over horizon, in 0..1.
        """
        time = torch.stack([2 * fraction - 1, 1 + _log_time(fraction) / 2], dim=1)
        out = self.body(torch.cat([inputs, time], dim=1))
        mean = out[:, 0]
        plain = torch.stack(
            [self.log_task_scale.exp() * mean, self.log_task_offset.exp().expand_as(mean)], dim=1
        )
        factors = torch.cat([plain, 0.3 * out[:, 2:]], dim=1) * self.log_inflation[0].exp()
        residual = (out[:, 1].clamp(-6, 1) + self.log_inflation[1]).exp()
        return mean, factors, residual

    def correlation(self, a: Tensor, b: Tensor) -> Tensor:
        """Return how residuals at epoch fractions a (A) and b (B) correlate, (A, B)."""
        distance = (_log_time(a)[:, None] - _log_time(b)[None]).abs()
        return torch.exp(-distance / self.log_length.exp())

    def noise(self) -> Tensor:
        """Return the variance of a single measurement."""
        return torch.exp(2 * (self.log_noise + self.log_inflation[2])) + 1e-6


def _log_time(fraction: Tensor) -> Tensor:
    """Early epochs say more than late ones; the shift keeps the first from -infinity."""
    return torch.log(fraction + 0.02)


class MetaEncoder:
    """What was learnt from other tasks, and the only way to use it.

    Args:
        encoding: the inputs it knows.
        networks: the ensemble.
        card: plain JSON: ``sources`` (see ``meta.sources``), ``held_out`` (kind and name,
            or None), ``tried`` (identities of the configurations that most sources hold)
            and the settings of its training.
    """

    def __init__(
        self, encoding: Encoding, networks: Sequence[CurveNetwork], card: dict[str, Any]
    ) -> None:
        self.encoding, self.networks, self.card = encoding, list(networks), card

    @property
    def sources(self) -> list[str]:
        """The tasks that it has learnt from."""
        return [source["task"] for source in self.card["sources"]]

    @cached_property
    def tried(self) -> frozenset[str]:
        """The identities of the configurations that at least half of its sources have tried."""
        return frozenset(self.card["tried"])

    @property
    def parameters(self) -> int:
        """The number of learnt numbers."""
        return sum(p.numel() for network in self.networks for p in network.parameters())

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the weights file, in hexadecimal."""
        return hashlib.sha256(self._weights()).hexdigest()

    def check_unseen(self, info: TaskInfo) -> None:
        """Make sure that nothing was learnt from the task's family.

        An encoder that held out an architecture is checked for that instead.

        Raises:
            ProbecastError: there is a leak.
        """
        held_out = self.card["held_out"]
        kind = held_out["kind"] if held_out else "family"
        check_no_leak(self.card["sources"], kind, getattr(info, kind))

    def priors(
        self, info: TaskInfo, configurations: Sequence[Configuration], epochs: Sequence[int]
    ) -> list[Prior]:
        """Return each network's belief about a task that it has never seen.

        Args:
            info: the task.
            configurations: n of them.
            epochs: the L levels, counted from 1.

        Raises:
            ProbecastError: it has learnt from the task's family.
        """
        self.check_unseen(info)
        encoded = self.encoding.configurations(configurations)
        task = np.tile(self.encoding.task(info), (len(encoded), 1))
        inputs = torch.from_numpy(np.concatenate([encoded, task], axis=1))
        fractions = torch.tensor(epochs, dtype=torch.float64) / info.epochs
        shape = (len(encoded), len(epochs))
        priors = []
        for network in self.networks:
            with torch.no_grad():
                mean, factors, residual = network(
                    inputs.repeat_interleave(len(epochs), dim=0), fractions.repeat(len(encoded))
                )
                priors.append(
                    Prior(
                        mean.reshape(shape).numpy(),
                        factors.reshape(*shape, -1).numpy(),
                        residual.reshape(shape).numpy(),
                        network.correlation(fractions, fractions).numpy(),
                        float(network.noise()),
                    )
                )
        return priors

    def write(self, folder: str | Path) -> None:
        """Write ``encoder.safetensors`` and ``card.json`` into a folder, each atomically."""
        with atomic_path(Path(folder, WEIGHTS)) as temporary:
            temporary.write_bytes(self._weights())
        card = {
            **self.card,
            "networks": len(self.networks),
            "parameters": self.parameters,
            "weights_sha256": self.hash,
            "encoding": self.encoding.to_json(),
        }
        write_json(Path(folder, CARD), card)

    @classmethod
    def read(cls, folder: str | Path) -> "MetaEncoder":
        """Read what ``write`` has written.

        Raises:
            ProbecastError: a file is missing or damaged, or the two do not belong together.
        """
        path, card = Path(folder, WEIGHTS), read_json(Path(folder, CARD))
        remedy = "delete its folder and rerun pretrain"
        try:
            weights = path.read_bytes()
        except FileNotFoundError:
            raise ProbecastError(f"{path}: the file is missing; rerun pretrain") from None
        if hashlib.sha256(weights).hexdigest() != card.get("weights_sha256"):
            raise ProbecastError(f"{path}: does not match {CARD} (weights_sha256); {remedy}")
        try:
            tensors = load(weights)
            encoding = Encoding.from_json(card.pop("encoding"))
            width, features = card["settings"]["width"], card["settings"]["features"]
            networks = [
                CurveNetwork(encoding.size, width, features) for _ in range(card.pop("networks"))
            ]
            for number, network in enumerate(networks):
                prefix = f"{number}."
                network.load_state_dict(
                    {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
                )
        except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ProbecastError(
                f"{folder}: no meta-encoder of this version ({error!r}); {remedy}"
            ) from None
        del card["parameters"], card["weights_sha256"]
        return cls(encoding, networks, card)

    def _weights(self) -> bytes:
        """The contents of the weights file."""
        return save(
            {
                f"{number}.{name}": tensor
                for number, network in enumerate(self.networks)
                for name, tensor in network.state_dict().items()
            }
        )

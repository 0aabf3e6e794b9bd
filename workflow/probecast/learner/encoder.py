"""The meta-encoder: what was learnt from other tasks, and the only way to use it.

It holds the normalised learning curves of its source tasks and a kernel (``learner.kernel``),
which says which configurations are alike and so completes the curves of those that a source
has not tried; ``learner.prior`` makes a Gaussian mixture of that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.files import atomic_path, checked, read_json, read_json_as, write_json
from probecast.holdout import HoldOut, describe_sources
from probecast.learner.calibration import RAW, Calibration
from probecast.learner.card import Card, check_tensors
from probecast.learner.curves import WORST, Scale, at_levels, curve_levels, normalise
from probecast.learner.kernel import Kernel, alike, kernel_of
from probecast.learner.posterior import Posterior, Scales
from probecast.learner.prior import task_prior
from probecast.regret import greedy_portfolio
from probecast.space import Configuration, config_id
from probecast.trials import TaskInfo, TrialTable

WEIGHTS, CARD = "encoder.safetensors", "card.json"
POOL = 64  # configurations that the belief is about
REACHES = (0.1, 0.3, 0.9)  # of the way to perfect: what a task may reach if no source tells
KINDRED = 10.0  # so many sources of other architectures count as one of the target's own
OWN_SCALE = 0.6  # hyperparameters that no source knows: this far apart (of 2) is little alike


@dataclass(frozen=True)
class Source:
    """What is kept of a source task.

    Attributes:
        info: ``task, family, architecture, rows``, as in ``describe_sources``, and
            ``kind, beginning, reach, noise`` as in ``Normalised``.
        task: (inputs) encoded description.
        configurations: (trials, inputs) encoded.
        identities: (trials) their ``config_id``.
        curves: (trials, epochs) normalised; complete.
    """

    info: dict[str, Any]
    task: np.ndarray
    configurations: np.ndarray
    identities: list[str]
    curves: np.ndarray

    @classmethod
    def of(cls, table: TrialTable, encoding: Encoding) -> "Source":
        """Return what to keep of a table whose trials tell something, see ``normalise``."""
        normalised = normalise(table)
        configurations = list(table.configurations().values())
        finished = np.isfinite(normalised.curves).all(axis=1)
        kept = [c for c, complete in zip(configurations, finished, strict=True) if complete]
        (described,) = describe_sources([table])
        scale = {key: getattr(normalised, key) for key in ("kind", "beginning", "reach", "noise")}
        return cls(
            {**described, **scale},
            encoding.task(table.info),
            encoding.configurations(kept),
            [config_id(configuration) for configuration in kept],
            normalised.curves[finished],
        )

    def inputs(self) -> torch.Tensor:
        """Return the kernel's inputs, (trials, D)."""
        return joined(self.configurations, self.task)


def joined(configurations: np.ndarray, task: np.ndarray) -> torch.Tensor:
    """Return the kernel's inputs, (n, D), for configurations (n, ...) on a task."""
    repeated = np.tile(task, (len(configurations), 1))
    return torch.from_numpy(np.concatenate([configurations, repeated], axis=1))


class MetaEncoder:
    """What was learnt from other tasks.

    Args:
        encoding: the inputs it knows.
        kernel: pretrained on the sources, or plain.
        sources: what is kept of them; at least one.
        card: plain JSON: ``held_out`` (kind and name, or None) and the settings of its
            training.
        calibration: of the beliefs.
    """

    def __init__(
        self,
        encoding: Encoding,
        kernel: Kernel,
        sources: Sequence[Source],
        card: dict[str, Any],
        calibration: Calibration = RAW,
    ) -> None:
        self.encoding, self.kernel, self.card = encoding, kernel, card
        self.sources, self.calibration = list(sources), calibration

    def without(self, family: str) -> "MetaEncoder":
        """Return one that remembers no task of a family, and whose beliefs are not calibrated."""
        held_out = HoldOut("family", family)
        left = [source for source in self.sources if not held_out.excludes(source.info)]
        card = {**self.card, "held_out": held_out.to_card()}
        return MetaEncoder(self.encoding, self.kernel, left, card)

    @property
    def tasks(self) -> list[str]:
        """The tasks that it has learnt from."""
        return [source.info["task"] for source in self.sources]

    @property
    def parameters(self) -> int:
        """The number of learnt numbers of the kernel."""
        return sum(parameter.numel() for parameter in self.kernel.parameters())

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
        held_out = HoldOut.from_card(self.card["held_out"])
        kind = held_out.kind if held_out else "family"
        HoldOut(kind, getattr(info, kind)).check(source.info for source in self.sources)

    def expect(self, info: TaskInfo, candidates: Sequence[Configuration]) -> "Expectation":
        """Return what the sources let one expect of a task that has never been seen.

        Raises:
            ProbecastError: it has learnt from the task's family; or of no task whose metric
                can be compared, and the task's floor or the metric's perfect value is unknown.
        """
        self.check_unseen(info)
        levels, scale = curve_levels(info.epochs), Scale(info)
        scaled = [source.info for source in self.sources if source.info["kind"] == scale.kind]
        if not scaled and scale.ceiling is not None:
            scaled = [{"beginning": 0.0, "reach": reach} for reach in REACHES]
        if not scaled:
            raise ProbecastError(
                f"{info.task}: no source has a metric that can be compared with {info.metric!r} "
                f"{'with' if scale.floor is not None else 'without'} a floor (a floor and a "
                "perfect value make all comparable); add such sources, or give all a floor"
            )
        scales = Scales.of(
            [source["beginning"] for source in scaled],
            [source["reach"] for source in scaled],
            scale.floor,
            scale.ceiling,
        )
        encoded = self.encoding.configurations(candidates)
        identities = [config_id(candidate) for candidate in candidates]
        of_sources = [self._on(s, encoded, identities, levels) for s in self.sources]
        curves, unknown = (np.stack(parts) for parts in zip(*of_sources, strict=True))
        weights = self._source_weights(info.architecture)
        rows = _pool(curves[:, :, -1], identities, weights)
        with torch.no_grad():
            places = self.kernel(joined(encoded[rows], self.encoding.task(info)))
        own = self.encoding.unmatched([candidates[row] for row in rows]) / OWN_SCALE
        places = torch.cat([places, torch.from_numpy(own)], dim=1)
        along = [np.cov(at_levels(s.curves, levels).T, bias=True) for s in self.sources]
        prior = task_prior(
            curves[:, rows],
            weights,
            unknown[:, rows],
            np.mean(along, axis=0).reshape(len(levels), len(levels)),
            [source.info["family"] for source in self.sources],
            alike(places, places).numpy(),
            np.array([source.info["noise"] for source in self.sources]),
        )
        return Expectation(rows, levels, scale, Posterior(prior, scales))

    def _source_weights(self, architecture: str) -> np.ndarray:
        """(S,) how much each source says of a task of an architecture, together 1."""
        own = np.array([source.info["architecture"] == architecture for source in self.sources])
        weights = np.where(own, KINDRED, 1.0)
        return weights / weights.sum()

    def _on(
        self,
        source: Source,
        encoded: np.ndarray,
        identities: Sequence[str],
        levels: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The (n, L) curves of the candidates on a source, completed where it has none.

        With the variance of what was completed, 0 elsewhere.
        """
        known = at_levels(source.curves, levels)
        position = {identity: row for row, identity in enumerate(source.identities)}
        rows = np.array([position.get(identity, -1) for identity in identities])
        curves, variance, untried = known[rows], np.zeros((len(rows), len(levels))), rows < 0
        if untried.any():
            with torch.no_grad():
                completed, unknown = self.kernel.complete(
                    source.inputs(), torch.from_numpy(known), joined(encoded[untried], source.task)
                )
            curves[untried] = completed.clamp(WORST, 1.0).numpy()
            variance[untried] = unknown.numpy()[:, None] * known.var(axis=0)
        return curves, variance

    def write(self, folder: str | Path) -> None:
        """Write ``encoder.safetensors`` and ``card.json`` into a folder, each atomically."""
        with atomic_path(Path(folder, WEIGHTS)) as temporary:
            temporary.write_bytes(self._weights())
        card = {
            **self.card,
            "parameters": self.parameters,
            "weights_sha256": self.hash,
            "encoding": self.encoding.to_json(),
            "calibration": asdict(self.calibration),
            "sources": [
                {**source.info, "identities": source.identities} for source in self.sources
            ],
        }
        write_json(Path(folder, CARD), card)

    @classmethod
    def read(cls, folder: str | Path) -> "MetaEncoder":
        """Read what ``write`` has written.

        Raises:
            ProbecastError: a file is missing or damaged, or the two do not belong together.
        """
        path, remedy = Path(folder, WEIGHTS), "delete its folder and rerun pretrain"
        remark = f"no meta-encoder of this version: {remedy}"
        card = read_json_as(Card, Path(folder, CARD), remark)
        weights = checked(path).read_bytes()
        if hashlib.sha256(weights).hexdigest() != card.weights_sha256:
            raise ProbecastError(f"{path}: does not match {CARD} (weights_sha256); {remedy}")
        try:
            tensors = load(weights)
            check_tensors(card, tensors)
            with torch.device("meta"):  # no memory for a size that the weights may not have
                kernel = kernel_of(card.encoding, **card.settings.model_dump())
            kernel.load_state_dict(_under("kernel.", tensors), assign=True)
            sources = []
            for number, source in enumerate(card.sources):
                kept = {k: v.numpy() for k, v in _under(f"sources.{number}.", tensors).items()}
                info = source.model_dump(exclude={"identities"})
                sources.append(Source(info, identities=source.identities, **kept))
        except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise ProbecastError(f"{path}: {remark} ({error!r})") from None
        rest = read_json(Path(folder, CARD))
        for key in (*Card.model_fields, "parameters"):
            if key not in ("held_out", "settings"):
                rest.pop(key, None)
        return cls(card.encoding, kernel, sources, rest, card.calibration)

    def _weights(self) -> bytes:
        """The contents of the weights file."""
        tensors = {f"kernel.{name}": t for name, t in self.kernel.state_dict().items()}
        for number, source in enumerate(self.sources):
            for name in ("task", "configurations", "curves"):
                tensors[f"sources.{number}.{name}"] = torch.from_numpy(getattr(source, name))
        return save(tensors)


@dataclass(frozen=True)
class Expectation:
    """A belief about a task, ready to learn from probes.

    Attributes:
        rows: which candidates it is about, the most promising first.
        levels: the epochs looked at.
        scale: between natural values and the belief's unit.
        posterior: over those candidates and levels.
    """

    rows: list[int]
    levels: np.ndarray
    scale: Scale
    posterior: Posterior


def _pool(ends: np.ndarray, identities: Sequence[str], weights: np.ndarray) -> list[int]:
    """The greedy portfolio of the sources; equals come in the order of their identity.

    Args:
        ends: (S, n) normalised last values.
        identities: (n) the candidates' ``config_id``.
        weights: (S) of the sources.
    """
    # In the order of the identities, which is as good as random, so that candidates of
    # which nothing is known are not taken from one corner of the space.
    order = sorted(range(len(identities)), key=identities.__getitem__)
    regrets = np.clip(1 - ends[:, order], 0, 1)
    return [order[member] for member in greedy_portfolio(regrets, POOL, weights)]


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors whose names begin so, without the beginning."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

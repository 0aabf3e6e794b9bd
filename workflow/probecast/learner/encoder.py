"""The meta-encoder: what was learnt from other tasks, and the only way to use it.

It holds the normalised learning curves of its source tasks. ``learner.kernel`` completes them
for the configurations that a source has not tried; ``learner.prior`` makes a Gaussian mixture
of all. On disk it is two files: ``encoder.safetensors`` with the numbers, and ``card.json``,
which says what they are. Both may come from anyone, so reading checks each against the other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.numpy import load, save

from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.files import atomic_path, checked, read_json_as, write_json
from probecast.holdout import HoldOut, describe_sources
from probecast.learner.calibration import RAW, Calibration
from probecast.learner.curves import WORST, Scale, at_levels, curve_levels, normalise
from probecast.learner.kernel import APART, alike, complete
from probecast.learner.posterior import Posterior, Scales
from probecast.learner.prior import task_prior
from probecast.regret import greedy_portfolio
from probecast.space import Configuration, config_id
from probecast.trials import TaskInfo, TrialTable

WEIGHTS, CARD = "encoder.safetensors", "card.json"
TENSORS = ("task", "configurations", "curves")  # of each source
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
        task: (inputs) encoded description; kept beside the curves, nothing is told from it.
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


class MetaEncoder:
    """What was learnt from other tasks.

    Args:
        encoding: the inputs it knows.
        sources: what is kept of them; at least one.
        card: plain JSON: ``held_out`` (kind and name, or None), and whatever else is to be
            kept beside it.
        calibration: of the beliefs.
    """

    def __init__(
        self,
        encoding: Encoding,
        sources: Sequence[Source],
        card: dict[str, Any],
        calibration: Calibration = RAW,
    ) -> None:
        self.encoding, self.sources = encoding, list(sources)
        self.card, self.calibration = card, calibration

    def without(self, family: str) -> "MetaEncoder":
        """Return one that remembers no task of a family, and whose beliefs are not calibrated."""
        held_out = HoldOut("family", family)
        left = [source for source in self.sources if not held_out.excludes(source.info)]
        card = {**self.card, "held_out": held_out.to_card()}
        return MetaEncoder(self.encoding, left, card)

    @property
    def tasks(self) -> list[str]:
        """The tasks that it has learnt from."""
        return [source.info["task"] for source in self.sources]

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
        own = self.encoding.unmatched([candidates[row] for row in rows]) / OWN_SCALE
        places = np.concatenate([encoded[rows] / APART, own], axis=1)
        along = [np.cov(at_levels(s.curves, levels).T, bias=True) for s in self.sources]
        prior = task_prior(
            curves[:, rows],
            weights,
            unknown[:, rows],
            np.mean(along, axis=0).reshape(len(levels), len(levels)),
            [source.info["family"] for source in self.sources],
            alike(places, places),
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
            completed, unknown = complete(source.configurations, known, encoded[untried])
            curves[untried] = np.clip(completed, WORST, 1.0)
            variance[untried] = unknown[:, None] * known.var(axis=0)
        return curves, variance

    def write(self, folder: str | Path) -> None:
        """Write ``encoder.safetensors`` and ``card.json`` into a folder, each atomically."""
        with atomic_path(Path(folder, WEIGHTS)) as temporary:
            temporary.write_bytes(self._weights())
        card = {
            **self.card,
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
            card.check(tensors)
        except (KeyError, TypeError, ValueError, SafetensorError) as error:
            raise ProbecastError(f"{path}: {remark} ({error!r})") from None
        sources = [
            Source(
                source.model_dump(exclude={"identities"}),
                identities=source.identities,
                **{name: tensors[f"sources.{number}.{name}"] for name in TENSORS},
            )
            for number, source in enumerate(card.sources)
        ]
        held_out = card.held_out and card.held_out.model_dump()
        rest = {"held_out": held_out, **(card.model_extra or {})}
        return cls(card.encoding, sources, rest, card.calibration)

    def _weights(self) -> bytes:
        """The contents of the weights file."""
        return save(
            {
                f"sources.{number}.{name}": np.ascontiguousarray(getattr(source, name))
                for number, source in enumerate(self.sources)
                for name in TENSORS
            }
        )


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


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class HeldOut(_Checked):
    """What an encoder must not have seen."""

    kind: Literal["family", "architecture"]
    name: str


class SourceCard(_Checked):
    """What the card says of a source, see ``Source``."""

    task: str
    family: str
    architecture: str
    rows: int
    kind: str
    beginning: float
    reach: float
    noise: Annotated[float, Field(ge=0)]
    identities: Annotated[list[str], Field(min_length=1)]


class Card(_Checked):
    """The parts of ``card.json`` that ``MetaEncoder.read`` relies on; others are kept."""

    model_config = ConfigDict(extra="allow")

    held_out: HeldOut | None
    weights_sha256: str
    encoding: Encoding
    calibration: Calibration
    sources: Annotated[list[SourceCard], Field(min_length=1)]

    def check(self, tensors: dict[str, np.ndarray]) -> None:
        """Make sure that the tensors are those of the card's sources, and no others.

        Raises:
            ValueError: one has another name, shape or type, or holds what is not finite.
            KeyError: one is missing.
        """
        of_task = len(self.encoding.architectures) + len(self.encoding.meta_features)
        expected = {}
        for number, source in enumerate(self.sources):
            trials = len(source.identities)
            shapes = ((of_task,), (trials, self.encoding.configuration_size), (trials, None))
            for name, shape in zip(TENSORS, shapes, strict=True):
                expected[f"sources.{number}.{name}"] = shape
        if unknown := sorted(set(tensors) - set(expected)):
            raise ValueError(f"{unknown[0]} belongs to no source of the card")
        for name, shape in expected.items():
            tensor = tensors[name]
            fits = len(shape) == tensor.ndim and all(
                size == wanted if wanted is not None else size >= 1
                for size, wanted in zip(tensor.shape, shape, strict=True)
            )
            if not fits:
                raise ValueError(f"{name} is {tensor.shape}, the card says {shape}")
            if tensor.dtype != np.float64 or not np.isfinite(tensor).all():
                raise ValueError(f"{name} holds other than finite float64")

"""The meta-encoder: what was learnt from other tasks, and the only way to use it.

It holds the normalised learning curves of its source tasks, and the strengths that they have
taught. ``learner.kernel`` completes the curves for the configurations that a source has not tried;
``learner.prior`` makes a Gaussian mixture of all. On disk it is two files: ``encoder.safetensors``
with the curves, and ``card.json``, which says what they are and what was learnt. Both may come
from anyone, so reading checks each against the other.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
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
from probecast.learner.curves import (
    WORST,
    Scale,
    after_steps,
    at_levels,
    curve_levels,
    delay,
    normalise,
    roughness,
)
from probecast.learner.kernel import APART, alike, complete
from probecast.learner.own_unit import reaches
from probecast.learner.posterior import Posterior, Scales
from probecast.learner.prior import Evidence, task_prior
from probecast.learner.strengths import EXPECTED, Strengths
from probecast.regret import expected_excess
from probecast.space import Configuration, config_id
from probecast.trials import TaskInfo, TrialTable

WEIGHTS, CARD = "encoder.safetensors", "card.json"
TENSORS = ("task", "configurations", "curves")  # of each source
LEARNT = "learnt"  # the tensor of all other numbers, which the card names
POINTS = 10_000  # of candidates' curves that are considered closely: about a second
REACHES = (0.1, 0.3, 0.9)  # of the way to perfect: what a task may reach if no source tells
ROWS = "log_rows"  # the meta-feature that says how many steps an epoch has
OTHER_SIZE = 2.0  # a source whose trials take so many times the steps of the target's, or fewer
OWN_SCALE = 0.6  # hyperparameters that no source knows: this far apart (of 2) is little alike


@dataclass(frozen=True)
class Source:
    """What is kept of a source task.

    Attributes:
        info: ``task, family, architecture, rows``, as in ``describe_sources``, and
            ``kind, beginning, reach`` as in ``Normalised``.
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
        scale = {key: getattr(normalised, key) for key in ("kind", "beginning", "reach")}
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
        strengths: of the prior.
        lengthscales: of the hyperparameters, by name; of those that are absent: 1.
        calibration: of the beliefs.
    """

    def __init__(
        self,
        encoding: Encoding,
        sources: Sequence[Source],
        card: dict[str, Any],
        strengths: Strengths = EXPECTED,
        lengthscales: Mapping[str, float] = MappingProxyType({}),
        calibration: Calibration = RAW,
    ) -> None:
        self.encoding, self.sources, self.card = encoding, list(sources), card
        self.strengths, self.lengthscales = strengths, dict(lengthscales)
        self.calibration = calibration

    def without(self, family: str) -> "MetaEncoder":
        """Return one that remembers no task of a family, and whose beliefs are not calibrated."""
        held_out = HoldOut("family", family)
        left = [source for source in self.sources if not held_out.excludes(source.info)]
        card = {**self.card, "held_out": held_out.to_card()}
        return MetaEncoder(self.encoding, left, card, self.strengths, self.lengthscales)

    @property
    def tasks(self) -> list[str]:
        """The tasks that it has learnt from."""
        return [source.info["task"] for source in self.sources]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the weights file, in hexadecimal."""
        return hashlib.sha256(self._weights()).hexdigest()

    def _learnt(self) -> dict[str, dict[str, float]]:
        """What was learnt beside the curves, by name, for the card."""
        return {
            "strengths": asdict(self.strengths),
            "lengthscales": self.lengthscales,
            "calibration": asdict(self.calibration),
        }

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
            ProbecastError: it has learnt from the task's family.
        """
        self.check_unseen(info)
        levels, scales = curve_levels(info.epochs), self.scales(info)
        rows, evidence = self.evidence(info, candidates, levels)
        posterior = Posterior(task_prior(evidence, self.strengths), scales)
        return Expectation(rows, levels, Scale(info), posterior)

    def is_comparable(self, info: TaskInfo) -> bool:
        """Whether a task's metric can be compared with a source's, or its range is known."""
        scale = Scale(info)
        alike = any(source.info["kind"] == scale.kind for source in self.sources)
        return alike or scale.ceiling is not None

    def scales(self, info: TaskInfo, told: Sequence[float] = ()) -> Scales:
        """Return what may lead from the common footing to a task's unit.

        Args:
            info: the task.
            told: what its probes have come to, in the unit of ``Scale``; heeded only where the
                task is not comparable.
        """
        scale = Scale(info)
        scaled = [source.info for source in self.sources if source.info["kind"] == scale.kind]
        if not scaled and scale.ceiling is not None:
            scaled = [{"beginning": 0.0, "reach": reach} for reach in REACHES]
        if not scaled:
            return Scales.of(*reaches(told, scale.floor), scale.floor, None)
        return Scales.of(
            [source["beginning"] for source in scaled],
            [source["reach"] for source in scaled],
            scale.floor,
            scale.ceiling,
        )

    def evidence(
        self, info: TaskInfo, candidates: Sequence[Configuration], levels: np.ndarray
    ) -> tuple[list[int], Evidence]:
        """Return which candidates are considered closely, and what the sources say of them."""
        encoded = self.encoding.configurations(candidates)
        places = encoded / self._widths()
        identities = [config_id(candidate) for candidate in candidates]
        experts = [
            (number, odds, after)
            for number, source in enumerate(self.sources)
            for odds, after in self._footings(source, info, levels)
        ]
        numbers, odds = (np.array(column) for column in list(zip(*experts, strict=True))[:2])
        said = [
            self._on(self.sources[n], after, places, identities, levels) for n, _, after in experts
        ]
        curves, unknown, rough = (np.stack(parts) for parts in zip(*said, strict=True))
        own = np.array([s.info["architecture"] == info.architecture for s in self.sources])
        along = [np.cov(at_levels(s.curves, levels).T, bias=True) for s in self.sources]
        rows = _closely(curves[:, :, -1], unknown[:, :, -1], identities, POINTS // len(levels))
        foreign = self.encoding.unmatched([candidates[row] for row in rows]) / OWN_SCALE
        kernel = alike(*[np.concatenate([places[rows], foreign], axis=1)] * 2)
        rough = kernel @ rough[:, rows].mean(axis=0) / kernel.sum(axis=1, keepdims=True)
        return rows, Evidence(
            curves[:, rows],
            unknown[:, rows],
            delay(levels),
            np.mean(along, axis=0).reshape(len(levels), len(levels)),
            [self.sources[number].info["family"] for number in numbers],
            numbers,
            odds,
            own[numbers],
            self._unlike(info)[numbers],
            kernel,
            rough,
        )

    def _unlike(self, info: TaskInfo) -> np.ndarray:
        """(S,) mean squared difference of the sources' descriptions to a task's, if it has one."""
        count = len(self.encoding.architectures)
        described = [name in info.meta_features for name in self.encoding.meta_features]
        if not any(described):
            return np.zeros(len(self.sources))
        sources = np.stack([source.task[count:] for source in self.sources])
        return ((sources - self.encoding.task(info)[count:]) ** 2)[:, described].mean(axis=1)

    def _widths(self) -> np.ndarray:
        """(D,) what an encoded configuration is divided by."""
        names = [hyperparameter.name for hyperparameter in self.encoding.hyperparameters]
        scales = np.array([self.lengthscales.get(name, 1.0) for name in names])
        return APART * scales[self.encoding.groups()]

    def _footings(
        self, source: Source, info: TaskInfo, levels: np.ndarray
    ) -> list[tuple[int, np.ndarray]]:
        """The (trials, levels) of a source that may be the target's, and see ``Evidence.odds``.

        At the same share of the horizon; and after as many steps, if it is known that those of
        the two differ, and the source has curves.
        """
        shares, horizon = at_levels(source.curves, levels), source.curves.shape[1]
        rows = self.encoding.meta_feature(ROWS, source.task)
        if rows is None or ROWS not in info.meta_features or horizon == 1:
            return [(0, shares)]
        larger = float(np.exp(info.meta_features[ROWS] - rows))
        if abs(np.log(larger * info.epochs / horizon)) < np.log(OTHER_SIZE):
            return [(0, shares)]
        return [(-1, shares), (1, after_steps(source.curves, levels, larger))]

    def _on(
        self,
        source: Source,
        known: np.ndarray,
        places: np.ndarray,
        identities: Sequence[str],
        levels: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The (n, L) curves of the candidates on a source, completed where it has none.

        With the variance of what was completed, 0 elsewhere; and that of a measurement. ``known``
        are those of its own trials.
        """
        rough = roughness(source.curves, levels)
        position = {identity: row for row, identity in enumerate(source.identities)}
        rows = np.array([position.get(identity, -1) for identity in identities])
        variance, untried = np.zeros((len(rows), len(levels))), rows < 0
        curves, rough_here = known[rows], rough[rows]
        if untried.any():
            tried = source.configurations / self._widths()
            completed, unknown = complete(tried, known, places[untried])
            curves[untried] = np.clip(completed, WORST, 1.0)
            variance[untried] = unknown[:, None] * known.var(axis=0)
            rough_here[untried] = rough.mean(axis=0)
        return curves, variance, rough_here

    def write(self, folder: str | Path) -> None:
        """Write ``encoder.safetensors`` and ``card.json`` into a folder, each atomically."""
        with atomic_path(Path(folder, WEIGHTS)) as temporary:
            temporary.write_bytes(self._weights())
        card = {
            **self.card,
            "parameters": sum(map(len, self._learnt().values())),
            "weights_sha256": self.hash,
            "encoding": self.encoding.to_json(),
            **self._learnt(),
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
        learnt = (card.strengths, card.lengthscales, card.calibration)
        return cls(card.encoding, sources, rest, *learnt)

    def _weights(self) -> bytes:
        """The contents of the weights file."""
        tensors = {
            f"sources.{number}.{name}": np.ascontiguousarray(getattr(source, name))
            for number, source in enumerate(self.sources)
            for name in TENSORS
        }
        return save({**tensors, LEARNT: _in_order(self._learnt())})


@dataclass(frozen=True)
class Expectation:
    """A belief about a task, ready to learn from probes.

    Attributes:
        rows: which candidates it is about, in the order of their identity.
        levels: the epochs looked at.
        scale: between natural values and the belief's unit.
        posterior: over those candidates and levels.
    """

    rows: list[int]
    levels: np.ndarray
    scale: Scale
    posterior: Posterior


def _closely(
    ends: np.ndarray, unknown: np.ndarray, identities: Sequence[str], most: int
) -> list[int]:
    """The candidates that most can be expected of, in the order of their identity.

    That order is as good as random, so that candidates of which nothing is known are not taken
    from one corner of the space.

    Args:
        ends: (S, n) normalised last values.
        unknown: (S, n) variance of those that had to be completed.
        identities: (n) the candidates' ``config_id``.
        most: so many; fewer only if there are no more.
    """
    mean = ends.mean(axis=0)
    deviation = np.sqrt(ends.var(axis=0) + unknown.mean(axis=0))
    promise = expected_excess(mean - mean.max(), deviation)
    order = sorted(range(len(identities)), key=identities.__getitem__)
    kept = sorted(order, key=lambda row: -promise[row])[:most]
    return sorted(kept, key=identities.__getitem__)


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
    identities: Annotated[list[str], Field(min_length=1)]


class Card(_Checked):
    """The parts of ``card.json`` that ``MetaEncoder.read`` relies on; others are kept."""

    model_config = ConfigDict(extra="allow")

    held_out: HeldOut | None
    weights_sha256: str
    encoding: Encoding
    strengths: Strengths
    lengthscales: dict[str, Annotated[float, Field(gt=0)]]
    calibration: Calibration
    sources: Annotated[list[SourceCard], Field(min_length=1)]

    def check(self, tensors: dict[str, np.ndarray]) -> None:
        """Make sure that the tensors are those of the card's sources, and no others.

        Raises:
            ValueError: one has another name, shape or type, or holds what is not finite.
            KeyError: one is missing.
        """
        of_task = len(self.encoding.architectures) + len(self.encoding.meta_features)
        learnt = _in_order(self.model_dump(include={"strengths", "lengthscales", "calibration"}))
        expected = {LEARNT: learnt.shape}
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
        if not np.array_equal(tensors[LEARNT], learnt):
            raise ValueError(f"{LEARNT} holds other numbers than the card")


def _in_order(learnt: dict[str, dict[str, float]]) -> np.ndarray:
    """All numbers of ``MetaEncoder._learnt``, by name."""
    return np.array([part[name] for _, part in sorted(learnt.items()) for name in sorted(part)])

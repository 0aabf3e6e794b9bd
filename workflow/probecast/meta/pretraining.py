"""Trains the meta-encoder on the trial tables of source tasks, by conditional likelihood.

Every step plays one source task: a few configurations have been probed, and the network is
to predict how all of them end, and how others begin, from those probes.

The networks of the ensemble are cross-fitted: each leaves out a part of the families. What
was left out then says how much wider the network's beliefs must be for a task of a new
family (three numbers per network).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from probecast.errors import ProbecastError
from probecast.meta.encoder import CurveNetwork, MetaEncoder
from probecast.meta.encoding import Encoding, prefix_levels
from probecast.meta.scaling import unit_curves
from probecast.meta.settings import PretrainSettings
from probecast.meta.sources import Kind, check_no_leak, describe_sources
from probecast.seeds import derive
from probecast.trials import TrialTable

PROBED = 8  # at most so many configurations are probed in a training step
EARLY = 3  # a probe ends within the first third of the horizon
HIDE_ARCHITECTURE, HIDE_META_FEATURES = 0.1, 0.5  # so that neither identifies the source task
CALIBRATION_STEPS, CALIBRATION_RATE = 150, 0.05
INFLATION = 2.0  # where no family can be left out: about what leaving one out gives


@dataclass(frozen=True)
class Source:
    """A source task, ready for training.

    Attributes:
        configurations: (trials, inputs) encoded.
        task: (inputs,) encoded.
        curves: (trials, epochs) on the common scale; NaN = not known.
    """

    configurations: np.ndarray
    task: np.ndarray
    curves: np.ndarray

    @classmethod
    def of(cls, table: TrialTable, encoding: Encoding) -> "Source":
        """Encode those trials of a table whose end is known, by completion or divergence."""
        configurations, curves = table.configurations(), unit_curves(table)
        trials = table.curves("val_metric").index.get_level_values("config_id")
        finished = np.isfinite(curves[:, -1])
        if not finished.any():
            raise ProbecastError(
                f"table of {table.info.task}: no trial reaches epoch {table.info.epochs}; "
                "finish its sweep or leave it out"
            )
        return cls(
            encoding.configurations([configurations[trial] for trial in trials[finished]]),
            encoding.task(table.info),
            curves[finished],
        )


@dataclass(frozen=True)
class Episode:
    """One training step's points: what is known, then what is to be predicted.

    Attributes:
        inputs: (B, D) encoded configurations and task.
        trial: (B) which points are of one trial.
        fraction: (B) epoch over horizon.
        values: (B) on the common scale.
        known: the first so many points are given.
    """

    inputs: Tensor
    trial: Tensor
    fraction: Tensor
    values: Tensor
    known: int


def pretrain(
    tables: Sequence[TrialTable],
    settings: PretrainSettings,
    seed: int = 0,
    held_out: tuple[Kind, str] | None = None,
) -> MetaEncoder:
    """Return a meta-encoder trained on the tables; the same for the same arguments.

    Args:
        tables: finished trial tables of the source tasks.
        settings: how to train.
        seed: root of initial weights and of everything drawn.
        held_out: kind and name of what none of the tables may belong to.

    Raises:
        ProbecastError: no tables, or one belongs to what is held out.
    """
    tables = sorted(tables, key=lambda table: table.info.task)
    sources = describe_sources(tables)
    if not tables:
        raise ProbecastError("no source tables to pretrain on; add tasks under 'sources'")
    if held_out:
        check_no_leak(sources, *held_out)
    encoding = Encoding.of(tables)
    encoded = [Source.of(table, encoding) for table in tables]
    families = sorted({table.info.family for table in tables})
    folds = [families.index(table.info.family) % settings.networks for table in tables]
    networks = []
    with _one_thread():
        for fold in range(min(settings.networks, len(families))):
            left_out = [s for s, f in zip(encoded, folds, strict=True) if f == fold]
            fitted = [s for s, f in zip(encoded, folds, strict=True) if f != fold]
            own = derive(seed, "pretrain", fold)
            networks.append(_fit(encoding, fitted or encoded, settings, own))
            _calibrate(networks[-1], left_out if fitted else [], encoding, settings, own)
    card = {
        "sources": sources,
        "held_out": {"kind": held_out[0], "name": held_out[1]} if held_out else None,
        "tried": _tried(tables),
        "settings": {**settings.model_dump(mode="json"), "seed": seed},
    }
    return MetaEncoder(encoding, networks, card)


def _tried(tables: Sequence[TrialTable]) -> list[str]:
    """Return the identities of the configurations that at least half of the sources hold."""
    counts = Counter(identity for table in tables for identity in table.configurations())
    return sorted(identity for identity, count in counts.items() if 2 * count >= len(tables))


def _fit(
    encoding: Encoding, sources: Sequence[Source], settings: PretrainSettings, seed: int
) -> CurveNetwork:
    """Train one network."""
    generator = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CurveNetwork(encoding.size, settings.width, settings.features)
    network.log_inflation.requires_grad_(False)
    # Only matrices decay: a noise or a length pulled towards ln 1 would be a strong belief.
    matrices = [p for p in network.parameters() if p.ndim == 2]
    scalars = [p for p in network.parameters() if p.ndim < 2 and p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": scalars, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        fused=True,  # the network is so small that separate updates would take a fifth of the time
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for _ in range(settings.steps):
        source = sources[generator.integers(len(sources))]
        loss = _loss(network, draw_episode(source, encoding, settings.configurations, generator))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return network


def _calibrate(
    network: CurveNetwork,
    left_out: Sequence[Source],
    encoding: Encoding,
    settings: PretrainSettings,
    seed: int,
) -> None:
    """Fit how much wider beliefs must be on sources that the network has not seen."""
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    if not left_out:
        network.log_inflation.fill_(math.log(INFLATION))
        return
    network.log_inflation.requires_grad_(True)
    generator = np.random.default_rng(derive(seed, "calibrate"))
    optimizer = torch.optim.Adam([network.log_inflation], lr=CALIBRATION_RATE)
    for _ in range(CALIBRATION_STEPS):
        source = left_out[generator.integers(len(left_out))]
        loss = _loss(network, draw_episode(source, encoding, settings.configurations, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.log_inflation.requires_grad_(False)


def draw_episode(
    source: Source, encoding: Encoding, configurations: int, generator: np.random.Generator
) -> Episode:
    """Draw which trials of a source were probed, for how long, and what is asked."""
    horizon = source.curves.shape[1]
    drawn = generator.permutation(len(source.curves))[:configurations]
    probed = drawn[: generator.integers(min(PROBED, len(drawn)) + 1)]
    early = max(1, horizon // EARLY)
    known = [
        (trial, epoch)
        for trial in probed
        for epoch in prefix_levels(int(generator.integers(1, early + 1)))
    ]
    asked = [(trial, horizon) for trial in drawn]
    asked += [(trial, int(generator.integers(1, early + 1))) for trial in drawn[len(probed) :]]
    trials, epochs = np.array([*known, *asked]).T
    values = source.curves[trials, epochs - 1]
    measured = np.isfinite(values)
    trials, epochs, values = trials[measured], epochs[measured], values[measured]

    task = source.task.copy()
    if generator.random() < HIDE_ARCHITECTURE:
        task[: len(encoding.architectures)] = 0
    if generator.random() < HIDE_META_FEATURES:
        task[len(encoding.architectures) :] = 0
    inputs = np.concatenate(
        [source.configurations[trials], np.tile(task, (len(trials), 1))], axis=1
    )
    return Episode(
        torch.from_numpy(inputs),
        torch.from_numpy(trials),
        torch.from_numpy(epochs / horizon),
        torch.from_numpy(values),
        known=int(measured[: len(known)].sum()),
    )


def _loss(network: CurveNetwork, episode: Episode) -> Tensor:
    """Return -ln p(asked | known) per asked value, up to a constant.

    The known points come first, so their Cholesky factor is the upper left block of that
    of all, and the remaining rows hold the conditional likelihood.
    """
    mean, factors, residual = network(episode.inputs, episode.fraction)
    same = episode.trial[:, None] == episode.trial[None]
    own = residual[:, None] * residual[None]
    own = own * network.correlation(episode.fraction, episode.fraction)
    noise = network.noise() * torch.eye(len(mean), dtype=mean.dtype)
    factor = torch.linalg.cholesky(factors @ factors.T + same * own + noise)
    surprise = (episode.values - mean)[:, None]
    whitened = torch.linalg.solve_triangular(factor, surprise, upper=False)[:, 0]
    per_point = 0.5 * whitened.square() + factor.diagonal().log()
    return per_point[episode.known :].mean()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in a fixed order, so that the weights do not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

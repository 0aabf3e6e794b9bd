"""Pretrains the meta-encoder on the trial tables of source tasks.

It keeps their learning curves, and learns from them how far apart configurations may lie and still
be alike. Then it predicts some sources, each from the curves of the other families, to learn how
strongly each part of the prior speaks and how sure its beliefs may be.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, HoldOut, describe_sources
from probecast.learner.calibration import Calibration, Outcome
from probecast.learner.curves import Scale, curve_levels, normalise
from probecast.learner.encoder import MetaEncoder, Source
from probecast.learner.fitting import Play, draws_of, fit_strengths
from probecast.learner.kernel import learn_lengthscales, spread
from probecast.learner.outcomes import READING, outcome
from probecast.seeds import derive
from probecast.trials import TrialTable
from probecast.tuning.environments import complete_trials, some

CALIBRATION_TASKS, CALIBRATION_COSTS = 16, (1.5, 2.0, 5.0)
CALIBRATION_TRIALS = 64  # candidates of each run
PLAYED = 16  # sources, at most
PROMISING, RANDOM = 32, 16  # of a source's candidates are looked at


def pretrain(
    tables: Sequence[TrialTable],
    seed: int = 0,
    held_out: HoldOut = NOTHING,
) -> MetaEncoder:
    """Return a meta-encoder trained on the tables; the same for the same arguments.

    Args:
        tables: finished trial tables of the source tasks.
        seed: goes into the card; nothing is drawn from it.
        held_out: what none of the tables may belong to.

    Raises:
        ProbecastError: no tables, or one belongs to what is held out.
    """
    tables = sorted(tables, key=lambda table: table.info.task)
    if not tables:
        raise ProbecastError("no source tables to pretrain on; add tasks under 'sources'")
    held_out.check(describe_sources(tables))
    telling = [table for table in tables if normalise(table)]
    if not telling:
        raise ProbecastError(
            f"tables of {', '.join(table.info.task for table in tables)}: all finished trials "
            "of a task end alike, or next to the floor, so there is nothing to learn; finish "
            "their sweeps, or train for longer"
        )
    encoding = Encoding.of(telling)
    sources = [Source.of(table, encoding) for table in telling]
    card = {"held_out": held_out.to_card(), "seed": seed}
    scales = learn_lengthscales(
        [(source.configurations, source.curves[:, -1]) for source in sources], encoding.groups()
    )
    names = [hyperparameter.name for hyperparameter in encoding.hyperparameters]
    lengthscales = dict(zip(names, scales.tolist(), strict=True))
    encoder = MetaEncoder(encoding, sources, card, lengthscales=lengthscales)
    encoder.strengths = fit_strengths(_plays(encoder, telling))
    encoder.calibration = Calibration.fit(_outcomes(encoder, telling))
    return encoder


def _with_others(
    encoder: MetaEncoder, tables: Sequence[TrialTable]
) -> Iterator[tuple[TrialTable, MetaEncoder]]:
    """Each table with what the other families teach, where some can be compared with it."""
    for table in tables:
        others = encoder.without(table.info.family)
        if Scale(table.info).kind in {source.info["kind"] for source in others.sources}:
            yield table, others


def _plays(encoder: MetaEncoder, tables: Sequence[TrialTable]) -> list[Play]:
    """Sources as new tasks, evenly spread, each with what other families say of it."""
    plays = []
    for table, others in _with_others(encoder, spread(tables, PLAYED)):
        scale, levels = Scale(table.info), curve_levels(table.info.epochs)
        table = complete_trials(table.without_repeats())
        curves = scale.to_unit(table.curves().to_numpy())[:, levels - 1]
        candidates = list(table.configurations().values())
        rows, evidence = others.evidence(table.info, candidates, levels)
        expected = evidence.curves[:, :, -1].mean(axis=0)
        order = np.argsort(-expected, kind="stable")
        generator = np.random.default_rng(derive(0, "play", table.info.task))
        rest = generator.permutation(order[PROMISING:])[:RANDOM]
        kept = np.sort([*order[:PROMISING], *rest]).astype(int)
        noise = READING * _range(curves[:, -1])
        shown = curves + generator.normal(0, noise, curves.shape)
        draws = draws_of(shown[rows][kept], curves[rows][kept, -1], expected[kept], generator)
        if draws:  # a single trial without a curve leaves nothing to predict
            scales = others.scales(table.info).thinned()
            plays.append(Play(evidence.of(kept), scales, draws))
    return plays


def _range(ends: np.ndarray) -> float:
    """How far last values spread, those that failed left out."""
    return float(np.diff(np.quantile(ends[np.isfinite(ends)], [0.1, 1.0]))[0])


def _outcomes(encoder: MetaEncoder, tables: Sequence[TrialTable]) -> list[Outcome]:
    """What other families let one believe of recommendations, and what became of them.

    For some sources, evenly spread, at every one of ``CALIBRATION_COSTS``, each time with another
    random part of their configurations as candidates.
    """
    found = []
    for table, others in _with_others(encoder, spread(tables, CALIBRATION_TASKS)):
        table = complete_trials(table)
        for cost in CALIBRATION_COSTS:
            generator = np.random.default_rng(derive(0, "outcome", table.info.task, cost))
            part = some(table, CALIBRATION_TRIALS, generator)
            found.append(outcome(part, others, cost, derive(0, table.info.task, cost)))
    return found

"""Pretrains the meta-encoder on the trial tables of source tasks.

It keeps their learning curves. Then it predicts some sources, each from the curves of the other
families, to learn how sure its beliefs may be.
"""

from collections.abc import Sequence

import numpy as np

from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, HoldOut, describe_sources
from probecast.learner.calibration import Calibration, Outcomes
from probecast.learner.curves import normalise
from probecast.learner.encoder import MetaEncoder, Source
from probecast.learner.outcomes import outcomes
from probecast.trials import TrialTable
from probecast.tuning.environments import TableEnvironment, complete_trials

CALIBRATION_TASKS, CALIBRATION_COST = 12, 2.0


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
    card = {
        "held_out": held_out.to_card(),
        "seed": seed,
    }
    encoder = MetaEncoder(encoding, sources, card)
    encoder.calibration = Calibration.fit(_outcomes(encoder, telling))
    return encoder


def _outcomes(encoder: MetaEncoder, tables: Sequence[TrialTable]) -> list[Outcomes]:
    """What other families let one believe of some sources, and what became of them.

    One source of each family, or of so many families evenly spread where there are more.
    """
    kinds = {source.info["task"]: source.info["kind"] for source in encoder.sources}
    by_family = {table.info.family: table for table in reversed(tables)}
    families = sorted(by_family)
    spread = np.linspace(0, len(families) - 1, min(len(families), CALIBRATION_TASKS))
    found = []
    for family in (families[place] for place in spread.round().astype(int)):
        table, others = complete_trials(by_family[family]), encoder.without(family)
        if kinds[table.info.task] in {source.info["kind"] for source in others.sources}:
            environment = TableEnvironment(table)
            found.append(outcomes(table, environment, others, CALIBRATION_COST))
    return found

"""Pretrains the meta-encoder on the trial tables of source tasks.

Where the kernel is learnt, every step plays one source task: some of its configurations have
been tried, and the curves of the others are to be completed from those. Then sources are
predicted, each from the curves of the other families (a learnt kernel has seen its own, too),
to learn how sure the beliefs may be.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from probecast.encoding import Encoding
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, HoldOut, describe_sources
from probecast.learner.calibration import Calibration, Outcomes
from probecast.learner.curves import at_levels, curve_levels, normalise
from probecast.learner.encoder import MetaEncoder, Source, joined
from probecast.learner.kernel import Kernel, kernel_of
from probecast.learner.outcomes import outcomes
from probecast.seeds import derive
from probecast.trials import TrialTable
from probecast.tuning.environments import TableEnvironment, complete_trials
from probecast.tuning.settings import PretrainSettings

# So that neither identifies the source task, and tasks that lack them can be served.
HIDE_ARCHITECTURE, HIDE_META_FEATURES = 0.1, 0.5
CALIBRATION_TASKS, CALIBRATION_COST = 12, 2.0
KNOWN = (0.1, 0.7)  # share of the drawn configurations that have been tried


def pretrain(
    tables: Sequence[TrialTable],
    settings: PretrainSettings,
    seed: int = 0,
    held_out: HoldOut = NOTHING,
) -> MetaEncoder:
    """Return a meta-encoder trained on the tables; the same for the same arguments.

    Args:
        tables: finished trial tables of the source tasks.
        settings: how to train.
        seed: root of initial weights and of everything drawn.
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
        "settings": {**settings.model_dump(mode="json"), "seed": seed},
    }
    kernel = fit(encoding, sources, settings, derive(seed, "pretrain"))
    encoder = MetaEncoder(encoding, kernel, sources, card)
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


def fit(
    encoding: Encoding, sources: Sequence[Source], settings: PretrainSettings, seed: int
) -> Kernel:
    """Return the kernel that the settings name, trained on the sources if it learns."""
    with _one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kernel = kernel_of(encoding, settings.kernel, settings.width, settings.features)
        if settings.kernel == "learnt":
            _train(kernel, encoding, sources, settings, np.random.default_rng(seed))
    return kernel.requires_grad_(False)


def _train(
    kernel: Kernel,
    encoding: Encoding,
    sources: Sequence[Source],
    settings: PretrainSettings,
    generator: np.random.Generator,
) -> None:
    # Only matrices decay: a noise pulled towards ln 1 would be a strong belief.
    matrices = [p for p in kernel.parameters() if p.ndim == 2]
    others = [p for p in kernel.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        fused=True,  # the network is small: separate updates would take a fifth of the time
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    several = [source for source in sources if len(source.curves) > 1]
    for _ in range(settings.steps if several else 0):
        source = several[generator.integers(len(several))]
        loss = _loss(kernel, source, encoding, settings.configurations, generator)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(kernel.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _loss(
    kernel: Kernel,
    source: Source,
    encoding: Encoding,
    configurations: int,
    generator: np.random.Generator,
) -> Tensor:
    """Squared error of completing the curves of some of the source's configurations."""
    drawn = generator.permutation(len(source.curves))[:configurations]
    known = max(1, round(generator.uniform(*KNOWN) * len(drawn)))
    task, architectures = source.task.copy(), len(encoding.architectures)
    if generator.random() < HIDE_ARCHITECTURE:
        task[:architectures] = 0
    if generator.random() < HIDE_META_FEATURES:
        task[architectures:] = 0
    inputs = joined(source.configurations[drawn], task)
    levels = curve_levels(source.curves.shape[1])
    values = torch.from_numpy(at_levels(source.curves[drawn], levels))
    completed, _ = kernel.complete(inputs[:known], values[:known], inputs[known:])
    return (completed - values[known:]).square().mean()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in a fixed order, so that the weights do not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

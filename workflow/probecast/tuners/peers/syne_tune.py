"""Past trials as Syne Tune's transfer methods want them; ``pip install -e '.[peers]'``."""

import io
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, redirect_stdout
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from syne_tune.config_space import Domain, choice, uniform
from syne_tune.optimizer.schedulers.transfer_learning.transfer_learning_task_evaluation import (
    TransferLearningTaskEvaluations,
)

from probecast.errors import ProbecastError
from probecast.space import Configuration
from probecast.trials import TrialTable
from probecast.tuning.protocol import Problem

logging.getLogger("syne_tune").setLevel(logging.ERROR)
METRIC = "loss"  # the sources' metric, turned round where larger is better
ABSENT = "absent"  # how a conditional hyperparameter that does not apply is told

Point = dict[str, float | str]


class Transfer(NamedTuple):
    """A problem in Syne Tune's terms.

    Attributes:
        points: the candidates, with a value of every hyperparameter.
        space: the smallest box around them and all that the sources have tried.
        past: the sources' own trials, by the number of the source.
    """

    points: list[Point]
    space: dict[str, Domain]
    past: dict[str, TransferLearningTaskEvaluations]

    @classmethod
    def of(cls, problem: Problem) -> "Transfer":
        """Return the problem, with those sources that have all of its hyperparameters.

        Raises:
            ProbecastError: there is no such source.
        """
        names = sorted({name for candidate in problem.candidates for name in candidate})
        comparable = [s for s in problem.sources if set(names) <= set(s.hyperparameters)]
        sources = [_last_losses(source) for source in comparable]
        # Losses are ranked within their source, so that of a lone trial says nothing.
        sources = [(tried, losses) for tried, losses in sources if len(losses) > 1]
        if not sources:
            raise ProbecastError(
                f"{problem.info.task}: none of the {len(problem.sources)} source tables holds "
                f"two trials with values of {', '.join(names)}; add sources with the same "
                "hyperparameters, or leave out the tuners that learn from them"
            )
        known = [*problem.candidates, *(c for tried, _ in sources for c in tried)]
        space = {name: _domain([c.get(name, ABSENT) for c in known]) for name in names}
        past = {
            str(number): evaluations(space, [_point(c, space) for c in tried], losses)
            for number, (tried, losses) in enumerate(sources)
        }
        return cls([_point(c, space) for c in problem.candidates], space, past)


def evaluations(
    space: dict[str, Domain], points: Sequence[Point], losses: np.ndarray
) -> TransferLearningTaskEvaluations:
    """Return trials of one source, each with its last loss alone."""
    return TransferLearningTaskEvaluations(
        configuration_space=space,
        hyperparameters=pd.DataFrame(points),
        objectives_names=[METRIC],
        objectives_evaluations=losses[:, None, None, None],  # trials, seeds, epochs, metrics
    )


def quiet() -> AbstractContextManager:
    """Keep what Syne Tune prints from the terminal."""
    return redirect_stdout(io.StringIO())


def _last_losses(table: TrialTable) -> tuple[list[Configuration], np.ndarray]:
    """The configurations of a table and their last losses, the mean of their seeds."""
    last = table.with_floor("val_metric").groupby("config_id").mean()[table.info.epochs]
    configurations = table.configurations()
    losses = (-last if table.info.higher_is_better else last).to_numpy()
    return [configurations[identity] for identity in last.index], losses


def _domain(values: Sequence[Any]) -> Domain:
    """What Syne Tune is told about one hyperparameter; boxes and trees know no scale."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return uniform(min(values), max(values))
    return choice(sorted({str(value) for value in values}))


def _point(configuration: Configuration, space: dict[str, Domain]) -> Point:
    """A configuration with a value of every hyperparameter, in the type of its domain."""
    return {n: domain.cast(configuration.get(n, ABSENT)) for n, domain in space.items()}

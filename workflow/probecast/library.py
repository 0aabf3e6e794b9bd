"""probecast in Python, for any network: see ``docs/library.md``.

``open_tuner`` gives a tuner that asks for short trainings, is told how they went, and recommends.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from probecast.errors import ProbecastError
from probecast.learner import shipped
from probecast.learner.encoder import MetaEncoder
from probecast.learner.tuner import ProbecastTuner
from probecast.metrics import METRICS
from probecast.space import Space
from probecast.trials import TaskInfo
from probecast.tuning.protocol import Observation, Problem

__all__ = ["Observation", "open_tuner"]


def open_tuner(
    space: Mapping[str, Any],
    *,
    metric: str,
    epochs: int,
    floor: float = float("nan"),
    higher_is_better: bool | None = None,
    architecture: str = "own",
    cost: float = 2.0,
    resumable: bool = True,
    candidates: int = 1000,
    default: Mapping[str, Any] | None = None,
    encoder: MetaEncoder | None = None,
    seed: int = 0,
) -> ProbecastTuner:
    """Return a tuner for a network and data of one's own.

    While ``ask()`` returns a configuration and an epoch, train the configuration from its start
    to that epoch (or on from where it was left), and ``tell([Observation(configuration, curve)])``
    the validation metric after each epoch from the first on. Then ``recommend()`` returns a
    configuration and what is believed of it.

    Args:
        space: hyperparameters by name, as under ``space`` in a study file. Those with the names
            and units of the encoder's sources profit from them.
        metric: name of the validation metric; ``accuracy``, ``mse`` and ``wer`` can be compared
            with the shipped sources.
        epochs: of a full training. Learning-rate schedules should run over all of them, also in
            a training that is stopped earlier.
        floor: the metric of a trivial predictor, such as the share of the largest class.
        higher_is_better: the metric's direction; known for those of ``METRICS``.
        architecture: what is trained, if it is one that the sources have, such as ``cnn``.
        cost: total cost, probes and the completed training, in full trainings; at least 1.
        resumable: whether a training that was stopped can be continued. If not, one that is
            asked for again after another begins at its first epoch, and a recommendation that
            was not trained to the end is trained anew: both are within ``cost``.
        candidates: how many configurations may be chosen from.
        default: the configuration that you would train with otherwise; always one of them.
        encoder: what was learnt from other tasks; default: the shipped one.
        seed: of whatever is drawn.

    Raises:
        ProbecastError: the space, the metric or the number of epochs is not usable.
    """
    known = METRICS[metric].higher_is_better if metric in METRICS else higher_is_better
    if known is None:
        raise ProbecastError(
            f"metric {metric!r}: say whether higher_is_better; only {', '.join(METRICS)} are known"
        )
    if higher_is_better not in (known, None):
        raise ProbecastError(
            f"metric {metric!r}: higher_is_better is {known}; give yours a name of its own"
        )
    if epochs != int(epochs) or epochs < 1:
        raise ProbecastError(f"epochs: found {epochs}; give a whole number, at least 1")
    try:
        checked = Space.model_validate(dict(space))
    except ValidationError as error:
        raise ProbecastError(f"space: {error}") from None
    info = TaskInfo(
        task="own",
        dataset="own",
        family="own",
        architecture=architecture,
        metric=metric,
        higher_is_better=known,
        floor_val=floor,
        floor_test=floor,
        epochs=int(epochs),
        precision="unknown",
        machine="unknown",
        meta_features={},
    )
    encoder = encoder or MetaEncoder.read(shipped.FOLDER)
    usual = None if default is None else checked.canonical(dict(default))
    choices = checked.candidates(candidates, seed, usual)
    problem = Problem(info, choices, cost, seed, encoder=encoder, resumable=resumable)
    return ProbecastTuner(problem)

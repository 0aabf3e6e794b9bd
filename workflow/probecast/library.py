"""probecast in Python, for any network: see ``docs/library.md``.

``open_tuner`` gives a tuner that asks for short trainings, is told how they went, and recommends.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from probecast.asking import OwnTuner, plain
from probecast.errors import ProbecastError, short
from probecast.learner import shipped
from probecast.learner.encoder import MetaEncoder
from probecast.metrics import METRICS
from probecast.space import Space
from probecast.trials import TaskInfo
from probecast.tuning.protocol import Observation, Problem

__all__ = ["Observation", "open_tuner"]


WANTED = {
    "metric": "give its name",
    "epochs": "give a whole number, at least 1",
    "floor": "give the metric of a trivial predictor, or NaN where it is not known",
    "higher_is_better": "give True or False",
    "architecture": "give a name",
    "cost": "give a finite number of full trainings, at least 1",
    "resumable": "give True or False",
    "candidates": "give a whole number, at least 1",
    "encoder": "give a MetaEncoder",
    "seed": "give a whole number, at least 0",
}


def _not_infinite(value: float) -> float:
    if math.isinf(value):
        raise ValueError
    return value


class _Given(BaseModel):
    """What ``open_tuner`` is given, of the types and in the ranges that it can use."""

    model_config = ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=False)

    metric: Annotated[str, Field(min_length=1)]
    epochs: Annotated[int, Field(ge=1, le=10**5)]
    floor: Annotated[float, AfterValidator(_not_infinite)]
    higher_is_better: bool | None
    architecture: str
    cost: Annotated[float, Field(allow_inf_nan=False)]
    resumable: bool
    candidates: Annotated[int, Field(ge=1, le=10**6)]
    encoder: MetaEncoder | None
    seed: Annotated[int, Field(ge=0, lt=2**63)]


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
) -> OwnTuner:
    """Return a tuner for a network and data of one's own.

    While ``ask()`` returns a configuration and an epoch, train the configuration from its start
    to that epoch (or on from where it was left), and ``tell([Observation(configuration, curve)])``
    the validation metric after each epoch from the first on. Then ``recommend()`` returns a
    configuration and what is believed of it. NumPy's numbers are as good as Python's everywhere,
    and what is told may be rounded to three digits.

    Args:
        space: hyperparameters by name, as under ``space`` in a study file. Those with the names
            and units of the encoder's sources profit from them.
        metric: name of the validation metric; ``accuracy``, ``mse``, ``mae``, ``wer`` and
            ``cer`` can be compared with the shipped sources, if ``floor`` is known. Of any other,
            the probes alone tell how far its values reach.
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
    given = _given(
        metric=metric,
        epochs=epochs,
        floor=floor,
        higher_is_better=higher_is_better,
        architecture=architecture,
        cost=cost,
        resumable=resumable,
        candidates=candidates,
        encoder=encoder,
        seed=seed,
    )
    known = _direction(given)
    checked = _space(space)
    info = TaskInfo.of_user(given.metric, known, given.floor, given.epochs, given.architecture)
    usual = None
    if default is not None:
        if not isinstance(default, Mapping):
            raise ProbecastError(f"default: found {short(default)}; give a configuration")
        usual = checked.canonical(plain(default))
    problem = Problem(
        info,
        checked.candidates(given.candidates, given.seed, usual),
        given.cost,
        given.seed,
        encoder=given.encoder or MetaEncoder.read(shipped.FOLDER),
        resumable=given.resumable,
    )
    return OwnTuner(problem, checked)


def _given(**given: Any) -> _Given:
    try:
        return _Given.model_validate({name: plain(value) for name, value in given.items()})
    except ValidationError as error:
        (name, *_), found = error.errors()[0]["loc"], error.errors()[0]["input"]
        raise ProbecastError(f"{name}: found {short(found)}; {WANTED[str(name)]}") from None


def _space(space: Any) -> Space:
    """The space, or what is wrong first, as it is said of a study file."""
    if not isinstance(space, Mapping):
        raise ProbecastError(f"space: found {short(space)}; give hyperparameters by name")
    try:
        return Space.model_validate(plain(space))
    except ValidationError as error:
        problem = error.errors()[0]
        place = [str(p) for p in problem["loc"] if p not in ("Choice", "Range", "[key]")]
        said = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_pattern_mismatch":
            said = "a name is small letters, digits and underscores, a letter first"
        where = ": ".join(["space", ".".join(place)] if place else ["space"])
        raise ProbecastError(f"{where}: found {short(problem['input'])}; {said}") from None


def _direction(given: _Given) -> bool:
    """Whether a larger value is better; the floor must be one that the metric can have."""
    name, stated = given.metric, given.higher_is_better
    metric = METRICS.get(name)
    if metric is None:
        if stated is None:
            known = ", ".join(METRICS)
            raise ProbecastError(
                f"metric {name!r}: say whether higher_is_better; only {known} are known"
            )
        return stated
    if stated not in (metric.higher_is_better, None):
        raise ProbecastError(
            f"metric {name!r}: higher_is_better is {metric.higher_is_better}; give yours a name "
            "of its own"
        )
    if problem := metric.impossible([given.floor]):
        raise ProbecastError(
            f"floor: {problem}; give it in the metric's own unit (a share, not per cent), or give "
            "the metric a name of its own"
        )
    return metric.higher_is_better

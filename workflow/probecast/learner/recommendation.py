"""The recommendation for one task: what to train with, how sure that is, and what it costs.

``learner.recommend`` makes it. Whoever reads one needs no more than this module.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model

from probecast.errors import ProbecastError
from probecast.files import Record, checked, first_problem
from probecast.learner.transfer import Transfer
from probecast.space import Configuration, Value
from probecast.trials import TaskInfo


class Interval(Record):
    """Where the validation metric is believed to lie after training with a fresh seed.

    Attributes:
        level: with this probability it lies between the two ends.
        low: lower end, in the metric's units.
        high: upper end.
    """

    level: float
    low: float
    high: float


class Point(Record):
    """What a learning curve is believed to reach at one later epoch.

    Attributes:
        epoch: counted from 1.
        expected: validation metric.
        low: lower end of its central 80 % interval.
        high: upper end.
    """

    epoch: int
    expected: float
    low: float
    high: float


class Probe(Record):
    """A short trial on the target.

    Attributes:
        configuration: what was tried.
        epochs: for how long.
        diverged: whether it ended there, since a loss was not finite or beyond all bounds.
        val_metric: after its last epoch; none if it diverged.
        continuation: how its curve is believed to go on; empty if it diverged or was trained to
            the end.
    """

    configuration: Configuration
    epochs: int
    diverged: bool
    val_metric: float | None
    continuation: list[Point]


class Cost(Record):
    """What training costs.

    Attributes:
        epochs: epochs of training.
        full_runs: the same, in trainings of the full budget.
        seconds: core-seconds of training; none where nothing has been measured.
        flops: floating-point operations; none where nothing has been measured.
    """

    epochs: int
    full_runs: float
    seconds: float | None
    flops: float | None


class EncoderUsed(Record):
    """The meta-encoder behind a recommendation.

    Attributes:
        hash: SHA-256 of its weights.
        sources_used: the tasks that it has learnt from.
    """

    hash: str
    sources_used: list[str]


class Recommendation(Record):
    """What to train a task with, how sure that is, and what it costs.

    Attributes:
        configuration: the hyperparameters to train with.
        expected_metric: validation metric to expect after a full training, in natural units.
        interval: the interval in which it is believed to lie.
        probability_within_5pct: probability that it comes within 5 % of the best candidate.
        alternatives: the next best configurations, best first.
        probes: all that was trained on the task before.
        probe_cost: what the probes have cost; 0 without any.
        training_cost: what completing the recommendation will cost, going on from its probe if
            it has one and trials are resumable. Seconds and FLOPs are extrapolated from its own
            epochs, else from those of all probes.
        meta_encoder: what the recommendation was learnt with.
        matched: the target's hyperparameters that the meta-encoder knows, by name and scale.
        unmatched: those that it cannot judge.
        transfer: how they are matched, why not, and what lies beyond the sources.
        training_arguments: for ``transformers.TrainingArguments``; none where the network is no
            model of ``transformers``.
    """

    configuration: Configuration
    expected_metric: float
    interval: Interval
    probability_within_5pct: float
    alternatives: list[Configuration]
    probes: list[Probe]
    probe_cost: Cost
    training_cost: Cost
    meta_encoder: EncoderUsed
    matched: list[str]
    unmatched: list[str]
    transfer: Transfer
    training_arguments: dict[str, Value] | None


EXPORTED = ("configuration", "alternatives", "training_arguments")
Exported = create_model(
    "Exported",
    __base__=Record,
    **{name: Recommendation.model_fields[name].annotation for name in EXPORTED},
)
"""The part of a recommendation that other programs are given; a file may hold no more."""


def read_recommendation(path: str | Path, kind: type[Record] = Recommendation) -> Any:
    """Read ``results/predictions/<task>.json``, or of it what ``kind`` has.

    Raises:
        ProbecastError: the file is missing, damaged, or holds something else.
    """
    try:
        return kind.model_validate_json(checked(path).read_bytes())
    except ValidationError as error:
        raise ProbecastError(
            f"{path}: is no recommendation ({first_problem(error)}), which has "
            f"{', '.join(kind.model_fields)}; rerun predict, or name a file of "
            "results/predictions."
        ) from None


def in_words(info: TaskInfo, result: Recommendation) -> str:
    """Return a recommendation as a short table for the terminal."""
    interval = result.interval
    rows = {
        "train with": ", ".join(f"{k}={v}" for k, v in result.configuration.items()),
        f"expected {info.metric}": f"{result.expected_metric:.3g} (80 % between "
        f"{interval.low:.3g} and {interval.high:.3g}, on these validation rows)",
        "within 5 % of best": f"{result.probability_within_5pct:.0%} sure",
        "probes cost": _cost_in_words(result.probe_cost),
        "training will cost": _cost_in_words(result.training_cost)
        if result.training_cost.epochs
        else "nothing more where trials go on: a probe went to its end",
    }
    if result.unmatched or result.transfer.outside:
        rows["other tasks"] = result.transfer.summary
    width = max(map(len, rows))
    return "\n".join([info.task, *(f"  {name:<{width}}  {value}" for name, value in rows.items())])


def _cost_in_words(cost: Cost) -> str:
    text = f"{cost.epochs} epochs ({cost.full_runs:.2g} full runs)"
    if cost.seconds is None:
        return text
    return f"{text}, {cost.seconds:.3g} core-seconds, {cost.flops:.2g} FLOPs"

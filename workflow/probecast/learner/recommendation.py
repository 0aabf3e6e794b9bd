"""The recommendation for one task: what to train with, how sure that is, and what it costs."""

import logging
from typing import Any

import pandas as pd

from probecast.learner.transfer import Transfer
from probecast.learner.tuner import ProbecastTuner
from probecast.networks import NEED_PRETRAINED
from probecast.space import config_id
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import training_arguments
from probecast.trials import TaskInfo, TrialTable
from probecast.tuning.protocol import Belief, Observation, Problem, observations

logger = logging.getLogger("probecast")


def recommendation(
    problem: Problem, probes: TrialTable | None, training: TrainingSettings | None = None
) -> dict[str, Any]:
    """Return the contents of ``results/predictions/<task>.json``, plain JSON values.

    Args:
        problem: the target, its meta-encoder and the budget under which it was probed.
        probes: the probes' trials; None if there were none.
        training: what all trials of the study share.

    Returns:
        ``configuration, expected_metric, interval, probability_within_5pct`` and
        ``alternatives`` as in ``Belief``; ``probes``; ``probe_cost`` and ``training_cost``,
        see ``_probe_cost`` and ``_training_cost``; ``meta_encoder`` (its hash and source
        tasks); ``matched`` and ``unmatched``, the target's hyperparameters that the
        meta-encoder knows, by name and scale, and those it cannot judge; ``transfer``, why,
        and what lies beyond the sources, see ``Transfer``; ``training_arguments`` of
        ``transformers``, None where the network is none of its models.
    """
    encoder, horizon = problem.encoder, problem.info.epochs
    tuner = ProbecastTuner(problem)
    seen = [] if probes is None else observations(probes)
    tuner.tell(seen)
    configuration, belief = tuner.recommend()
    transfer = Transfer.between(encoder.encoding, problem.candidates)
    if not transfer.scales:
        logger.warning("%s: %s", problem.info.task, transfer.summary)
    epochs = pd.DataFrame() if probes is None else probes.frame
    return {
        "configuration": configuration,
        "expected_metric": belief.expected_metric,
        "interval": {"level": Belief.LEVEL, "low": belief.low, "high": belief.high},
        "probability_within_5pct": belief.probability_within_5pct,
        "alternatives": list(belief.alternatives),
        "probes": [_probe(observation, tuner) for observation in seen],
        "probe_cost": _probe_cost(epochs, horizon),
        "training_cost": _training_cost(epochs, config_id(configuration), horizon),
        "meta_encoder": {"hash": encoder.hash, "sources_used": encoder.tasks},
        "matched": list(transfer.scales),
        "unmatched": list(transfer.reasons),
        "transfer": transfer.to_json(),
        "training_arguments": training_arguments(configuration, training)[0]
        if training is not None and problem.info.architecture in NEED_PRETRAINED
        else None,
    }


def _probe(observation: Observation, tuner: ProbecastTuner) -> dict[str, Any]:
    """One probe: what was tried, for how long, its last metric, and how it would go on.

    One that diverged has no metric and does not go on.
    """
    diverged = observation.diverged
    return {
        "configuration": observation.configuration,
        "epochs": observation.epochs,
        "diverged": diverged,
        "val_metric": None if diverged else observation.curve[-1],
        "continuation": [] if diverged else tuner.continuation(observation.configuration),
    }


def _probe_cost(epochs: pd.DataFrame, horizon: int) -> dict[str, float | None]:
    """What the probes have cost, measured.

    Args:
        epochs: the probes' rows, one per epoch; empty if there were none.
        horizon: epochs of a full run.
    """
    if epochs.empty:
        return {"epochs": 0, "full_runs": 0.0, "seconds": 0.0, "flops": 0.0}
    return {
        "epochs": len(epochs),
        "full_runs": len(epochs) / horizon,
        "seconds": float(epochs["seconds"].sum()),
        "flops": float(epochs["flops"].sum()),
    }


def _training_cost(epochs: pd.DataFrame, identity: str, horizon: int) -> dict[str, float | None]:
    """What completing the recommendation will cost, continuing its probe if it has one.

    Seconds and FLOPs are extrapolated from its own epochs, else from those of all probes;
    None without any.
    """
    own = epochs if epochs.empty else epochs[epochs["config_id"] == identity]
    left = horizon - len(own)
    if len(own) and own["status"].iloc[-1] == "diverged":
        left = 0
    per_epoch = epochs if own.empty else own
    return {
        "epochs": left,
        "full_runs": left / horizon,
        "seconds": None if per_epoch.empty else float(per_epoch["seconds"].mean() * left),
        "flops": None if per_epoch.empty else float(per_epoch["flops"].mean() * left),
    }


def in_words(info: TaskInfo, result: dict[str, Any]) -> str:
    """Return a recommendation as a short table for the terminal."""
    interval, probes, training = (
        result[key] for key in ("interval", "probe_cost", "training_cost")
    )
    rows = {
        "train with": ", ".join(f"{k}={v}" for k, v in result["configuration"].items()),
        f"expected {info.metric}": f"{result['expected_metric']:.3g} (80 % between "
        f"{interval['low']:.3g} and {interval['high']:.3g}, on these validation rows)",
        "within 5 % of best": f"{result['probability_within_5pct']:.0%} sure",
        "probes cost": _cost_in_words(probes),
        "training will cost": _cost_in_words(training),
    }
    if result["unmatched"] or result["transfer"]["outside"]:
        rows["other tasks"] = result["transfer"]["summary"]
    width = max(map(len, rows))
    return "\n".join([info.task, *(f"  {name:<{width}}  {value}" for name, value in rows.items())])


def _cost_in_words(cost: dict[str, float | None]) -> str:
    text = f"{cost['epochs']} epochs ({cost['full_runs']:.2g} full runs)"
    if cost["seconds"] is None:
        return text
    return f"{text}, {cost['seconds']:.3g} core-seconds, {cost['flops']:.2g} FLOPs"

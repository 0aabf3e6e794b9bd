"""Recommending for one task: from its probes to what ``results/predictions/<task>.json`` holds."""

import logging

import pandas as pd

from probecast.learner.recommendation import (
    Cost,
    EncoderUsed,
    Interval,
    Point,
    Probe,
    Recommendation,
)
from probecast.learner.transfer import Transfer
from probecast.learner.tuner import ProbecastTuner
from probecast.networks import NEED_PRETRAINED
from probecast.space import config_id
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import training_arguments
from probecast.trials import TrialTable
from probecast.tuning.protocol import Belief, Observation, Problem, observations

logger = logging.getLogger("probecast")


def recommend(
    problem: Problem, probes: TrialTable | None, training: TrainingSettings | None = None
) -> Recommendation:
    """Recommend for one task.

    Args:
        problem: the target, its meta-encoder and the budget under which it was probed.
        probes: the probes' trials; None if there were none.
        training: what all trials of the study share.
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
    return Recommendation(
        configuration=configuration,
        expected_metric=belief.expected_metric,
        interval=Interval(level=Belief.LEVEL, low=belief.low, high=belief.high),
        probability_within_5pct=belief.probability_within_5pct,
        alternatives=list(belief.alternatives),
        probes=[_probe(observation, tuner) for observation in seen],
        probe_cost=_probe_cost(epochs, horizon),
        training_cost=_training_cost(epochs, config_id(configuration), horizon, problem.resumable),
        meta_encoder=EncoderUsed(hash=encoder.hash, sources_used=encoder.tasks),
        matched=list(transfer.scales),
        unmatched=list(transfer.reasons),
        transfer=transfer,
        training_arguments=training_arguments(configuration, training)[0]
        if training is not None and problem.info.architecture in NEED_PRETRAINED
        else None,
    )


def _probe(observation: Observation, tuner: ProbecastTuner) -> Probe:
    diverged = observation.diverged
    ahead = [] if diverged else tuner.continuation(observation.configuration)
    return Probe(
        configuration=observation.configuration,
        epochs=observation.epochs,
        diverged=diverged,
        val_metric=None if diverged else observation.curve[-1],
        continuation=[Point(**point) for point in ahead],
    )


def _probe_cost(epochs: pd.DataFrame, horizon: int) -> Cost:
    """What the probes have cost, measured.

    Args:
        epochs: the probes' rows, one per epoch; empty if there were none.
        horizon: epochs of a full run.
    """
    if epochs.empty:
        return Cost(epochs=0, full_runs=0.0, seconds=0.0, flops=0.0)
    return Cost(
        epochs=len(epochs),
        full_runs=len(epochs) / horizon,
        seconds=float(epochs["seconds"].sum()),
        flops=float(epochs["flops"].sum()),
    )


def _training_cost(epochs: pd.DataFrame, identity: str, horizon: int, resumable: bool) -> Cost:
    own = epochs if epochs.empty else epochs[epochs["config_id"] == identity]
    left = horizon - len(own)
    if left and not resumable:  # the probes are over: whatever was not finished is gone
        left = horizon
    if len(own) and own["status"].iloc[-1] == "diverged":
        left = 0
    measured = epochs if own.empty else own
    return Cost(
        epochs=left,
        full_runs=left / horizon,
        seconds=None if measured.empty else float(measured["seconds"].mean() * left),
        flops=None if measured.empty else float(measured["flops"].mean() * left),
    )

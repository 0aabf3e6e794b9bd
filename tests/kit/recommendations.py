"""A recommendation for tests, written by hand."""

from typing import Any

from probecast.learner.recommendation import (
    Cost,
    EncoderUsed,
    Interval,
    Recommendation,
    Transfer,
)
from probecast.space import Configuration

COST = Cost(epochs=2, full_runs=1.0, seconds=4.0, flops=20.0)


def recommended(configuration: Configuration, **changes: Any) -> Recommendation:
    """Return a recommendation after probes of 2 epochs; a full run of 2 epochs is left to do."""
    fields = {
        "configuration": configuration,
        "expected_metric": 0.8,
        "interval": Interval(level=0.8, low=0.7, high=0.9),
        "probability_within_5pct": 0.5,
        "alternatives": [],
        "probes": [],
        "probe_cost": COST,
        "training_cost": COST,
        "meta_encoder": EncoderUsed(hash="0123", sources_used=["one-cnn"]),
        "matched": list(configuration),
        "unmatched": [],
        "transfer": Transfer(summary="all is matched", scales={}, reasons={}, outside={}),
        "training_arguments": None,
    }
    return Recommendation(**{**fields, **changes})

"""Which configurations are trained again with fresh seeds, and what each was allowed to cost."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd
from pydantic import ConfigDict

from probecast.errors import ProbecastError
from probecast.files import read_json_as, write_json
from probecast.learner.recommendation import Recommendation
from probecast.space import Configuration, config_id
from probecast.study.sections import ROLES
from probecast.trials import TrialTable


@dataclass(frozen=True)
class Choice:
    """What one method would have the user train.

    Attributes:
        configuration: the configuration it settles on.
        cost: total cost of finding and training it, in full-run equivalents.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    configuration: Configuration
    cost: float

    @property
    def config_id(self) -> str:
        """The configuration's identity."""
        return config_id(self.configuration)


def total_cost(prediction: Recommendation) -> dict[str, float | None]:
    """Return a recommendation's total cost: its probes plus completing the training.

    Returns:
        epochs, full-run equivalents, core-seconds and FLOPs; None where not recorded.
    """
    costs = zip(prediction.probe_cost, prediction.training_cost, strict=True)
    return {
        currency: None if probes is None or training is None else probes + training
        for (currency, probes), (_, training) in costs
    }


def choose(
    prediction: Recommendation,
    baselines: pd.DataFrame,
    sweep: TrialTable,
    default: Configuration,
) -> dict[str, Choice]:
    """Return each role's choice; all but grid may spend no more than the prediction did.

    Args:
        prediction: the recommendation.
        baselines: the replayed tuners' recommendations, one row per method, repetition
            and total cost; a role whose method was not replayed is left out.
        sweep: the reference sweep, whose best configuration on validation is grid's.
        default: the study's default configuration.
    """
    budget = total_cost(prediction)["full_runs"]
    epochs_run = len(sweep.frame)  # fewer than granted, where trials diverged
    configurations, best = sweep.configurations(), (sweep.info.sign * sweep.ends()).idxmax()
    choices = {
        "predicted": Choice(prediction.configuration, budget),
        "grid": Choice(configurations[best], epochs_run / sweep.info.epochs),
        "random": _replayed("random", baselines, configurations, budget),
        "portfolio": _replayed("portfolio", baselines, configurations, budget),
        "best_average": _replayed("best_average", baselines, configurations, 1.0),
        "default": Choice(default, 1.0),
    }
    return {role: choice for role, choice in choices.items() if choice is not None}


def distinct(choices: dict[str, Choice]) -> list[Configuration]:
    """Return the configurations to train: roles that agree share one training."""
    return list({choice.config_id: choice.configuration for choice in choices.values()}.values())


def write_choices(path: str | Path, choices: dict[str, Choice]) -> None:
    """Write ``choices.json`` atomically: role -> configuration and cost."""
    write_json(path, {role: asdict(choice) for role, choice in choices.items()})


def read_choices(path: str | Path) -> dict[str, Choice]:
    """Read ``choices.json``; raises ProbecastError if it is missing or damaged."""
    kind = dict[Literal[ROLES], Choice]
    return read_json_as(kind, path, "these are no choices of this version: rerun train")


def _replayed(
    method: str,
    baselines: pd.DataFrame,
    configurations: dict[str, Configuration],
    budget: float,
) -> Choice | None:
    """The method's first repetition at the largest cost within the budget."""
    rows = baselines[(baselines["method"] == method) & (baselines["repetition"] == 0)]
    if rows.empty:
        return None
    affordable = rows[rows["cost"] <= budget + 1e-9]
    if affordable.empty:
        raise ProbecastError(
            f"baselines of {rows['task'].iloc[0]}: the smallest cost of {method!r} is "
            f"{rows['cost'].min():g} full runs, above the allowed {budget:g}; "
            "rerun baselines with a ladder of costs that starts at 1"
        )
    row = affordable.loc[affordable["cost"].idxmax()]
    if row["config_id"] not in configurations:
        raise ProbecastError(
            f"baselines of {row['task']}: configuration {row['config_id']!r} of {method!r} "
            "is not in the sweep; rerun baselines"
        )
    return Choice(configurations[row["config_id"]], float(row["cost"]))

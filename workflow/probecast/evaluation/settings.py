"""What a replay on tables from elsewhere depends on."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Cost = Annotated[float, Field(ge=1, allow_inf_nan=False)]


class ReplaySettings(BaseModel):
    """Replay of the tuners on tables from elsewhere, tasks held out in turn.

    Attributes:
        methods: the tuners; default: all that are quick and need no optional package.
        costs: total costs to compare at, in full-run equivalents.
        seeds: repetitions: of tuners that draw at random, and of all if there is noise.
        noise: standard deviation of what is added to every value that a tuner is shown, as a
            share of the range of the task's last values. Regrets are of the true values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: Annotated[list[str], Field(min_length=1)] | None = None
    costs: Annotated[list[Cost], Field(min_length=1)] = [1.5, 2, 3, 5, 10]
    seeds: Annotated[int, Field(ge=1, le=10**5)] = 5
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

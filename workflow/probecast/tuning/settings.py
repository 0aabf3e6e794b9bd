"""What the probes may depend on: typed, so that changes rerun just them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10**6)]


class ProbeSettings(BaseModel):
    """How much a tuner may try out on the target before it recommends.

    Attributes:
        cost: total cost in full-run equivalents: all probes and what then completes the
            training of the recommendation, which is 1 without any probe.
        candidates: how many configurations may be chosen from: the complete grid if it has
            no more, else a random sample of the space.
        resumable: whether a stopped trial can be continued at the cost of what is left of it. If
            not, it is gone once another one is begun: to go on with it costs all its epochs
            again, and the recommendation is a finished trial or one that is trained anew.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cost: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0
    candidates: Count = 1000
    resumable: bool = True

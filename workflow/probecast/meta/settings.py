"""What the probes and the meta-encoder may depend on: typed, so that changes rerun just them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]


class ProbeSettings(BaseModel):
    """How much a tuner may try out on the target before it recommends.

    Attributes:
        count: the largest number of probes.
        share: the longest a probe may be, as a share of the horizon; one epoch at least.
        candidates: how many configurations may be chosen from: the complete grid if it has
            no more, else a random sample of the space.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0)] = 5
    share: Annotated[float, Field(gt=0, le=1)] = 0.2
    candidates: Count = 1000

    def epochs(self, horizon: int) -> int:
        """Return the longest probe in epochs, for trials of ``horizon`` epochs."""
        return max(1, int(self.share * horizon + 1e-9))

    def budget(self, horizon: int) -> float:
        """Return the total cost of all probes and one full run, in full-run equivalents."""
        return self.count * self.epochs(horizon) / horizon + 1


class PretrainSettings(BaseModel):
    """How the meta-encoder is trained on the trial tables of other tasks.

    Attributes:
        networks: size of the ensemble, at most one per source family; each network leaves
            out that part of the families.
        steps: gradient steps per network; each plays one source task.
        configurations: configurations in a step, at most.
        learning_rate: of AdamW; it falls to 0 along a cosine.
        weight_decay: decoupled decay of the weight matrices; strong, since sources are few.
        width: neurons in each of the two hidden layers.
        features: learnt dimensions in which tasks may differ (the kernel's rank).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    networks: Count = 4
    steps: Count = 300
    configurations: Annotated[int, Field(ge=2)] = 24
    learning_rate: Annotated[float, Field(gt=0)] = 1e-2
    weight_decay: Annotated[float, Field(ge=0)] = 0.3
    width: Count = 64
    features: Count = 12

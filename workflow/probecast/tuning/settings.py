"""What the probes and the meta-encoder may depend on: typed, so that changes rerun just them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10**6)]
KernelName = Literal["distances", "learnt"]


class ProbeSettings(BaseModel):
    """How much a tuner may try out on the target before it recommends.

    Attributes:
        cost: total cost in full-run equivalents: all probes and what then completes the
            training of the recommendation, which is 1 without any probe.
        candidates: how many configurations may be chosen from: the complete grid if it has
            no more, else a random sample of the space.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cost: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0
    candidates: Count = 1000


class PretrainSettings(BaseModel):
    """How the meta-encoder is pretrained on the trial tables of other tasks.

    Attributes:
        kernel: how alike two configurations are: by the ``distances`` between their
            hyperparameters, or ``learnt`` by a small network, whose settings all others are.
        steps: gradient steps; each plays one source task.
        configurations: configurations in a step, at most.
        learning_rate: of AdamW; it falls to 0 along a cosine.
        weight_decay: decoupled decay of the weight matrices.
        width: neurons in the hidden layer.
        features: dimensions of the embedding in which configurations are compared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kernel: KernelName = "distances"
    steps: Count = 500
    configurations: Annotated[int, Field(ge=2, le=10**6)] = 64
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-2
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1
    width: Count = 64
    features: Count = 8

"""What every trial of a study has in common: typed, so that a changed key reruns just them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Epochs = Annotated[int, Field(ge=1, le=10**5)]
Precision = Literal["float32", "bfloat16"]
Norm = Annotated[float, Field(gt=0)]
Device = Literal["cpu", "cuda", "auto"]


class TrainingSettings(BaseModel):
    """How trials are trained, whatever their configuration.

    Attributes:
        epochs: the horizon E: the full budget of one trial. Learning-rate schedules run over
            it whole, so that a shorter trial is the beginning of a longer one.
        precision: ``bfloat16`` computes matrix products and convolutions in that format
            (autocast); weights, losses and metrics stay float32. It saves time where the
            processor has that format, and costs many times as much where it has not.
        clip_norm: largest L2 norm of the gradient; longer ones are shortened to it.
        device: ``cpu``, ``cuda``, or ``auto`` for the GPU if there is one. Results repeat bit
            for bit on the CPU only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Epochs
    precision: Precision = "float32"
    clip_norm: Norm = 1.0
    device: Device = "cpu"


class TrainingChanges(BaseModel):
    """What replaces some of the ``TrainingSettings``; None leaves one as it is.

    Attributes:
        epochs: as in ``TrainingSettings``.
        precision: as in ``TrainingSettings``.
        clip_norm: as in ``TrainingSettings``.
        device: as in ``TrainingSettings``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Epochs | None = None
    precision: Precision | None = None
    clip_norm: Norm | None = None
    device: Device | None = None

"""What is compared when a pretrained encoder is fine-tuned: the part of the study file."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from probecast.data.settings import Rows
from probecast.space import NAME, Configuration
from probecast.trials import dataset_of

PREDICTED, DEFAULT = "predicted", "default"
SCALED = "_scaled"

Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=1, le=10**6)]


class ByHand(BaseModel):
    """Settings chosen by hand; the schedule falls to 0 over the epochs named here.

    Attributes:
        learning_rate: of AdamW, after the warm-up.
        batch_size: reviews, or other texts, per step.
        epochs: passes over the training rows.
        warmup_steps: steps with a rising learning rate.
        weight_decay: decoupled, as in AdamW.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    batch_size: Count
    epochs: Count
    warmup_steps: Annotated[int, Field(ge=0, le=10**9)] = 0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    def warmup_share(self, rows: int) -> float:
        """Return the warm-up's share of all steps over ``rows`` training rows.

        Above 1 where there are fewer steps than are to warm up: the learning rate then rises to
        the end. The loop makes exactly ``warmup_steps`` of it again.
        """
        steps = self.epochs * math.ceil(rows / self.batch_size)
        # A quotient rounded down would, times the steps, fall short of a whole number.
        return math.nextafter(self.warmup_steps / steps, math.inf) if self.warmup_steps else 0.0

    def configuration(self, rows: int) -> Configuration:
        """Return what the training loop takes, the warm-up as of ``rows`` training rows."""
        return {
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "warmup_share": self.warmup_share(rows),
            "weight_decay": self.weight_decay,
        }


class FinetuningSettings(BaseModel):
    """Fine-tuning compared: the prediction beside settings chosen by hand, across datasets.

    Attributes:
        tasks: the tasks to predict for, of the study's ``tasks``, with architecture ``finetune``
            or ``lora``. What is trained for one is evaluated on the test rows of all, so their
            datasets have the same classes in the same order. All their families are held out:
            none of the study's sources may belong to one.
        by_hand: settings to compare with, by a name of one's own. Each is trained twice: as
            written, and as ``<name>_scaled``, where the warm-up has the share of all steps that
            it would have with ``by_hand_rows``. The latter, trained for the study's epochs, are
            also among what may be predicted.
        by_hand_rows: training rows that the settings were chosen for.
        record: accuracies reached before, by task and then by dataset, to be drawn and named
            beside the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: Annotated[list[str], Field(min_length=1)]
    by_hand: Annotated[dict[Name, ByHand], Field(min_length=1)]
    by_hand_rows: Rows
    record: dict[str, dict[Name, Annotated[float, Field(ge=0, le=1)]]] = {}

    @field_validator("by_hand")
    @classmethod
    def _names_are_free(cls, by_hand: dict[str, ByHand]) -> dict[str, ByHand]:
        for name in by_hand:
            taken = name in (PREDICTED, DEFAULT)
            if taken or name.removesuffix(SCALED) in by_hand.keys() - {name}:
                raise ValueError(f"the name {name!r} is taken; choose another")
        return by_hand

    @property
    def names(self) -> list[str]:
        """The names of all that is compared, in the order of tables and figures."""
        written = [scaled for name in self.by_hand for scaled in (name, name + SCALED)]
        return [*written, DEFAULT, PREDICTED]

    @property
    def datasets(self) -> list[str]:
        """What every model is evaluated on, each once."""
        return list(dict.fromkeys(map(dataset_of, self.tasks)))

    @property
    def scaled(self) -> list[Configuration]:
        """The settings by hand with the scaled warm-up, as configurations."""
        return [hand.configuration(self.by_hand_rows) for hand in self.by_hand.values()]


Row = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a model is trained with.

    Attributes:
        configuration: as the training loop takes it.
        epochs: over which the learning-rate schedule runs.
    """

    configuration: Configuration
    epochs: int


def recipe(
    name: str,
    settings: FinetuningSettings,
    rows: int,
    own: dict[str, Configuration],
    horizon: int,
) -> Recipe:
    """Return what goes by a name.

    Args:
        name: one of ``settings.names``.
        settings: what is compared.
        rows: number of training rows.
        own: the configurations that are not by hand, ``default`` and ``predicted``; no other
            than the one that is asked for is looked at.
        horizon: epochs of the study's trials, for which the prediction was made.
    """
    if name in (PREDICTED, DEFAULT):
        return Recipe(own[name], horizon)
    scaled = name not in settings.by_hand
    hand = settings.by_hand[name.removesuffix(SCALED) if scaled else name]
    return Recipe(hand.configuration(settings.by_hand_rows if scaled else rows), hand.epochs)

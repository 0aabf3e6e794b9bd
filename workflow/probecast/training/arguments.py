"""A configuration as arguments of ``transformers.TrainingArguments``."""

import math
from typing import Any

from probecast.space import Configuration

NAMES = {
    "learning_rate": "learning_rate",
    "batch_size": "per_device_train_batch_size",
    "weight_decay": "weight_decay",
    "warmup_share": "warmup_steps",  # below 1 it is a share
}
OPTIMIZERS = {
    "adam": {"optim": "adamw_torch"},  # the same without weight decay
    "adamw": {"optim": "adamw_torch"},
    "sgd": {"optim": "sgd", "optim_args": "momentum=0.9"},
}


def training_arguments(
    configuration: Configuration, epochs: int, precision: str = "float32"
) -> dict[str, Any]:
    """Return keyword arguments with which ``transformers.Trainer`` trains like ``training.loop``.

    Hyperparameters of the network, such as ``dropout``, are none of its arguments.

    Args:
        configuration: the hyperparameters.
        epochs: of a full training.
        precision: as in ``TrainingSettings``.
    """
    arguments = {NAMES[name]: value for name, value in configuration.items() if name in NAMES}
    if "warmup_steps" in arguments:  # 1.0 would be one step
        arguments["warmup_steps"] = min(float(arguments["warmup_steps"]), math.nextafter(1, 0))
    arguments |= OPTIMIZERS[str(configuration.get("optimizer", "adamw")).lower()]
    return {
        **arguments,
        "num_train_epochs": epochs,
        "lr_scheduler_type": "linear",
        "bf16": precision == "bfloat16",
    }

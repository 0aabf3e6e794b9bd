"""A recommendation as a Python file that a training script with ``transformers`` imports."""

import ast
from typing import Any

from probecast.errors import ProbecastError
from probecast.networks import get_architecture
from probecast.space import Configuration
from probecast.training.settings import TrainingSettings

HEADER = '''\
"""What to train with, as probecast recommends it for the task named below.

    from training_config import training_arguments
    arguments = transformers.TrainingArguments(output_dir="model", **training_arguments)

A fraction as warmup_steps is a share of all steps (transformers 5 or later). The batch size is
that of all devices together. What Trainer has no argument for stands in other_settings.
"""
'''
ARGUMENTS = {
    "learning_rate": "learning_rate",
    "batch_size": "per_device_train_batch_size",
    "warmup_share": "warmup_steps",
    "weight_decay": "weight_decay",
}
OPTIMIZER = "AdamW"  # of those here, the one that Trainer has


def training_arguments(
    configuration: Configuration, training: TrainingSettings
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a configuration as keyword arguments of ``transformers.TrainingArguments``.

    Args:
        configuration: of the architecture ``finetune``; its defaults may be left out.
        training: epochs, gradient clipping and number format that it was predicted for.

    Returns:
        The arguments, and what is left, such as dropout and another optimizer than AdamW.
    """
    whole = {**get_architecture("finetune").DEFAULTS, **configuration}
    other = {
        name: value
        for name, value in whole.items()
        if name not in ARGUMENTS or (name == "warmup_share" and value >= 1)  # would be steps
    }
    arguments = {ARGUMENTS[name]: value for name, value in whole.items() if name not in other}
    if other["optimizer"] == OPTIMIZER:
        arguments["optim"] = "adamw_torch"
        del other["optimizer"]
    arguments["num_train_epochs"] = training.epochs
    arguments["lr_scheduler_type"] = "linear"
    arguments["max_grad_norm"] = training.clip_norm
    arguments["bf16"] = training.precision == "bfloat16"
    return arguments, other


def training_config(task: str, arguments: dict[str, Any], other: dict[str, Any]) -> str:
    """Return the text of ``training_config.py``.

    Every value is written as a Python literal, so that none can be read as code.

    Raises:
        ProbecastError: a value has no literal, such as a number that is not finite.
    """
    parts = [
        HEADER,
        f"task = {_literal(task)}\n",
        f"training_arguments = {_lines(arguments)}\n",
        f"other_settings = {_lines(other)}\n",
    ]
    return "\n".join(parts)


def _lines(values: dict[str, Any]) -> str:
    items = [f"    {_literal(name)}: {_literal(value)},\n" for name, value in values.items()]
    return "".join(["{\n", *items, "}"])


def _literal(value: Any) -> str:
    try:
        if ast.literal_eval(repr(value)) == value:
            return repr(value)
    except (ValueError, SyntaxError):
        pass
    raise ProbecastError(
        f"training_config.py: {value!r} cannot be written as a Python literal; use plain finite "
        "numbers and text in `space`."
    )

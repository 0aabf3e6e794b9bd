"""A recommendation as a Python file that a training script with ``transformers`` imports."""

import ast
from typing import Any

from probecast.errors import ProbecastError

HEADER = '''\
"""What to train with, as probecast recommends it for the task named below.

    from training_config import training_arguments
    arguments = transformers.TrainingArguments(output_dir="model", **training_arguments)

A fraction as warmup_steps is a share of all steps (transformers 5 or later). The batch size is
that of all devices together. What Trainer has no argument for stands in other_settings.
"""
'''

LORA = """\
# Before the Trainer is made: model = peft.get_peft_model(model, lora_config)
from peft import LoraConfig

lora_config = LoraConfig(**{lines})
"""


def training_config(
    task: str,
    arguments: dict[str, Any],
    other: dict[str, Any],
    lora: dict[str, Any] | None = None,
) -> str:
    """Return the text of ``training_config.py``.

    Args:
        task: the task's name.
        arguments: of ``transformers.TrainingArguments``.
        other: what else was recommended.
        lora: arguments of ``peft.LoraConfig``; None where all weights are trained.

    Every value is written as a Python literal, so that none can be read as code.

    Raises:
        ProbecastError: a value has no literal, such as a number that is not finite.
    """
    parts = [
        HEADER,
        f"task = {_literal(task)}\n",
        f"training_arguments = {_lines(arguments)}\n",
        f"other_settings = {_lines(other)}\n",
        *([LORA.replace("{lines}", _lines(lora))] if lora else []),
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

"""A configuration in the words of ``transformers.Trainer`` and of ``peft``."""

from typing import Any

from probecast.networks import constants
from probecast.networks.adapters import lora_arguments
from probecast.space import Configuration
from probecast.training.settings import TrainingSettings

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
        configuration: of the architecture ``finetune`` or ``lora``; defaults may be left out.
        training: epochs, gradient clipping and number format that it was predicted for.

    Returns:
        The arguments, and what is left, such as dropout and another optimizer than AdamW. The
        rank of LoRA is no argument of the trainer: see ``lora_of``.
    """
    whole = {**constants("finetune")["DEFAULTS"], **configuration}
    del whole["lora_rank"]
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


def lora_of(configuration: Configuration) -> dict[str, Any] | None:
    """Return a configuration's adapters as keyword arguments of ``peft.LoraConfig``.

    None where all weights are trained. Of a model that classifies texts, ``peft`` trains the
    output layer, too.
    """
    rank = configuration.get("lora_rank", 0)
    return {"task_type": "SEQ_CLS", **lora_arguments(rank)} if rank else None

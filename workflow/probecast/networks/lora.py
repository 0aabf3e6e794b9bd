"""The network of ``finetune`` where the rank of its adapters is tuned: a space of its own."""

from probecast.networks.finetune import FinetunedNetwork

INPUT_KINDS = frozenset({"tokens"})
OUTPUT_KINDS = frozenset({"classes"})
HYPERPARAMETERS = frozenset({"dropout", "lora_rank"})
DEFAULTS = {"optimizer": "AdamW", "dropout": 0.1, "lora_rank": 0}  # those of finetune

build = FinetunedNetwork

"""The hyperparameters that the training loop and the built-in networks read, and their values.

Known without PyTorch, so that a study file is checked before anything is trained.
"""

from collections.abc import Callable
from typing import Any

from probecast.errors import short, suggest
from probecast.space import NUMBERS_IN_YAML

OPTIMIZERS = ("SGD", "Adam", "AdamW")

# What a value has to be, and how that is said.
Rule = tuple[Callable[[Any], bool], str]
POSITIVE: Rule = (lambda value: value > 0, "it must lie above 0")
WHOLE: Rule = (
    lambda value: isinstance(value, int) and value > 0,
    "it must be a whole number above 0 (a range of them has `type: integer`)",
)
WHOLE_OR_0: Rule = (
    lambda value: isinstance(value, int) and value >= 0,
    "it must be a whole number, 0 or above",
)
SHARE: Rule = (lambda value: 0 <= value < 1, "it must lie in 0..1, without 1")
NOT_NEGATIVE: Rule = (lambda value: value >= 0, "it must not lie below 0")

REQUIRED = {"learning_rate": POSITIVE, "batch_size": WHOLE, "optimizer": None}
"""What the training loop needs, whatever the network; the optimizer is a name."""

OPTIONAL = {"momentum": SHARE, "weight_decay": NOT_NEGATIVE, "warmup_share": NOT_NEGATIVE}
"""What the loop reads where a configuration has it. A warm-up may be longer than the training."""

OF_NETWORKS = {"layers": WHOLE, "neurons": WHOLE, "dropout": SHARE, "lora_rank": WHOLE_OR_0}
"""What the built-in networks read; in a network of the user's own these names are free."""


def problem_with(name: str, value: Any, own_network: bool) -> str | None:
    """Return what is wrong with a hyperparameter's value; None if nothing is, or all is allowed.

    >>> problem_with("dropout", 10, own_network=False)
    'found 10; it must lie in 0..1, without 1'
    >>> problem_with("dropout", 10, own_network=True)
    """
    if name == "optimizer":
        known = isinstance(value, str) and value.lower() in map(str.lower, OPTIMIZERS)
        hint = suggest(str(value), OPTIMIZERS).removesuffix(".")
        return None if known else f"found {short(value)}; no such optimizer. {hint}"
    rules = {**REQUIRED, **OPTIONAL, **({} if own_network else OF_NETWORKS)}
    if name not in rules:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"found {short(value)} where a number is expected; {NUMBERS_IN_YAML}"
    allows, said = rules[name]
    return None if allows(value) else f"found {value!r}; {said}"

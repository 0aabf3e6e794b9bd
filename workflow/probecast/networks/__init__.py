"""The networks that are tuned. A new one is one module and one line here.

A module holds ``INPUT_KINDS`` and ``OUTPUT_KINDS`` (those of a ``DataSpec`` that it takes),
``HYPERPARAMETERS`` (the keys of a configuration that it reads), ``build`` and, if a configuration
need not name everything, ``DEFAULTS`` (values for keys that it leaves out). Constants are written
out, so that a study file can be checked without importing the module. Its network is called
as ``network(inputs, lengths)``, where ``lengths`` (int64, B) may be None, and returns
(B, output_size), or for characters (B, T', output_size) and the output lengths (int64, B).

A network of the user's own is called ``<file>:<function>`` instead (``networks.user``).
"""

import ast
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from probecast.errors import ProbecastError, suggest
from probecast.networks.user import UserNetwork, is_own

if TYPE_CHECKING:
    from torch import nn

    from probecast.data.spec import DataSpec

ARCHITECTURES = {
    "cnn": "probecast.networks.cnn",
    "rnn": "probecast.networks.rnn",
    "lstm": "probecast.networks.lstm",
    "transformer": "probecast.networks.transformer",
    "deepspeech": "probecast.networks.deepspeech",
    "finetune": "probecast.networks.finetune",
    "lora": "probecast.networks.lora",
}

NEED_PRETRAINED = frozenset({"finetune", "lora"})
"""Those that take only texts prepared for a pretrained encoder."""


def module_name(name: str) -> str:
    """Return where the architecture ``name`` lies; raises ProbecastError if there is none."""
    if is_own(name):
        return UserNetwork.__module__
    if name not in ARCHITECTURES:
        raise ProbecastError(
            f"unknown architecture {name!r}. {suggest(name, list(ARCHITECTURES))}"
        )
    return ARCHITECTURES[name]


@cache
def get_architecture(name: str) -> ModuleType | UserNetwork:
    """Return the module of the architecture ``name``, or what stands in for it.

    Raises:
        ProbecastError: there is none, or the user's own cannot be used.
    """
    return UserNetwork(name) if is_own(name) else import_module(module_name(name))


@cache
def constants(name: str) -> dict[str, Any]:
    """Return the constants of a registered architecture's module, read from its text.

    Importing it takes PyTorch, which rules do without. What is not written out there is left out,
    and so found wrong only where the network is built.
    """
    text = Path(find_spec(module_name(name)).origin).read_text(encoding="utf-8")
    found = {}
    for node in ast.parse(text).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=key)], value=ast.Call(args=[value])):
                pass  # frozenset({...})
            case ast.Assign(targets=[ast.Name(id=key)], value=value):
                pass
            case _:
                continue
        with suppress(ValueError, TypeError):
            found[key] = ast.literal_eval(value)
    return found


def fitting(input_kind: str, output_kind: str, pretrained: bool) -> list[str]:
    """Return the registered architectures that take a dataset.

    Args:
        input_kind: as in ``DataSpec``.
        output_kind: likewise.
        pretrained: whether its texts are prepared for a pretrained encoder.
    """
    return [
        name
        for name in ARCHITECTURES
        if input_kind in constants(name).get("INPUT_KINDS", {input_kind})
        and output_kind in constants(name).get("OUTPUT_KINDS", {output_kind})
        and (pretrained or name not in NEED_PRETRAINED)
    ]


def build_network(
    architecture: str, configuration: dict[str, Any], spec: "DataSpec"
) -> "nn.Module":
    """Return the untrained network of ``configuration``, sized for the data of ``spec``.

    Its weights are drawn from PyTorch's global generator.

    Raises:
        ProbecastError: there is no such architecture, or it cannot take this dataset.
    """
    from probecast.networks.dropout import with_fast_dropout  # torch, which rules do without

    module = get_architecture(architecture)
    if spec.input_kind not in module.INPUT_KINDS or spec.output_kind not in module.OUTPUT_KINDS:
        others = fitting(spec.input_kind, spec.output_kind, spec.pretrained is not None)
        raise ProbecastError(
            f"architecture {architecture!r} cannot take dataset {spec.dataset!r} (inputs are "
            f"{spec.input_kind}, outputs are {spec.output_kind}); use one of: "
            f"{', '.join(others)}."
        )
    if architecture in NEED_PRETRAINED and spec.pretrained is None:
        raise ProbecastError(needs_pretrained(architecture, spec.dataset))
    return with_fast_dropout(module.build(configuration, spec))


def needs_pretrained(architecture: str, dataset: str) -> str:
    """Return what to tell whoever wants ``architecture`` for texts with words of their own."""
    return (
        f"datasets.{dataset}.pretrained: missing, but architecture {architecture!r} needs texts "
        "prepared for a pretrained encoder; set it, for example to minilm."
    )

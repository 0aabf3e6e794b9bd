"""Tuners pick configurations by ask and tell. A new tuner is one module and one line here."""

from importlib import import_module
from typing import TYPE_CHECKING

from probecast.errors import ProbecastError, optional, suggest

if TYPE_CHECKING:
    from probecast.tuning.protocol import Tuner

# Tuners of the optional group `peers`; they run where a study file names them.
PEERS = {
    "zero_shot": "probecast.tuners.peers.zero_shot",
    "bounding_box": "probecast.tuners.peers.bounding_box",
    "quantile": "probecast.tuners.peers.quantile",
}
# They take long to learn; these, too, run where a study file names them.
SLOW = {"deep_kernel_gp": "probecast.tuners.peers.deep_kernel_gp"}
TUNERS = {
    "probecast": "probecast.learner.tuner",
    "grid": "probecast.tuners.grid",
    "random": "probecast.tuners.random",
    "best_average": "probecast.tuners.best_average",
    "portfolio": "probecast.tuners.portfolio",
    "one_epoch": "probecast.tuners.one_epoch",
    "nearest": "probecast.tuners.nearest",
    "empirical_gp": "probecast.tuners.empirical_gp",
    "tpe": "probecast.tuners.tpe",
    "halving": "probecast.tuners.halving",
    "halving_portfolio": "probecast.tuners.halving_portfolio",
    **PEERS,
    **SLOW,
}
# Those that are replayed once more without any source of the task's architecture.
TRANSFER = ["probecast", "portfolio"]
# The tuners of a study file that names none: all that need no optional package and are quick.
DEFAULT = [name for name in TUNERS if name not in {**PEERS, **SLOW}]


def get_tuner(name: str) -> "type[Tuner]":
    """Return the registered tuner called ``name``.

    The class is called with a ``Problem`` and is then ready for ``tuning.driver.run``.

    Raises:
        ProbecastError: there is none, or a package that it needs is not installed.
    """
    if name not in TUNERS:
        raise ProbecastError(f"unknown tuner {name!r}. {suggest(name, list(TUNERS))}")
    group = "peers" if name in PEERS else "study"
    with optional(group, f"tuner {name!r}:", ", or name only other tuners"):
        return import_module(TUNERS[name]).TUNER

"""Tuners pick configurations by ask and tell. A new tuner is one module and one line here."""

from importlib import import_module
from typing import TYPE_CHECKING

from probecast.errors import ProbecastError, suggest

if TYPE_CHECKING:
    from probecast.tuners.tuner import Tuner

TUNERS = {
    "probecast": "probecast.tuners.probecast",
    "grid": "probecast.tuners.grid",
    "random": "probecast.tuners.random",
    "best_average": "probecast.tuners.best_average",
    "portfolio": "probecast.tuners.portfolio",
    "nearest": "probecast.tuners.nearest",
    "empirical_gp": "probecast.tuners.empirical_gp",
    "tpe": "probecast.tuners.tpe",
    "halving": "probecast.tuners.halving",
    "halving_portfolio": "probecast.tuners.halving_portfolio",
}


def get_tuner(name: str) -> "type[Tuner]":
    """Return the registered tuner called ``name``; raises ProbecastError if there is none.

    The class is called with a ``Problem`` and is then ready for ``tuners.driver.run``.
    """
    if name not in TUNERS:
        raise ProbecastError(f"unknown tuner {name!r}. {suggest(name, list(TUNERS))}")
    return import_module(TUNERS[name]).TUNER

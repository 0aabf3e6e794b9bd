"""Which tasks a meta-encoder has learnt from, and which it must not have."""

from collections.abc import Iterable
from typing import Any, Literal

from probecast.errors import ProbecastError
from probecast.trials import TrialTable

Kind = Literal["family", "architecture"]


def describe_sources(tables: Iterable[TrialTable]) -> list[dict[str, Any]]:
    """Return task, family, architecture and number of rows of each table, for the card."""
    return [
        {
            "task": table.info.task,
            "family": table.info.family,
            "architecture": table.info.architecture,
            "rows": len(table.frame),
        }
        for table in tables
    ]


def check_no_leak(sources: Iterable[dict[str, Any]], kind: Kind, name: str) -> None:
    """Make sure that nothing was learnt from what is held out.

    Args:
        sources: entries of a card or of ``describe_sources``.
        kind: what is held out: a family or an architecture.
        name: its name.

    Raises:
        ProbecastError: a source belongs to it.
    """
    leaks = [source["task"] for source in sources if source[kind] == name]
    if leaks:
        raise ProbecastError(
            f"leak: {kind} {name!r} is held out, but the meta-encoder learns from "
            f"{', '.join(leaks)}; pretrain it without them"
        )

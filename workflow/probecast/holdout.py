"""What must not be learnt from: the hold-out on which every number rests."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from probecast.errors import ProbecastError
from probecast.trials import TaskInfo, TrialTable

Kind = Literal["family", "architecture", "all", "shipped"]

PATTERN = "(family|architecture)-[a-z][a-z0-9_]*|all|shipped"
"""How hold-outs are spelt in paths, as a regular expression."""


@dataclass(frozen=True)
class HoldOut:
    """What is held out when something is learnt; true if that is anything.

    Attributes:
        kind: ``family`` or ``architecture``; ``all``: all may be learnt from, so nothing is held
            out; ``shipped``: the same, of the tables that come with the project alone.
        name: the family's or the architecture's; else empty.
    """

    kind: Kind = "all"
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hold-out that is spelt so in a path.

        >>> HoldOut.parse("family-digits")
        HoldOut(kind='family', name='digits')

        Raises:
            ProbecastError: none is.
        """
        if not re.fullmatch(PATTERN, text):
            raise ProbecastError(
                f"hold-out: found {text!r}; write family-<name>, architecture-<name>, all or "
                "shipped"
            )
        kind, _, name = text.partition("-")
        return cls(kind, name)

    @classmethod
    def from_card(cls, value: Mapping[str, str] | None) -> Self:
        """Return what ``to_card`` has written."""
        return cls(**value) if value else cls()

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}" if self else self.kind

    def __bool__(self) -> bool:
        return self.kind in ("family", "architecture")

    def to_card(self) -> dict[str, str] | None:
        """Return how a meta-encoder's card spells it: kind and name, or None for nothing."""
        return {"kind": self.kind, "name": self.name} if self else None

    def excludes(self, source: TaskInfo | Mapping[str, Any]) -> bool:
        """Return whether nothing may be learnt from a task.

        Args:
            source: the task's description, or an entry of a card or of ``describe_sources``.
        """
        known = source if isinstance(source, Mapping) else vars(source)
        return bool(self) and known[self.kind] == self.name

    def check(self, sources: Iterable[Mapping[str, Any]]) -> None:
        """Make sure that nothing was learnt from what is held out.

        Args:
            sources: entries of a card or of ``describe_sources``.

        Raises:
            ProbecastError: a source belongs to it.
        """
        leaks = [source["task"] for source in sources if self.excludes(source)]
        if leaks:
            raise ProbecastError(
                f"leak: {self.kind} {self.name!r} is held out, but the meta-encoder learns from "
                f"{', '.join(leaks)}; pretrain it without them"
            )


NOTHING = HoldOut("all")
SHIPPED = HoldOut("shipped")


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

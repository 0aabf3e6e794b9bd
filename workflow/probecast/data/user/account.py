"""What became of a user's data as they were read: said where it happens, and at the end."""

from collections import Counter
from dataclasses import dataclass, field

from probecast.console import logger

NAMED = 5  # things named in a line


@dataclass(frozen=True)
class Account:
    """What is told at the end of a stage that reads a user's data.

    Attributes:
        facts: what was found out or decided, a line each.
        left_out: how many rows or files are not used, by the reason.
    """

    facts: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def note(self, fact: str) -> None:
        """Keep a fact; each is told once."""
        if fact not in self.facts:
            self.facts.append(fact)

    def leave_out(self, count: int, reason: str, warning: str = "") -> None:
        """Count rows or files that are not used; warn of it at once where that is called for."""
        if count:
            self.left_out[reason] += count
        if count and warning:
            logger.warning("%s", warning)

    def tell(self, title: str) -> None:
        """Log everything, in a few lines."""
        logger.info("%s", title)
        for fact in self.facts:
            logger.info("  %s", fact)
        left = [f"{count} {reason}" for reason, count in self.left_out.items()]
        logger.info("  not used: %s", "; ".join(left) or "nothing is left out")


def listed(names: list[str]) -> str:
    """Return the first few names, and how many there are beside them.

    >>> listed(["a", "b"]), listed(list("abcdefgh"))
    ('a, b', 'a, b, c, d, e and 3 more')
    """
    text = ", ".join(names[:NAMED])
    return f"{text} and {len(names) - NAMED} more" if len(names) > NAMED else text

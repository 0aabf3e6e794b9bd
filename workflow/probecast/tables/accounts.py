"""What has been read of a table from elsewhere, and what was left out, by reason."""

from collections import Counter

from probecast.console import logger
from probecast.errors import masked

SHOWN = 10  # tasks and hyperparameters that are named one by one


class Account:
    """Counts while a table is read; at the end it says all on one screen.

    Args:
        name: how the study calls the table.
        path: where it is.
    """

    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, masked(path)
        self.rows = 0  # of the table
        self.used: Counter[str] = Counter()  # trials, by task
        self.hyperparameters: dict[str, str] = {}  # in words, by name
        self.notes: list[str] = []
        self._left_out: dict[str, Counter[str]] = {}  # by unit and reason

    def leave_out(self, count: int, unit: str, reason: str) -> None:
        """Note that so many were left out.

        Args:
            count: how many; none is nothing to note.
            unit: what they are, in the plural: ``trials``, ``rows``.
            reason: what they do, or what is said of them.
        """
        if count:
            self._left_out.setdefault(unit, Counter())[reason] += int(count)

    def in_words(self) -> str:
        """Return what was left out, in one line."""
        parts = []
        for unit, reasons in self._left_out.items():
            known = self.rows if unit == "rows" else sum(self.used.values()) + reasons.total()
            counts = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
            parts.append(f"of {known} {unit} {counts}")
        return "; ".join(parts) or "nothing"

    def say(self) -> None:
        """Log the whole account."""
        trials, tasks = sum(self.used.values()), len(self.used)
        of = "1 task" if tasks == 1 else f"{tasks} tasks"
        logger.info("%s: %d trials of %s are used; %s", self.name, trials, of, self.path)
        logger.info("  left out: %s", self.in_words())
        named = [f"{name} ({what})" for name, what in self.hyperparameters.items()]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        logger.info("  hyperparameters: %s%s", "; ".join(named[:SHOWN]), more)
        for note in self.notes[:SHOWN]:
            logger.info("  %s", note)

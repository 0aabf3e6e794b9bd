"""What a stage says while it runs: progress with time left, and one clear message on errors."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from probecast.errors import ProbecastError

logger = logging.getLogger("probecast")


@contextmanager
def stage(log: str) -> Iterator[None]:
    """Run a script's body: log to the terminal and to the file ``log``.

    A ProbecastError ends the process with code 1 and its message alone; any other
    exception is a bug and keeps its traceback, in the log file too.
    """
    terminal = logging.StreamHandler(sys.stderr)
    try:
        file = logging.FileHandler(log, mode="w")
    except OSError as error:
        sys.exit(f"Error: {log}: cannot be written ({error.strerror}); mend that and run again.")
    logging.raiseExceptions = False  # a full disk must not bury the message that says so
    terminal.setFormatter(logging.Formatter("%(message)s"))
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.handlers = [terminal, file]
    logger.setLevel(logging.INFO)
    try:
        yield
    except ProbecastError as error:
        logger.error("Error: %s", error)
        sys.exit(1)
    except Exception:
        logger.exception("This is a bug in probecast; please report it with this log.")
        sys.exit(1)


class Progress:
    """Say now and then how much of a stage is done, how fast, and how long it will take.

    Lines come after the first step and then every ``interval`` seconds, not per step, so
    that the terminal stays readable with many jobs at once.
    """

    def __init__(self, title: str, total: int, unit: str, interval: float = 15.0) -> None:
        self.title, self.total, self.unit, self.interval = title, total, unit, interval
        self.done = self.resumed = 0
        self.started = self.spoken = time.monotonic()

    def resume(self, done: int) -> None:
        """Start from what an earlier, killed run has finished; it does not count as speed."""
        self.done = self.resumed = done
        if done:
            logger.info("%s: resumes with %d of %d %s", self.title, done, self.total, self.unit)

    def step(self, count: int = 1) -> None:
        """Some more are done; none if they were before."""
        if not count:
            return
        self.done += count
        now = time.monotonic()
        if now - self.spoken < self.interval and self.done < self.total:
            return
        self.spoken = now
        each = (now - self.started) / (self.done - self.resumed)
        left = each * (self.total - self.done)
        logger.info(
            "%s: %d of %d %s, %s each, %s left",
            *(self.title, self.done, self.total, self.unit),
            *(duration(each), duration(left)),
        )


def duration(seconds: float) -> str:
    """Spell a duration for people.

    >>> duration(0.42), duration(75), duration(7500)
    ('0.42 s', '1 min 15 s', '2 h 05 min')
    """
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"

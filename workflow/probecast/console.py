"""What a stage says while it runs: progress with time left, and one clear message on errors."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from probecast.errors import ProbecastError, masked

logger = logging.getLogger("probecast")


INTERRUPTED = 130  # how a process ends that Ctrl-C has ended: 128 + SIGINT
AGAIN = "Interrupted; the same command begins again, with what is finished kept."


def _one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say of Ctrl-C no more than that; of all else what Python says."""
    if issubclass(kind, KeyboardInterrupt):
        print(AGAIN, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _is_ours(main: object) -> bool:
    """Whether the program is ours: a script of a rule, or ``python -m probecast.<name>``."""
    name = getattr(getattr(main, "__spec__", None), "name", "")
    return hasattr(main, "snakemake") or name.startswith("probecast.")


# A program of ours may be interrupted while its libraries load, before its body has begun.
if _is_ours(sys.modules.get("__main__")):
    sys.excepthook = _one_line


class _Masked(logging.Formatter):
    """What is logged, tracebacks too, without the passwords of addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


@contextmanager
def program() -> Iterator[None]:
    """Run the body of a program: what goes wrong is one line, and a code other than 0."""
    try:
        yield
    except ProbecastError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print(AGAIN, file=sys.stderr)
        sys.exit(INTERRUPTED)


@contextmanager
def stage(log: str) -> Iterator[None]:
    """Run a script's body: log to the terminal and to the file ``log``.

    A ProbecastError ends the process with code 1 and its message alone, Ctrl-C with code 130 and
    one line; any other exception is a bug and keeps its traceback, in the log file too.
    """
    terminal = logging.StreamHandler(sys.stderr)
    try:
        file = logging.FileHandler(log, mode="w")
    except OSError as error:
        sys.exit(f"Error: {log}: cannot be written ({error.strerror}); mend that and run again.")
    logging.raiseExceptions = False  # a full disk must not bury the message that says so
    terminal.setFormatter(_Masked("%(message)s"))
    file.setFormatter(_Masked("%(asctime)s %(levelname)s %(message)s"))
    logger.handlers = [terminal, file]
    logger.setLevel(logging.INFO)
    try:
        yield
    except ProbecastError as error:
        logger.error("Error: %s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        logger.error(AGAIN)
        sys.exit(INTERRUPTED)
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

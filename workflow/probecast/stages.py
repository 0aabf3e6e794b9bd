"""How far each stage of a running study is: one line over all its jobs, however many run at once.

A job says how its own trials go on (``console.Progress``); this adds up. It listens to the
records that Snakemake also hands to logger plugins; a handler needs no plugin to be installed.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from probecast.console import duration


class Stages(logging.Handler):
    """Say, whenever a job has finished, how far its stage is, how fast, and how long it will take.

    A stage's time is that in which at least one of its jobs has run: while it waits for other
    stages its clock stands, and the time left is its own at its present pace.

    Args:
        say: prints a line.
        trials: ``trials(rule, wildcards)``, the number of trials in a job, or 0 where it is not
            known before.
    """

    def __init__(
        self, say: Callable[[str], None], trials: Callable[[str, Mapping[str, str]], int]
    ) -> None:
        super().__init__()
        self.say, self.trials = say, trials
        self.jobs: dict[str, int] = {}  # of this run, by rule
        self.running: dict[int, tuple[str, int]] = {}  # rule and trials, by job
        self.since: dict[str, float] = {}  # when it was last looked at, by rule that has a job
        self.seconds: dict[str, float] = defaultdict(float)  # with a job, by rule
        self.done: Counter[str] = Counter()  # jobs, by rule
        self.trained: Counter[str] = Counter()  # trials, by rule

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of one of Snakemake's records; of those of other kinds, nothing."""
        facts: dict[str, Any] = record.__dict__
        match getattr(facts.get("event"), "value", None):
            case "run_info":
                self.jobs = facts["stats"]
            case "job_info":
                rule = facts["rule_name"]
                trials = self.trials(rule, facts["wildcards"])
                self._look(rule)
                self.running[facts["jobid"]] = (rule, trials)
                self.since[rule] = time.monotonic()
            case "job_error" if facts["jobid"] in self.running:
                rule, _ = self.running[facts["jobid"]]
                self._look(rule)
                del self.running[facts["jobid"]]
            case "job_finished" if facts["job_id"] in self.running:
                rule, trials = self.running[facts["job_id"]]
                self._look(rule)
                del self.running[facts["job_id"]]
                self._finish(rule, trials)

    def _look(self, rule: str) -> None:
        """Count the time since a rule was last looked at, if a job of it has run since."""
        now = time.monotonic()
        if any(running == rule for running, _ in self.running.values()):
            self.seconds[rule] += now - self.since[rule]
        self.since[rule] = now

    def _finish(self, rule: str, trials: int) -> None:
        self.done[rule] += 1
        self.trained[rule] += trials
        done, jobs = self.done[rule], self.jobs.get(rule, 0)
        if jobs <= 1:
            return  # nothing to add up
        seconds = self.seconds[rule]
        trained, each = "", seconds / done
        if trials:
            trained, each = f", {self.trained[rule]} trials", seconds / self.trained[rule]
        self.say(
            f"{rule}: {done} of {jobs} jobs{trained}, {duration(each)} each, "
            f"{duration(seconds / done * (jobs - done))} left"
        )

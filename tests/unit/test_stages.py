import logging
from types import SimpleNamespace

import pytest

from probecast import stages
from probecast.stages import Stages


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set."""
    now = [100.0]
    monkeypatch.setattr(stages.time, "monotonic", lambda: now[0])
    return now


class Run:
    """Stands in for Snakemake: sends its records, and keeps what was said."""

    def __init__(self, jobs, trials=lambda rule, wildcards: 0):
        self.said = []
        self.stages = Stages(self.said.append, trials)
        self.send("run_info", stats=jobs)

    def send(self, event, **facts):
        record = logging.makeLogRecord({"event": SimpleNamespace(value=event), **facts})
        self.stages.handle(record)

    def start(self, jobid, rule, **wildcards):
        self.send("job_info", jobid=jobid, rule_name=rule, wildcards=wildcards)

    def finish(self, jobid):
        self.send("job_finished", job_id=jobid)


def test_parallel_jobs_of_a_stage_are_added_up(clock):
    run = Run({"sweep": 4, "total": 4}, trials=lambda rule, wildcards: int(wildcards["size"]))
    run.start(1, "sweep", size="10")
    run.start(2, "sweep", size="20")
    clock[0] += 30
    run.finish(2)
    clock[0] += 30
    run.finish(1)
    assert run.said == [
        "sweep: 1 of 4 jobs, 20 trials, 1.5 s each, 1 min 30 s left",
        "sweep: 2 of 4 jobs, 30 trials, 2 s each, 1 min 00 s left",
    ]


def test_stages_keep_their_own_time(clock):
    run = Run({"download": 2, "probe": 2})
    run.start(1, "download")
    clock[0] += 100
    run.start(2, "probe")
    clock[0] += 5
    run.finish(2)
    assert run.said == ["probe: 1 of 2 jobs, 5 s each, 5 s left"]


def test_a_job_that_is_tried_again_counts_once(clock):
    run = Run({"probe": 2})
    run.start(1, "probe")
    clock[0] += 5
    run.start(1, "probe")
    clock[0] += 5
    run.finish(1)
    assert run.said == ["probe: 1 of 2 jobs, 10 s each, 10 s left"]


def test_nothing_is_said_of_single_jobs_and_other_records():
    run = Run({"report": 1})
    run.start(1, "report")
    run.finish(1)
    run.finish(7)
    run.stages.handle(logging.makeLogRecord({"msg": "hello"}))
    assert run.said == []


def test_a_stage_that_waits_for_others_does_not_count_their_time(clock):
    run = Run({"probe": 3, "train": 3})
    for job, rule, seconds in (
        (1, "probe", 10),
        (2, "train", 100),
        (3, "probe", 10),
        (4, "train", 50),
        (5, "probe", 10),
    ):
        run.start(job, rule)
        clock[0] += seconds
        run.finish(job)
    assert run.said == [
        "probe: 1 of 3 jobs, 10 s each, 20 s left",
        "train: 1 of 3 jobs, 1 min 40 s each, 3 min 20 s left",
        "probe: 2 of 3 jobs, 10 s each, 10 s left",
        "train: 2 of 3 jobs, 1 min 15 s each, 1 min 15 s left",
        "probe: 3 of 3 jobs, 10 s each, 0 s left",
    ]


def test_a_job_that_has_failed_no_longer_keeps_its_stages_clock_going(clock):
    run = Run({"probe": 3})
    run.start(1, "probe")
    clock[0] += 10
    run.send("job_error", jobid=1)
    run.send("job_error", jobid=1)  # Snakemake may say so twice
    clock[0] += 1000
    run.start(2, "probe")
    clock[0] += 10
    run.finish(2)
    assert run.said == ["probe: 1 of 3 jobs, 20 s each, 40 s left"]

"""The tiny study through a real SLURM, as profiles/slurm sends it there."""

import os
import subprocess
import time

import pytest

from kit import slurm_cluster
from kit.kill_and_resume import differences
from kit.projects import fresh_project
from kit.slurm_cluster import Slurm

pytestmark = [
    *(pytest.mark.study, pytest.mark.slow, pytest.mark.timeout(1200)),
]

# A cluster would not be asked this often.
HASTE = (
    *("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", 4),
    *("--max-status-checks-per-second", 1),
)


@pytest.fixture(scope="module")
def slurm():
    reason = slurm_cluster.missing()
    if reason:
        # Where it is promised to run, a missing package must not pass for a success.
        (pytest.fail if os.environ.get("SLURM_TESTS") == "required" else pytest.skip)(reason)
    with slurm_cluster.one_node() as slurm:
        yield slurm


def completed(slurm: Slurm) -> int:
    """How many jobs have ended well, by SLURM's own records."""
    return sum(job["JobState"] == "COMPLETED" for job in slurm.records())


def test_a_study_through_slurm_survives_a_cancelled_job(slurm, finished, tmp_path):
    project = fresh_project(tmp_path / "project")
    jobs = sum(count for rule, count in project.plan().items() if rule != "gather")  # local
    process = subprocess.Popen(
        project.command(*HASTE),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        cancelled = cancel_in_mid_training(slurm, project, process)
        out, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    assert process.returncode == 0, out
    states = {job["JobId"]: job["JobState"] for job in slurm.records()}
    assert states[cancelled] == "CANCELLED"
    assert completed(slurm) == jobs
    assert {job["Partition"] for job in slurm.records()} == {"cpu"}
    # The retry took the finished trials from the journal.
    log = project.folder / "results/logs/sweep/digits-cnn-0.log"
    assert "resumes with" in log.read_text()
    assert not differences(finished.contents(), project.contents())

    # A job that wants a GPU goes to the other partition.
    part = "results/trials/digits-cnn/sweep-0.parquet"
    project.snakemake(part, "--forcerun", "sweep", *HASTE, "--set-resources", "sweep:gpu=1")
    assert slurm.records()[-1]["Partition"] == "gpu"


def test_a_run_past_slurm_is_noticed(slurm, tmp_path):
    """The negative control: what proves that jobs went through SLURM fails where they did not."""
    project = fresh_project(tmp_path / "project")
    before = completed(slurm)
    project.snakemake("results/data/load/spec.json", *HASTE, "--executor", "local")
    assert completed(slurm) == before


def cancel_in_mid_training(slurm: Slurm, project, process) -> str:
    """Cancel the job of a part of a sweep when it has finished a trial; return the job's id."""
    journal = project.folder / "results/journals/digits-cnn/sweep-0.jsonl"
    while process.poll() is None:
        if journal.exists() and journal.read_text().count("\n") > 1:
            for job in slurm.running("rule_sweep_wildcards_digits-cnn_0"):
                slurm.cancel(job)
                return job
        time.sleep(0.2)
    raise AssertionError(process.stdout.read())

"""Kill a study's run again and again, resume it as docs/reliability.md says, and compare.

    PYTHONPATH=workflow:tests python -m kit.kill_and_resume --kills 20

Everything runs in a folder of its own. What a run leaves behind is ended by its process group.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq

from kit.projects import Project, fresh_project

STAGES = (
    *("download", "preprocess", "sweep", "pretrain", "baselines", "probe", "predict"),
    *("unlike", "train", "evaluate", "report"),
)
# (signal, whom it is sent to); a job alone is what the system kills when memory runs out.
WAYS = (
    (signal.SIGKILL, "all"),
    (signal.SIGKILL, "snakemake"),
    (signal.SIGTERM, "snakemake"),
    (signal.SIGINT, "all"),
    (signal.SIGKILL, "job"),
    (signal.SIGTERM, "all"),
    (signal.SIGINT, "snakemake"),
)
PATIENCE = 1200  # seconds


@dataclass(frozen=True)
class Kill:
    """One fault: ``delay`` seconds after a job of ``stage`` began, ``whom`` gets ``sign``."""

    stage: str
    delay: float
    sign: signal.Signals
    whom: str


def run_with_kills(project: Project, kills: list[Kill]) -> tuple[list[Kill], int]:
    """Run a study to its end through kills in the order of the stages.

    Returns:
        Those that struck a running study, and how many trials were finished by then and were
        trained again. Raises AssertionError if the study cannot be resumed.
    """
    struck, finished = [], []
    for kill in kills:
        process = _start(project)
        try:
            if not _wait_for(process, project, kill):
                assert process.wait(PATIENCE) == 0, _log(project)
                break
            trials = _journaled(project)
            running = _jobs(process.pid)
            _send(process, kill)
            process.wait(PATIENCE)
        except BaseException:
            _end(process)
            raise
        struck.append(kill)
        finished.append(trials)
        print(
            f"{kill}: ran {', '.join(running) or 'between jobs'}; left {process.returncode}",
            flush=True,
        )
        # As the documentation says.
        project.snakemake("--unlock")
    done = project.snakemake(check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    final = _tabled(project)
    lost = {trial for trials in finished for trial in trials.items() if trial not in final.items()}
    return struck, len(lost)


def _start(project: Project) -> subprocess.Popen:
    with (project.folder / "run.log").open("w") as log:
        return subprocess.Popen(
            project.command(),
            cwd=project.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # A shell's background jobs, and so what they start, ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def _log(project: Project) -> str:
    return (project.folder / "run.log").read_text()


def _wait_for(process: subprocess.Popen, project: Project, kill: Kill) -> bool:
    """Wait until the kill is due; False if the run has ended before."""
    started = time.time()
    logs = project.folder / "results/logs"
    stops = time.monotonic() + PATIENCE
    due = None
    while process.poll() is None and time.monotonic() < stops:
        if due is None:
            # Or a later stage, where this one had been finished meanwhile.
            stages = STAGES[STAGES.index(kill.stage) :]
            begun = [path for stage in stages for path in _logs(logs, stage)]
            if any(path.stat().st_mtime > started for path in begun):
                due = time.monotonic() + kill.delay
        elif time.monotonic() >= due:
            return True
        time.sleep(0.05)
    return False


def _logs(folder: Path, stage: str) -> list[Path]:
    return [*(folder / stage).glob("*"), *folder.glob(f"{stage}.log")]


def _jobs(pid: int) -> list[str]:
    """The scripts that run under a process."""
    return sorted(script for script, _ in _scripts(pid))


def _scripts(pid: int) -> list[tuple[str, psutil.Process]]:
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            names = [Path(part).name for part in child.cmdline() if "/scripts/" in part]
            if names and child.cmdline()[0].endswith("python"):
                found.append((names[0].split(".")[-2], child))
    return found


def _send(process: subprocess.Popen, kill: Kill) -> None:
    if kill.whom == "all":
        os.killpg(process.pid, kill.sign)
    elif kill.whom == "snakemake":
        process.send_signal(kill.sign)
    else:
        for _, job in _scripts(process.pid)[:1]:
            with suppress(psutil.Error):
                job.send_signal(kill.sign)


def _end(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _journaled(project: Project) -> dict[tuple, float]:
    """The seconds of every finished epoch: a mark that no second training would leave."""
    journals = project.folder / "results/journals"
    seconds = {}
    for path in journals.glob("*/*.jsonl"):
        for line in path.read_text().splitlines()[1:]:
            with suppress(ValueError):  # a line in the making
                for row in json.loads(line.partition(" ")[2]):
                    key = (path.parent.name, path.stem, row["config_id"], row["seed"])
                    seconds[*key, row["epoch"]] = row["seconds"]
    return seconds


def _tabled(project: Project) -> dict[tuple, float]:
    """The same of the finished tables."""
    seconds = {}
    for path in (project.folder / "results/trials").glob("*/*.parquet"):
        columns = ["config_id", "seed", "epoch", "seconds"]
        for *key, value in (
            pq.read_table(path, columns=columns).to_pandas().itertuples(index=False)
        ):
            seconds[path.parent.name, path.stem, *key] = value
    return seconds


def shortest(project: Project, stage: str) -> float:
    """How long the shortest job of a stage took in an undisturbed run, in seconds."""
    benchmarks = project.folder / "results/benchmarks"
    paths = [*(benchmarks / stage).glob("*.tsv"), *benchmarks.glob(f"{stage}.tsv")]
    return float(min(pd.read_csv(path, sep="\t", na_values="-")["s"].min() for path in paths))


def main() -> None:
    """Try many kills, over all stages and in all ways, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        calm = fresh_project(Path(folder) / "calm")
        calm.snakemake()
        expected = calm.contents()
        tried, lost, turn = 0, 0, 0
        while tried < arguments.kills:
            kills = []
            for stage in STAGES[: arguments.kills - tried]:
                delay = chance.uniform(0, shortest(calm, stage))
                kills.append(Kill(stage, round(delay, 2), *WAYS[(turn + len(kills)) % len(WAYS)]))
            turn += len(kills)
            project = fresh_project(Path(folder) / f"killed-{turn}")
            struck, again = run_with_kills(project, kills)
            different = differences(expected, project.contents())
            assert not different, different
            tried, lost = tried + len(struck), lost + again
        print(f"kills tried {tried}, survived {tried}, finished trial epochs lost {lost}")
        sys.exit(lost > 0)


def differences(ours: dict, theirs: dict) -> list[str]:
    """The files that are not the same in both, or not in both."""
    return sorted(
        path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)
    )


if __name__ == "__main__":
    main()

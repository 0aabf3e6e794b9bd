import os
import subprocess
import sys
from pathlib import Path

import pytest

from probecast import console
from probecast.console import Progress, logger, stage
from probecast.errors import ProbecastError

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "workflow")}


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set."""
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def said(caplog):
    caplog.set_level("INFO", logger="probecast")
    return lambda: [record.getMessage() for record in caplog.records]


def test_progress_tells_rate_and_time_left(clock, said):
    progress = Progress("sweep digits-cnn", 10, "trials", interval=15)
    clock[0] += 20
    progress.step()
    assert said() == ["sweep digits-cnn: 1 of 10 trials, 20 s each, 3 min 00 s left"]


def test_progress_is_not_a_wall_of_lines(clock, said):
    progress = Progress("sweep", 100, "trials", interval=15)
    for _ in range(100):
        clock[0] += 1
        progress.step()
    assert len(said()) == 100 // 15 + 1
    assert said()[-1].startswith("sweep: 100 of 100 trials")


def test_resumed_work_does_not_count_as_speed(clock, said):
    progress = Progress("sweep", 10, "trials", interval=0)
    progress.resume(8)
    clock[0] += 4
    progress.step()
    assert said() == [
        "sweep: resumes with 8 of 10 trials",
        "sweep: 9 of 10 trials, 4 s each, 4 s left",
    ]


def test_users_error_is_one_message_without_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, stage(str(tmp_path / "log")):
        raise ProbecastError("config.yaml: seed: found -1")
    assert exit_.value.code == 1
    assert capsys.readouterr().err == "Error: config.yaml: seed: found -1\n"
    assert "seed: found -1" in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_bug_keeps_its_traceback_in_the_log(tmp_path):
    with pytest.raises(SystemExit) as exit_, stage(str(tmp_path / "log")):
        raise KeyError("oops")
    assert exit_.value.code == 1
    assert "Traceback" in (tmp_path / "log").read_text()


def test_what_is_said_goes_to_the_log_too(tmp_path):
    with stage(str(tmp_path / "log")):
        logger.info("half way")
    assert "half way" in (tmp_path / "log").read_text()


def test_an_interrupted_stage_is_one_line_and_the_code_of_shells(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, stage(str(tmp_path / "log")):
        raise KeyboardInterrupt
    assert exit_.value.code == 130
    assert capsys.readouterr().err == f"{console.AGAIN}\n"
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_an_interrupted_program_is_one_line_and_the_code_of_shells(capsys):
    with pytest.raises(SystemExit) as exit_, console.program():
        raise KeyboardInterrupt
    assert exit_.value.code == 130
    assert capsys.readouterr().err == f"{console.AGAIN}\n"


def test_so_is_one_whose_libraries_still_load(tmp_path):
    """A rule's script begins with a ``snakemake`` of its own."""
    script = tmp_path / "script.py"
    script.write_text(
        "snakemake = None\nfrom probecast.console import stage\n"
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode in (130, -2)
    assert done.stderr == f"{console.AGAIN}\n"


def test_who_only_imports_the_library_keeps_pythons_own_ways(tmp_path):
    program = "import sys, probecast.console; assert sys.excepthook is sys.__excepthook__"
    subprocess.run([sys.executable, "-c", program], check=True, env=ENVIRONMENT)

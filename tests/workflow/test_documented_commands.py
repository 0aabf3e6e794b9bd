"""Every command, program and piece of a study file in the documentation does what it says.

Commands stand in ``bash`` blocks. Snakemake's are run as dry runs over a copy of the project,
those of make likewise, the benchmarks as far as their options; a command that no line of
``run`` knows fails, so that nothing is documented that nobody runs.
"""

import os
import re
import shlex
import subprocess
import sys
from itertools import dropwhile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kit import warm
from kit.markdown import blocks
from kit.projects import ROOT, TINY, fresh_project
from probecast.study.model import Study

pytestmark = pytest.mark.study

PAGES = [
    *(ROOT / name for name in ("README.md", "results/README.md", "workflow/pretrained/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
ELSEWHERE = {
    "snakemake --report report.zip": "test_whole_study.py::test_snakemakes_own_report_is_made",
}
"""Commands that other tests of this folder run for real."""

WHOLE_STUDIES = {
    "snakemake --cores 2 -R predict": "report",  # of config.yaml
    "snakemake --cores 32 --configfile studies/full.yaml": "report",
    "snakemake --cores 2 --configfile studies/real_small.yaml": "report",
    "snakemake --cores 2 --configfile studies/finetune.yaml": "compare",
}
"""Commands that plan the whole of a study that comes with the project, and its last rule."""

FOLLOWED = {
    "docs/extending.md": "test_extending.py",
    "docs/library.md": "test_library.py",
    "docs/optuna.md": "integrations/test_optuna.py",
}
"""Pages whose programs tests/unit runs, and looks at what comes of them."""

READERS_OWN = """
space = {"learning_rate": {"choices": [0.001, 0.01, 0.1], "scale": "log"}}
train = lambda configuration, epochs: (0.5,) * epochs
"""
"""What programs take for granted: a reader's search space and training."""


def commands_of(page):
    """Return the commands of a page, without comments, one line each."""
    lines = []
    for block in blocks(page, "bash", "sh", "console"):
        joined = re.sub(r"\\\n\s*", "", block)
        lines += [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


COMMANDS = list(dict.fromkeys(command for page in PAGES for command in commands_of(page)))


def parts_of(language):
    """Return the pages with blocks in a language, each with these."""
    found = {page.relative_to(ROOT).as_posix(): blocks(page, language) for page in PAGES}
    return {page: parts for page, parts in found.items() if parts and page not in FOLLOWED}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with what a reader would have; its tables stand beside it."""
    project = fresh_project(tmp_path_factory.mktemp("documented") / "project")
    for name in ("Makefile", "requirements.lock"):
        (project.folder / name).write_text((ROOT / name).read_text())
    (project.folder / "my_study.yaml").write_text(yaml.safe_dump(TINY))
    table = project.folder.parent / "shared/tables/lcbench17/runs.parquet"
    table.parent.mkdir(parents=True)
    rows = [
        {"task": task, "config_id": rate, "rate": rate, "epoch": epoch, "val_metric": rate * epoch}
        for task in ("a", "b", "c")
        for rate in (0.1, 0.2, 0.3)
        for epoch in (1, 2)
    ]
    pd.DataFrame(rows).to_parquet(table)
    other = table.parents[1] / "taskset12/runs.parquet"
    other.parent.mkdir()
    other.write_bytes(table.read_bytes())
    return project


def run(command, folder):
    """Run a command, or as much of it as takes seconds; return the finished process."""
    words = shlex.split(command.replace("<task>", "digits-cnn"))
    words = list(dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words))
    python = [sys.executable, *words[1:]]
    match words:
        case ["snakemake", *arguments]:
            return warm.snakemake([*arguments, "--dry-run"], folder)
        case ["make", *arguments]:
            words = ["make", "--dry-run", *arguments]
        case ["pip", "install", *arguments]:
            words = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", *arguments]
        case ["export", _] | ["cp", _, _]:
            words = ["bash", "-c", command]
        case ["pytest", *arguments]:
            words = [sys.executable, "-m", "pytest", "--collect-only", *arguments]
            folder = ROOT  # the copy has no tests
        case ["source", ".venv/bin/activate"]:
            words = ["test", "-e", str(Path(sys.executable).with_name("activate"))]
        case ["python", "-m", "probecast.data.user.example", *_]:
            words = python
        case ["python", script, *_] if script.endswith(".py"):
            words = [sys.executable, str(ROOT / script), "--help"]
        case ["python", "-m", module, *_] if module.startswith(("benchmarks.", "probecast.")):
            words = [*python, "--help"]
        case _:
            pytest.fail(f"{command!r} is documented, but no test runs it: say here how")
    path = os.pathsep.join([str(folder / "workflow"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ELSEWHERE], ids=str)
def test_command_works(command, project):
    done = run(command, project.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    if command.startswith("snakemake"):
        assert "This was a dry-run" in done.stdout
    if command in WHOLE_STUDIES:
        assert re.search(rf"^{WHOLE_STUDIES[command]} +1$", done.stdout, re.MULTILINE)
    if "--help" in done.args:
        for option in re.findall(r" (--[\w-]+)", command):
            assert option in done.stdout


@pytest.mark.parametrize("command", ELSEWHERE)
def test_command_is_run_by_another_test(command):
    assert command in COMMANDS
    file, _, test = ELSEWHERE[command].partition("::")
    text = Path(__file__).with_name(file).read_text()
    arguments = ", ".join(f'"{word}"' for word in shlex.split(command)[1:])
    assert re.search(rf"def {test}\(.*?\):\n.*?snakemake\({re.escape(arguments)}\)", text, re.S)


def test_every_shipped_study_is_planned_to_its_last_rule():
    assert WHOLE_STUDIES.keys() <= set(COMMANDS)


@pytest.mark.parametrize("page", parts_of("python"))
def test_programs_run(page, project):
    program = "\n".join([READERS_OWN, *parts_of("python")[page]])
    environment = {**os.environ, "PYTHONPATH": str(project.folder / "workflow")}
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.folder,
        env=environment,
        timeout=300,
        check=True,
    )


@pytest.mark.parametrize("page", FOLLOWED)
def test_programs_are_run_by_another_test(page):
    text = (ROOT / "tests/unit" / FOLLOWED[page]).read_text()
    assert f'"docs" / "{Path(page).name}"' in text


@pytest.mark.parametrize("page", parts_of("yaml"))
def test_pieces_of_study_files_have_known_keys(page):
    for piece in parts_of("yaml")[page]:
        Study.model_validate({**TINY, **yaml.safe_load(piece)})

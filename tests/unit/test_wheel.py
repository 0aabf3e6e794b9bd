"""What `pip install .` installs works by itself, in any folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = """
import probecast
from probecast.library import Observation, open_tuner
from probecast.learner import shipped

tuner = open_tuner(
    {"learning_rate": {"choices": [0.001, 0.01, 0.1]}}, metric="accuracy", floor=0.5, epochs=4
)
configuration, epochs = tuner.ask()
tuner.tell([Observation(configuration, (0.7,) * epochs)])
print(probecast.__file__, shipped.FOLDER, tuner.recommend()[0]["learning_rate"], sep="\\n")
assert len(shipped.tables()) == TABLES
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with nothing but the installed package."""
    # A copy: the build leaves files beside its sources, which the next build would take in.
    source, folder = (tmp_path_factory.mktemp(name) for name in ("source", "installed"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("probecast", "pretrained"):
        shutil.copytree(ROOT / "workflow" / name, source / "workflow" / name)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def run(folder, code, elsewhere):
    return subprocess.run(
        [sys.executable, "-c", code],
        **{"cwd": elsewhere, "env": {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}},
        **{"capture_output": True, "text": True, "check": False},
    )


def test_the_shipped_encoder_recommends_from_any_folder(installed, tmp_path):
    tables = len(list((ROOT / "workflow/pretrained/trials").glob("*.parquet")))
    done = run(installed, EXAMPLE.replace("TABLES", str(tables)), tmp_path)
    assert done.returncode == 0, done.stderr
    module, folder, rate = done.stdout.split()
    assert Path(module).is_relative_to(installed)
    assert Path(folder) == installed / "probecast/pretrained"
    assert float(rate) in (0.001, 0.01, 0.1)
    assert not list(tmp_path.iterdir())


def test_every_module_is_in_it(installed):
    package = ROOT / "workflow" / "probecast"
    here = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    missing = [
        path for path in here if not (installed / path.relative_to(package.parent)).exists()
    ]
    assert here
    assert not missing

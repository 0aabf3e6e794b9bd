"""What `pip install .` installs works by itself, in any folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As if only what the wheel itself depends on were installed.
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
HEAVY = ("torch", "sklearn", "transformers", "datasets", "matplotlib", "optuna")
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


def run(folder, code, elsewhere, absent=()):
    code = ABSENT.replace("NAMES", repr(absent)) + code
    return subprocess.run(
        [sys.executable, "-c", code],
        **{"cwd": elsewhere, "env": {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}},
        **{"capture_output": True, "text": True, "check": False},
    )


def test_the_shipped_encoder_recommends_from_any_folder(installed, tmp_path):
    tables = len(list((ROOT / "workflow/pretrained/trials").glob("*.parquet")))
    done = run(installed, EXAMPLE.replace("TABLES", str(tables)), tmp_path, absent=HEAVY)
    assert done.returncode == 0, done.stderr
    module, folder, rate = done.stdout.split()
    assert Path(module).is_relative_to(installed)
    assert Path(folder) == installed / "probecast/pretrained"
    assert float(rate) in (0.001, 0.01, 0.1)
    assert not list(tmp_path.iterdir())


def test_a_meta_encoder_can_be_pretrained_with_it(installed, tmp_path):
    code = """
from probecast.learner import shipped
from probecast.learner.pretraining import pretrain
from probecast.trials import read_sweeps
names = ("digits-cnn", "imdb-rnn", "load-lstm", "glyphs-cnn")
print(len(pretrain(read_sweeps(shipped.FOLDER / f"trials/{n}.parquet" for n in names)).tasks))
"""
    done = run(installed, code, tmp_path, absent=HEAVY)
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            """
from probecast.tuners import get_tuner
get_tuner("tpe")
""",
            "tuner 'tpe': needs the package 'optuna' of the optional group 'study'",
        ),
        (
            """
import pandas
from probecast.evaluation.calibration import BELIEF_COLUMNS, calibration
rows = [("a", 1, 0, 0.5, 0.4, 0.6, 0.5, 0.5, near, 0.1) for near in (True, False)]
calibration(pandas.DataFrame(rows, columns=BELIEF_COLUMNS))
""",
            "judging beliefs needs the package 'sklearn' of the optional group 'study'",
        ),
    ],
)
def test_what_needs_more_names_the_group_that_brings_it(installed, tmp_path, code, message):
    done = run(installed, code, tmp_path, absent=HEAVY)
    assert done.returncode == 1
    assert f"ProbecastError: {message}, which is not installed; `pip install" in done.stderr


def test_every_module_is_in_it(installed):
    package = ROOT / "workflow" / "probecast"
    here = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    missing = [
        path for path in here if not (installed / path.relative_to(package.parent)).exists()
    ]
    assert here
    assert not missing

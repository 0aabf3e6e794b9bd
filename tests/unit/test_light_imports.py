"""What loads slowly is loaded only where it is needed: each case in a process of its own."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("torch", "torchaudio", "sklearn", "transformers", "datasets", "soundfile"),
    *("matplotlib", "optuna", "snakemake", "jinja2", "yaml"),
}
# These compute nothing with torch; plan does, since it counts a network's operations.
WITHOUT_TORCH = (
    *("predict", "evaluate", "pretrain", "baselines", "replay", "replay_fold", "report"),
    *("compare", "download", "history", "table", "training_config"),
)
ASK_TELL_RECOMMEND = """
from probecast.library import Observation, open_tuner

rates = {"low": 0.0001, "high": 0.1, "scale": "log"}
tuner = open_tuner({"learning_rate": rates}, metric="accuracy", floor=0.1, epochs=8)
configuration, epochs = tuner.ask()
tuner.tell([Observation(configuration, (0.5,) * epochs)])
assert tuner.recommend()[0] == configuration
"""


def loaded_by(code):
    """The packages that a process has loaded in the end."""
    code += "\nimport json, sys\nnames = {name.partition('.')[0] for name in sys.modules}"
    code += "\nprint(json.dumps(sorted(names)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        **{"capture_output": True, "text": True, "check": False, "cwd": ROOT},
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def imports_of(script):
    """What a script imports, as code."""
    body = ast.parse((ROOT / f"workflow/scripts/{script}.py").read_text()).body
    return "\n".join(ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom))


@pytest.mark.parametrize("code", ["import probecast.library", ASK_TELL_RECOMMEND])
def test_the_library_is_light(code):
    assert not loaded_by(code) & {*HEAVY, "pandas", "pyarrow"}


@pytest.mark.parametrize("script", WITHOUT_TORCH)
def test_a_stage_that_computes_nothing_with_torch_does_not_load_it(script):
    assert "torch" not in loaded_by(imports_of(script))


def test_the_ground_words_are_light():
    words = ["code_hash", "encoding", "errors", "files", "holdout", "metrics", "seeds", "space"]
    words += ["stages", "trials"]
    code = "\n".join(f"import probecast.{word}" for word in words)
    assert not loaded_by(code) & {*HEAVY, "pandas", "pyarrow"}

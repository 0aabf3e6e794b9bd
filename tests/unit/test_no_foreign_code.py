"""Nothing that is read can bring code along, but a network of one's own, which is code.

Ruff's rules of the group S see to it, of which the first test holds that they are on; the second
holds what they do not know.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import probecast

LIBRARY = Path(probecast.__file__).parent
PYPROJECT = LIBRARY.parents[1] / "pyproject.toml"
SAMPLES = (
    *("eval(text)", "exec(text)", "os.system(name)", "os.popen(name)", "yaml.load(file)"),
    *("subprocess.run(name, shell=True)", "anything(name, shell=True)", "pickle.load(file)"),
    *("from_pickle(data)", "dill.loads(data)", "marshal.loads(data)", "shelve.open(name)"),
    *("pd.read_pickle(path)",),
)
IMPORTS = """\
import os, subprocess
import dill, marshal, pickle, shelve, yaml
import pandas as pd
from pickle import loads as from_pickle
"""
UNKNOWN_TO_RUFF = re.compile(
    r"^\s*(?:import|from) +(?:c?[Pp]ickle|dill|cloudpickle|joblib|marshal|shelve)\b"
    r"|\btorch\.(?:load|save|jit\.load|hub\.load)\(|\byaml\.(?:unsafe|full)_load\("
    r"|\bread_pickle\(|(?<![\w.])(?:compile|__import__)\("
    r"|\b(?:allow_pickle|trust_remote_code)=(?!False)|\b(?:use_safetensors|weights_only)=(?!True)",
    re.MULTILINE,
)


def test_ruff_finds_what_runs_what_it_reads(tmp_path):
    path = tmp_path / "planted.py"
    path.write_text(IMPORTS + "\n".join(SAMPLES) + "\n")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(PYPROJECT)]
    ran = subprocess.run([*command, "--output-format=json", str(path)], capture_output=True)
    found = [finding for finding in json.loads(ran.stdout) if finding["code"].startswith("S")]
    first = IMPORTS.count("\n") + 1
    lines = set(range(first, first + len(SAMPLES)))
    assert lines <= {finding["location"]["row"] for finding in found}


def test_no_module_can_run_what_it_reads():
    paths = [*LIBRARY.rglob("*.py"), *LIBRARY.parent.glob("scripts/*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    found = {path: UNKNOWN_TO_RUFF.findall(text) for path, text in texts.items()}
    runs_the_users_file = {LIBRARY / "networks" / "user.py": ["compile("]}
    assert {path: calls for path, calls in found.items() if calls} == runs_the_users_file


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "__import__(name)",
        "yaml.unsafe_load(file)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "AutoModel.from_pretrained(name, use_safetensors=False)",
    ],
)
def test_the_search_finds_them(text):
    assert UNKNOWN_TO_RUFF.search(text)


def test_pretrained_models_are_read_without_code():
    text = (LIBRARY / "data" / "text_encoders.py").read_text(encoding="utf-8")
    loads = text.count(".from_pretrained(")
    assert loads == text.count("trust_remote_code=False") == 2
    assert "use_safetensors=True" in text

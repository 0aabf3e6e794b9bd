"""Nothing that is read can bring code along, but a network of one's own, which is code."""

import ast
from pathlib import Path

import pytest

import probecast

LIBRARY = Path(probecast.__file__).parent
SOURCES = sorted(LIBRARY.rglob("*.py")) + sorted(LIBRARY.parent.glob("scripts/*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen"),
    *("torch.load", "torch.save", "torch.jit.load", "torch.hub.load", "joblib.load"),
    *("pd.read_pickle", "pandas.read_pickle", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
}
ARGUMENTS = {"allow_pickle", "shell"}
RUNS_THE_USERS_FILE = LIBRARY / "networks" / "user.py"


def dotted(node):
    """Spell ``a.b.c``, or nothing for what is no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def ways_to_run_code(text):
    """Return what in a module could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            if dotted(node.func) in CALLS:
                found.append(dotted(node.func))
            for keyword in node.keywords:
                value = getattr(keyword.value, "value", None)
                if keyword.arg in ARGUMENTS and value is not False:
                    found.append(keyword.arg)
                if keyword.arg == "trust_remote_code" and value is not False:
                    found.append("trust_remote_code")
                if keyword.arg in ("use_safetensors", "weights_only") and value is not True:
                    found.append(keyword.arg)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_can_run_what_it_reads(path):
    allowed = {"compile", "exec"} if path == RUNS_THE_USERS_FILE else set()
    assert set(ways_to_run_code(path.read_text(encoding="utf-8"))) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "subprocess.run(name, shell=True)",
        "eval(text)",
        "yaml.load(file)",
    ],
)
def test_the_search_finds_them(text):
    assert ways_to_run_code(text)


def test_pretrained_models_are_read_without_code():
    text = (LIBRARY / "data" / "text_encoders.py").read_text(encoding="utf-8")
    loads = text.count(".from_pretrained(")
    assert loads == text.count("trust_remote_code=False") == 2
    assert "use_safetensors=True" in text

import re
from pathlib import Path

import pytest

from probecast import code_hash as module

WORKFLOW = Path(__file__).parents[2] / "workflow"
RULES = [
    (file.name, rule)
    for file in sorted((WORKFLOW / "rules").glob("*.smk"))
    for rule in re.split(r"^ *(?:use )?rule ", file.read_text(), flags=re.MULTILINE)[1:]
    if "script:" in rule
]


def clear():
    module.code_hash.cache_clear()
    module.imported_by.cache_clear()


def fresh_hash(*names, files=()):
    """What a process that starts now would find."""
    clear()
    return module.code_hash(*names, files=files)


@pytest.fixture
def package(tmp_path, monkeypatch):
    files = {
        "__init__.py": "",
        "top.py": "from probecast.middle import thing\n",
        "middle.py": "def thing():\n    from probecast.sub import leaf\n",
        "sub/__init__.py": "",
        "sub/leaf.py": "x = 1\n",
        "other.py": "import json\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    yield tmp_path
    clear()


def test_change_deep_in_the_imports_changes_the_hash(package):
    before = fresh_hash("probecast.top")
    (package / "sub" / "leaf.py").write_text("x = 2\n")
    assert fresh_hash("probecast.top") != before


def test_change_elsewhere_does_not(package):
    before = fresh_hash("probecast.top")
    (package / "other.py").write_text("import os\n")
    assert fresh_hash("probecast.top") == before


def test_modules_loaded_by_name_count(package):
    assert fresh_hash("probecast.top", "probecast.other") != fresh_hash("probecast.top")


def test_the_contents_of_further_files_count(package, tmp_path):
    file = tmp_path / "my_net.py"
    file.write_text("x = 1\n")
    before = fresh_hash("probecast.top", files=(str(file),))
    file.write_text("x = 2\n")
    assert before != fresh_hash("probecast.top", files=(str(file),))
    assert before != fresh_hash("probecast.top")


def test_what_a_script_imports_is_found(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import json\nfrom probecast.files import read_json\n")
    assert module.imported_by(script) == {"probecast.files"}


@pytest.mark.parametrize(
    ("file", "rule"), RULES, ids=[f"{file}:{rule.split(':')[0]}" for file, rule in RULES]
)
def test_a_rule_is_rerun_when_what_its_script_imports_changes(file, rule):
    (script,) = re.findall(r"scripts/(\w+)\.py", rule)
    assert re.search(rf'code=(lambda w: )?(code_of|network_code)\(\s*"{script}"', rule)

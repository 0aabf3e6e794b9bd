import re
from pathlib import Path

import pytest

from probecast import code_hash as module

WORKFLOW = Path(__file__).parents[2] / "workflow"


def rules():
    """Every rule whose script is known, its own or that of the rule that it is like."""
    scripts = {}
    for file in sorted((WORKFLOW / "rules").glob("*.smk")):
        for text in re.split(r"^ *(?=(?:use )?rule )", file.read_text(), flags=re.MULTILINE)[1:]:
            name = re.match(r"(?:use rule (\w+) as )?(?:rule )?(\w+)", text)
            script = re.search(r"scripts/(\w+)\.py", text)
            scripts[name[2]] = script[1] if script else scripts.get(name[1])
            if "code=" in text:
                yield name[2], scripts[name[2]], text


RULES = list(rules())


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


@pytest.mark.parametrize(("name", "script", "text"), RULES, ids=[rule[0] for rule in RULES])
def test_a_rule_is_rerun_when_what_its_script_imports_changes(name, script, text):
    assert re.search(rf'code=(lambda w: )?(code_of|network_code)\(\s*"{script}"', text)


def test_every_rule_with_a_script_has_a_hash_of_its_code():
    scripts = {path.stem for path in (WORKFLOW / "scripts").glob("*.py")}
    assert {script for _, script, _ in RULES} == scripts
    assert {"repeat", "unlike"} <= {name for name, _, _ in RULES}  # with params of their own

import pytest

from probecast import code_hash as module


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
    module._imports.cache_clear()
    yield tmp_path
    module._imports.cache_clear()


def test_change_deep_in_the_imports_changes_the_hash(package):
    before = module.code_hash("probecast.top")
    (package / "sub" / "leaf.py").write_text("x = 2\n")
    assert module.code_hash("probecast.top") != before


def test_change_elsewhere_does_not(package):
    before = module.code_hash("probecast.top")
    (package / "other.py").write_text("import os\n")
    assert module.code_hash("probecast.top") == before


def test_modules_loaded_by_name_count(package):
    assert module.code_hash("probecast.top", "probecast.other") != module.code_hash(
        "probecast.top"
    )

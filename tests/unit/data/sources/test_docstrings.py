import sys
from pathlib import Path

import pytest

from probecast.data.sources.docstrings import (
    duplicate_keys,
    read_docstrings,
    round_robin,
    source_files,
    walk,
)
from probecast.errors import ProbecastError

SOURCE_TEXT = '''"""About the module."""

raise SystemExit("this file must not run")


class Shape:
    """About
    the class."""

    def area(self):
        """About the method."""

        def inner():
            """Not seen: inside a function."""


def circle():
    """About the function."""


def silent():
    pass
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package called ``toypackage``: twelve files of two texts, and a test."""
    root = tmp_path / "toypackage"
    (root / "tests").mkdir(parents=True)
    (root / "__init__.py").write_text("raise SystemExit('this package must not be imported')")
    (root / "tests" / "test_a.py").write_text('"""A test is no prose, however long it is."""')
    for number, word in enumerate("ant bee cat dog elk fox gnu hen ibex jay kite lynx".split()):  # noqa: SIM905
        (root / f"module{number:02d}.py").write_text(
            f'"""{word} {word} lives in the woods and eats what the woods give it, {word}."""\n'
            f'class A:\n    """The {word} class, so different in its way from the other {word}."""'
        )
    monkeypatch.syspath_prepend(tmp_path)
    return root


def test_reads_what_each_docstring_documents_on_one_line_without_running_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shapes.py"
    path.write_text(SOURCE_TEXT)
    assert [(item.kind, item.text) for item in read_docstrings(path)] == [
        ("module", "About the module."),
        ("class", "About the class."),
        ("function", "About the method."),
        ("function", "About the function."),
    ]


def test_a_file_in_another_syntax_has_no_docstrings(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text('"""About the module."""\nprint "python 2"\n')
    assert read_docstrings(path) == []


def test_source_files_are_sorted_and_without_tests(package: Path) -> None:
    names = list(source_files("toypackage"))
    assert names == sorted(names)
    assert "module00.py" in names
    assert not any("test" in name for name in names)


def test_a_missing_package_is_named_with_a_remedy() -> None:
    with pytest.raises(ProbecastError, match="'no_such_package'.*pip install no_such_package"):
        source_files("no_such_package")


def test_splits_share_no_file_and_together_hold_all_texts(package: Path) -> None:
    texts = {}
    for split in ("train", "test"):
        texts[split] = [item.text for item in walk("toypackage", split, 0, 20, set())]
    animals = {split: {text.split()[-1] for text in texts[split]} for split in texts}
    assert animals["train"].isdisjoint(animals["test"])
    assert len(texts["train"]) + len(texts["test"]) == 24
    assert "toypackage" not in sys.modules


def test_texts_seen_before_and_short_texts_are_skipped(package: Path) -> None:
    seen: set[str] = set()
    first = list(walk("toypackage", "train", 0, 20, seen))
    assert first
    assert list(walk("toypackage", "train", 0, 20, seen)) == []
    assert list(walk("toypackage", "train", 0, 1000, set())) == []


def test_texts_that_open_or_end_alike_share_a_key() -> None:
    text = "Fit the model according to the given training data, " + "then rest. " * 9
    assert duplicate_keys(text) & duplicate_keys(text.upper() + " And return the estimator.")
    assert duplicate_keys(text) & duplicate_keys("Predict by the fitted model. " + text)
    assert not duplicate_keys(text) & duplicate_keys("Predict by the fitted model. " * 9)


def test_round_robin_goes_on_when_a_stream_runs_dry() -> None:
    assert list(round_robin([iter("ad"), iter("b"), iter("cef")])) == list("abcdef")

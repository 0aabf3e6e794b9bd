"""Texts that are generated, or read from code, for pretrained encoders: what their labels mean."""

from collections import Counter

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from probecast.data.sources import get_source
from probecast.data.sources.code_library import GIVEAWAYS, read_functions
from probecast.data.sources.opinions import LABELS, SUBJECTS, WORDS
from probecast.data.sources.questions import GAP, NOUNS

CLASSES = {"opinions": 2, "questions": 6, "code_library": 6}


@pytest.fixture(scope="module")
def splits():
    return {name: get_source(name).generate({"train": 400, "test": 200}, 0) for name in CLASSES}


@pytest.mark.parametrize("name", CLASSES)
def test_all_classes_are_about_equally_frequent(name, splits):
    counts = Counter(splits[name]["train"]["label"])
    assert len(counts) == CLASSES[name]
    assert min(counts.values()) > 400 / CLASSES[name] / 2


@pytest.mark.parametrize(
    ("name", "most"), [("opinions", 0.75), ("questions", 0.5), ("code_library", 0.85)]
)
def test_who_only_counts_words_leaves_much_to_be_learnt(name, most, splits):
    train, test = splits[name]["train"], splits[name]["test"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    model.fit(list(train["text"]), train["label"])
    assert model.score(list(test["text"]), test["label"]) < most


def test_words_of_praise_and_blame_are_different_ones():
    words = {label: WORDS[label].split(", ") for label in LABELS}
    assert all(len(set(of)) == len(of) == 60 for of in words.values())
    assert set(words["negative"]).isdisjoint(words["positive"])
    assert all(len(parts.split(", ")) == 8 for parts in SUBJECTS.values())


def test_no_noun_is_of_two_kinds_and_some_words_are_lost(splits):
    nouns = [noun for of in NOUNS.values() for noun in of]
    assert len(set(nouns)) == len(nouns) == 6 * 24
    words = " ".join(splits["questions"]["train"]["text"]).replace("?", "").split()
    assert 0.1 < words.count(GAP) / len(words) < 0.2


def test_code_names_no_library(splits):
    assert not any(GIVEAWAYS.search(text) for text in splits["code_library"]["train"]["text"])


def test_of_a_file_the_functions_are_read_without_their_docstrings(tmp_path):
    path = tmp_path / "some.py"
    path.write_text('def f(x):\n    """Say."""\n    return sympy.cos(x)\n\nclass A:\n    x = 1\n')
    assert [item.text for item in read_functions(path)] == ["return library.cos(x)"]
    path.write_text("def f(:\n")
    assert read_functions(path) == []

"""The two text sources made of docstrings."""

import re
from collections import Counter

import pytest
from datasets import ClassLabel, DatasetDict, Value
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from probecast.data.sources import docs_kind, docs_topic

SOURCES = {"docs_topic": docs_topic, "docs_kind": docs_kind}


@pytest.fixture(scope="module")
def corpora() -> dict[str, DatasetDict]:
    rows = {"train": 400, "test": 200}
    return {name: module.SOURCE.generate(rows, 0) for name, module in SOURCES.items()}


def score(splits: DatasetDict) -> float:
    """Test accuracy of logistic regression on the words of the training split."""
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    model.fit(list(splits["train"]["text"]), splits["train"]["label"])
    return model.score(list(splits["test"]["text"]), splits["test"]["label"])


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("docs_topic", ["numpy", "pandas", "scikit-learn", "matplotlib", "scipy", "torch"]),
        ("docs_kind", ["class", "function"]),
    ],
)
def test_schema_and_equal_classes(
    name: str, classes: list[str], corpora: dict[str, DatasetDict]
) -> None:
    for table in corpora[name].values():
        assert table.features == {"text": Value("string"), "label": ClassLabel(names=classes)}
        counts = Counter(table["label"])
        assert set(counts) == set(range(len(classes)))
        assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "Use numpy.ndarray, NumPy or numpydoc",
        "from scikit-learn: sklearn.svm.SVC",
        "``pd.DataFrame`` of pandas",
        "see plt.plot, mpl_toolkits, matplotlib.pyplot",
        ">>> np.array(scipy.sparse); sp.special",
        "PyTorch's torch.nn, nn.Linear",
    ],
)
def test_names_and_aliases_of_libraries_are_masked(text: str) -> None:
    names = r"numpy|pandas|sklearn|scikit|matplotlib|scipy|torch|\b(np|pd|plt|sp|nn)\b|mpl"
    assert re.search(names, text, re.IGNORECASE)
    masked = docs_topic.mask(text)
    assert not re.search(names, masked, re.IGNORECASE)
    assert docs_topic.MASK in masked


def test_words_that_merely_contain_an_alias_stay() -> None:
    text = "concatenate simple inputs, span the annotated expansions of a latent unplotted space"
    assert docs_topic.mask(text) == text


def test_no_library_is_named_in_the_corpus(corpora: dict[str, DatasetDict]) -> None:
    names = re.compile(
        r"numpy|pandas|sklearn|scikit|matplotlib|pyplot|scipy|torch|\b(np|pd|plt)\.", re.IGNORECASE
    )
    for table in corpora["docs_topic"].values():
        assert not [text for text in table["text"] if names.search(text)]


def test_the_two_sources_read_different_packages() -> None:
    assert set(docs_kind.PACKAGES).isdisjoint(docs_topic.LIBRARIES.values())


def test_minimum_lengths_and_single_lines(corpora: dict[str, DatasetDict]) -> None:
    kinds = [text for table in corpora["docs_kind"].values() for text in table["text"]]
    assert min(map(len, kinds)) >= docs_kind.MINIMUM
    assert not any("\n" in text for text in kinds)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("docs_topic", 0.5, 0.9), ("docs_kind", 0.65, 0.92)]
)
def test_words_tell_the_class_to_a_degree(
    name: str, low: float, high: float, corpora: dict[str, DatasetDict]
) -> None:
    assert low < score(corpora[name]) < high

from collections import Counter

import pytest
from datasets import ClassLabel, DatasetDict, Value
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from probecast.data.sources.scenes import SOURCE, THINGS

PLACE_OF = {thing: place for place, things in THINGS.items() for thing in things}


@pytest.fixture(scope="module")
def splits() -> DatasetDict:
    return SOURCE.generate({"train": 400, "test": 300}, 0)


def places_in(text: str) -> Counter[str]:
    return Counter(place for thing, place in PLACE_OF.items() if f"the {thing} " in spaced(text))


def spaced(text: str) -> str:
    return text.lower().replace(",", " ").replace(".", " ")


def test_no_thing_is_of_two_places() -> None:
    assert len(PLACE_OF) == sum(map(len, THINGS.values())) == 6 * 24


def test_schema(splits: DatasetDict) -> None:
    features = {"text": Value("string"), "label": ClassLabel(names=list(THINGS))}
    assert all(table.features == features for table in splits.values())


def test_the_label_is_the_place_of_two_things_of_four(splits: DatasetDict) -> None:
    places = list(THINGS)
    for row in splits["train"]:
        counts = places_in(row["text"])
        assert sorted(counts.values()) == [1, 1, 2]
        assert counts.most_common(1)[0][0] == places[row["label"]]


def test_all_places_are_about_equally_frequent(splits: DatasetDict) -> None:
    counts = Counter(splits["train"]["label"])
    assert min(counts.values()) > 400 / 6 / 2


def test_words_tell_the_class_to_a_degree(splits: DatasetDict) -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    model.fit(list(splits["train"]["text"]), splits["train"]["label"])
    assert 0.6 < model.score(list(splits["test"]["text"]), splits["test"]["label"]) < 0.95

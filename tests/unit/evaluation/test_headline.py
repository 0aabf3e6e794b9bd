import pytest

from probecast.evaluation.headline import in_words, percent

HEADLINE = {
    "tasks": ["a-cnn", "b-cnn", "c-lstm", "d-rnn"],
    "saturated_tasks": ["d-rnn"],
    "hit_rate_5pct": 2 / 3,
    "base_rate_5pct": 0.21,
    "cost_ratio_grid": 12.0,
    "reference": "sampled reference",
}


def test_the_sentence_tells_hits_cost_chance_and_what_is_left_out():
    assert in_words(HEADLINE) == (
        "On 2 of 3 tasks, the predicted configuration came within 5 % of the best of the sampled "
        "reference sweep, at 8.3 % of its cost; a random configuration does so with "
        "probability 21 %. 1 task where more than half of random configurations do so is left "
        "out."
    )


def test_a_whole_grid_is_called_grid_search():
    sentence = in_words({**HEADLINE, "reference": "grid", "saturated_tasks": []})
    assert "within 5 % of grid search, at 8.3 % of its cost" in sentence
    assert "sampled" not in sentence
    assert "left out" not in sentence


def test_without_an_unsaturated_task_no_rate_is_claimed():
    saturated = {"saturated_tasks": HEADLINE["tasks"], "hit_rate_5pct": None}
    sentence = in_words({**HEADLINE, **saturated, "base_rate_5pct": None})
    assert "no hit rate" in sentence
    assert "8.3 % of its cost" in sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.042, "4.2 %"), (0.0996, "10 %"), (0.57, "57 %"), (0, "0 %"), (1, "100 %")],
)
def test_percent(share, text):
    assert percent(share) == text

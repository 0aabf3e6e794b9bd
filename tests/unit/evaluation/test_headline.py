import pytest

from probecast.errors import ProbecastError
from probecast.evaluation.headline import Headline, in_words, percent, read_headline
from probecast.files import write_json

HEADLINE = Headline(
    tasks=["a-cnn", "b-cnn", "c-lstm", "d-rnn"],
    saturated_tasks=["d-rnn"],
    hit_rate_5pct=2 / 3,
    hit_rate_1pct=1 / 3,
    base_rate_5pct=0.21,
    default_hit_rate_5pct=0.0,
    best_average_hit_rate_5pct=None,
    portfolio_hit_rate_5pct=None,
    cost_ratio_grid=12.0,
    cost_ratio_random=1.5,
    mean_regret=0.1,
    seeds=3,
    reference="sampled reference",
    study="by_hand",
)


def changed(**values):
    return HEADLINE.model_copy(update=values)


def test_a_headline_survives_its_file(tmp_path):
    HEADLINE.write(tmp_path / "headline.json")
    assert read_headline(tmp_path / "headline.json") == HEADLINE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": "3"}, "seeds: Input should be a valid integer"),
        ({"reference": "random"}, "reference: Input should be 'grid' or 'sampled reference'"),
        ({"tasks": None}, "tasks: Input should be a valid array"),
        ({"mean_regret": ...}, "mean_regret: Field required"),
    ],
)
def test_another_headline_is_one_message(tmp_path, changes, message):
    path = tmp_path / "headline.json"
    values = HEADLINE.model_dump() | changes
    write_json(path, {key: value for key, value in values.items() if value is not ...})
    with pytest.raises(ProbecastError, match=rf"headline\.json: {message}; rerun evaluate\.$"):
        read_headline(path)


def test_the_sentence_tells_hits_cost_chance_and_what_is_left_out():
    assert in_words(HEADLINE) == (
        "On 2 of 3 tasks, the predicted configuration came within 5 % of the best of the sampled "
        "reference sweep, at 8.3 % of its cost; a random configuration does so with "
        "probability 21 %. 1 task where more than half of random configurations do so is left "
        "out."
    )


def test_a_whole_grid_is_called_grid_search():
    sentence = in_words(changed(reference="grid", saturated_tasks=[]))
    assert "within 5 % of grid search, at 8.3 % of its cost" in sentence
    assert "sampled" not in sentence
    assert "left out" not in sentence


def test_without_an_unsaturated_task_no_rate_is_claimed():
    sentence = in_words(
        changed(saturated_tasks=HEADLINE.tasks, hit_rate_5pct=None, base_rate_5pct=None)
    )
    assert "no hit rate" in sentence
    assert "8.3 % of its cost" in sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.042, "4.2 %"), (0.0996, "10 %"), (0.57, "57 %"), (0, "0 %"), (1, "100 %")],
)
def test_percent(share, text):
    assert percent(share) == text

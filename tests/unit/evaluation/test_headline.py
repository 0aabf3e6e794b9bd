import pytest

from probecast.errors import ProbecastError
from probecast.evaluation.headline import Headline, percent, read_headline
from probecast.files import write_json

HEADLINE = Headline(
    tasks=["a-cnn", "b-cnn", "c-lstm", "d-rnn"],
    saturated_tasks=["d-rnn"],
    weak_reference_tasks=[],
    gain_over_default=0.12,
    worse_than_default_rate=0.25,
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


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.042, "4.2 %"), (0.0996, "10 %"), (0.57, "57 %"), (0, "0 %"), (1, "100 %")],
)
def test_percent(share, text):
    assert percent(share) == text

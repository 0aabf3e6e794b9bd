import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from probecast.study.finetuning import ByHand, FinetuningSettings
from probecast.training.loop import schedule

ORIGINAL = {"learning_rate": 5e-5, "batch_size": 8, "epochs": 1, "warmup_steps": 500}
COMPARED = {"tasks": ["toy-finetune", "other-lora"], "by_hand_rows": 25_000}


def test_the_original_warms_up_for_a_sixth_of_its_25000_reviews():
    assert ByHand(**ORIGINAL).warmup_share(25_000) == pytest.approx(500 / 3125)


def test_the_share_is_of_all_epochs_and_of_rounded_up_steps():
    update = ByHand(**{**ORIGINAL, "batch_size": 16, "epochs": 3})
    assert update.warmup_share(25_000) == pytest.approx(500 / (3 * 1563))


def test_without_warm_up_there_is_no_share():
    assert ByHand(**{**ORIGINAL, "warmup_steps": 0}).warmup_share(25_000) == 0


@given(st.integers(1, 5000), st.integers(1, 64), st.integers(1, 4), st.integers(1, 2000))
def test_the_loop_warms_up_for_just_as_many_steps(rows, batch_size, epochs, warmup_steps):
    hand = ByHand(learning_rate=1, batch_size=batch_size, epochs=epochs, warmup_steps=warmup_steps)
    steps = epochs * math.ceil(rows / batch_size)
    share = hand.warmup_share(rows)
    assert math.floor(share * steps) == warmup_steps
    last = min(warmup_steps, steps) - 1
    assert schedule(last, steps, share) == pytest.approx((last + 1) / (warmup_steps + 1))
    if steps > warmup_steps:
        assert schedule(warmup_steps, steps, share) == 1


def test_everything_by_hand_is_compared_as_written_and_scaled():
    settings = FinetuningSettings(**COMPARED, by_hand={"original": ORIGINAL, "update": ORIGINAL})
    assert settings.names == [
        *("original", "original_scaled", "update", "update_scaled"),
        *("default", "predicted"),
    ]
    assert settings.datasets == ["toy", "other"]
    assert settings.scaled[0]["warmup_share"] == pytest.approx(500 / 3125)


@pytest.mark.parametrize("names", [["predicted"], ["default"], ["mine", "mine_scaled"]])
def test_a_name_that_is_taken_is_refused(names):
    with pytest.raises(ValidationError, match="is taken; choose another"):
        FinetuningSettings(**COMPARED, by_hand=dict.fromkeys(names, ORIGINAL))

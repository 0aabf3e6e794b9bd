from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.tables import small_table
from probecast.learner.curves import (
    Scale,
    after_steps,
    at_levels,
    curve_levels,
    delay,
    normalise,
    roughness,
)

NAN = float("nan")


def curves_of(table) -> dict[float, list[float]]:
    """The normalised curves by learning rate."""
    rates = [c["learning_rate"] for c in table.configurations().values()]
    return dict(zip(rates, normalise(table).curves.tolist(), strict=True))


@given(st.integers(1, 2000))
def test_levels_begin_at_one_end_at_the_horizon_and_thin_out(horizon):
    levels = curve_levels(horizon)
    assert levels[0] == 1
    assert levels[-1] == horizon
    assert (np.diff(levels) > 0).all()
    assert len(levels) <= 3 + 2.2 * np.log(horizon + 1)


def test_trivial_is_zero_and_perfect_is_one_whatever_the_metric():
    accuracy = Scale(small_table({1.0: [0.2]}, floor=0.25).info)
    assert accuracy.to_unit([0.25, 1.0, 0.625]).tolist() == [0, 1, 0.5]
    errors = small_table({1.0: [0.2]}, metric="wer", higher_is_better=False, floor=0.8)
    assert Scale(errors.info).to_unit([0.8, 0.0, 0.2]).tolist() == pytest.approx([0, 1, 0.75])
    assert accuracy.kind == Scale(errors.info).kind


def test_the_way_back_gives_natural_units_none_better_than_perfect():
    scale = Scale(small_table({1.0: [0.2]}, metric="mse", higher_is_better=False, floor=2.0).info)
    assert scale.to_natural([0.0, 0.75, 1.3]).tolist() == pytest.approx([2.0, 0.5, 0.0])


def test_a_metric_that_nobody_knows_keeps_its_unit_and_is_turned_round_if_small_is_good():
    loss = small_table({1.0: [0.2]}, metric="perplexity", higher_is_better=False, floor=NAN).info
    scale = Scale(loss)
    assert (scale.floor, scale.ceiling) == (None, None)
    assert scale.to_unit([30.0, NAN]).tolist() == pytest.approx([-30.0, NAN], nan_ok=True)
    assert scale.to_natural([-30.0]).tolist() == [30.0]
    assert Scale(replace(loss, floor_val=100.0)).floor == -100.0
    assert scale.kind != Scale(replace(loss, metric="bits")).kind
    assert scale.kind != Scale(replace(loss, floor_val=100.0)).kind  # counted from elsewhere


@pytest.mark.parametrize("changes", [{"floor_val": 10.0}, {"higher_is_better": False}])
def test_what_is_called_accuracy_but_is_another_metric_is_not_turned_round(changes):
    info = replace(small_table({1.0: [0.2]}, floor=0.1).info, **changes)  # 10.0: in per cent
    scale, share = Scale(info), Scale(small_table({1.0: [0.2]}, floor=0.1).info)
    good, bad = (90.0, 20.0) if info.higher_is_better else (0.2, 0.9)
    assert np.diff(scale.to_unit([bad, good])) > 0
    assert scale.kind != share.kind


def test_a_source_lies_between_its_floor_and_its_best():
    table = small_table({0.1: [0.1, 0.3], 0.2: [0.2, 0.5]}, floor=0.1)
    assert curves_of(table)[0.1] == pytest.approx([0, 0.5])
    assert curves_of(table)[0.2] == pytest.approx([0.25, 1])
    found = normalise(table)
    assert (found.beginning, found.reach) == pytest.approx((0, 0.4 / 0.9))  # of floor to perfect


def test_divergence_is_the_worst_and_what_was_not_run_is_unknown():
    table = small_table({0.1: [0.55, NAN], 0.2: [0.1], 1.0: [0.55, 0.1, 1.0]}, floor=0.1)
    assert curves_of(table)[0.1] == pytest.approx([0.5, -0.2, -0.2])
    np.testing.assert_allclose(curves_of(table)[0.2], [0, NAN, NAN], atol=1e-12)
    assert curves_of(table)[1.0] == pytest.approx([0.5, 0, 1])


def test_how_far_below_the_floor_does_not_matter_beyond_a_point():
    table = small_table(
        {0.1: [0.9, 0.5], 0.2: [1.1, 5.0]}, metric="mse", higher_is_better=False, floor=1.0
    )
    assert curves_of(table)[0.1] == pytest.approx([0.2, 1])
    assert curves_of(table)[0.2] == pytest.approx([-0.2, -0.2])


def test_without_a_floor_the_worst_trials_stand_in_for_it():
    table = small_table({0.1 * i: [float(i)] for i in range(1, 101)}, metric="loss", floor=NAN)
    found = normalise(table)
    assert 1 <= found.beginning <= 4
    assert found.beginning + found.reach == pytest.approx(100)


def test_a_task_whose_trials_end_alike_is_no_source():
    assert normalise(small_table({0.1: [0.1, 0.1], 0.2: [NAN]}, floor=0.1)) is None
    assert normalise(small_table({0.1: [0.2, NAN]}, floor=0.1)) is None


def test_a_task_on_which_even_the_best_learns_next_to_nothing_is_no_source():
    errors = {"metric": "wer", "higher_is_better": False, "floor": 1.0}
    assert normalise(small_table({0.1: [1.0, 1.004], 0.2: [1.0, 0.97]}, **errors)) is None
    assert normalise(small_table({0.1: [1.0, 1.004], 0.2: [1.0, 0.9]}, **errors)) is not None


def test_where_nothing_beats_the_floor_the_worst_trials_stand_in_for_it():
    found = normalise(small_table({0.1: [0.02], 0.2: [0.08]}, floor=0.1))
    assert found.curves.ravel().tolist() == pytest.approx([0, 1], abs=0.03)


def test_a_floor_that_good_trials_reach_late_is_no_beginning():
    forecasts = small_table(
        {0.1: [2.0, 1.2, 0.9], 0.2: [2.0, 1.1, 0.8], 0.3: [3.0, 2.5, 2.0], 0.4: [5.0, 5.0, 5.0]},
        metric="mse",
        higher_is_better=False,
        floor=1.0,
    )
    found, curves = normalise(forecasts), curves_of(forecasts)
    assert (found.beginning, found.reach) == pytest.approx((-1, 0.2))
    assert curves[0.2] == pytest.approx([0, 0.75, 1])
    assert curves[0.1] == pytest.approx([0, 0.8 / 1.2, 1.1 / 1.2])
    assert curves[0.4] == pytest.approx([-0.2] * 3)


def test_seeds_are_averaged():
    one, two = (
        small_table({0.1: [0.1, v], 0.2: [0.1, 0.5]}, seed=s) for s, v in ((1, 0.3), (2, 0.5))
    )
    both = pd.concat([one.frame, two.frame]).sort_values(["config_id", "seed", "epoch"])
    assert curves_of(replace(one, frame=both.reset_index(drop=True)))[0.1] == pytest.approx(
        [0, 0.75]
    )


def test_a_longer_source_is_read_at_the_same_shares_of_its_horizon():
    curves = np.arange(1, 101)[None] / 100
    assert at_levels(curves, np.array([1, 3, 10])).tolist() == [[0.1, 0.3, 1.0]]
    assert at_levels(curves[:, :2], np.array([1, 5, 6, 10])).tolist() == [[0.01, 0.01, 0.02, 0.02]]


def test_a_rough_beginning_makes_early_values_noisy_and_no_later_ones():
    generator, time = np.random.default_rng(0), np.arange(1, 41) / 40
    sigma = np.where(time <= 0.25, 0.1, 0.01)
    curves = time**0.3 + sigma * generator.standard_normal((2000, 40))
    levels = np.array([2, 5, 20, 30, 40])
    found = roughness(curves, levels).mean(axis=0)
    assert found[:2] == pytest.approx([0.1**2] * 2, rel=0.1)
    assert found[2:] == pytest.approx([0.01**2] * 3, rel=0.1)


def test_a_rough_curve_is_noisy_and_its_neighbour_is_not():
    smooth = np.linspace(0, 1, 9) ** 0.5
    curves = np.stack([smooth, smooth, smooth + 0.1 * (-1.0) ** np.arange(9)])
    found = roughness(curves, np.array([1, 5, 9]))
    assert found[:2] == pytest.approx(0)
    assert found[2].min() > 0.01


def test_bends_that_all_curves_have_are_no_noise():
    stepped = np.repeat([0.1, 0.5, 0.6], 4)  # as where the learning rate drops
    curves = np.stack([stepped, stepped + 0.2, stepped - 0.1 * np.arange(12) / 12])
    assert roughness(curves, np.array([1, 4, 5, 8, 12])) == pytest.approx(0)


def test_curves_that_are_too_short_are_not_rough():
    for epochs in (1, 2):
        curves = np.random.default_rng(0).uniform(0, 1, (4, epochs))
        assert roughness(curves, np.array([1, 2, 3])).tolist() == [[0.0] * 3] * 4


def test_a_late_curve_is_flat_for_a_third_of_the_horizon_and_ends_as_it_would():
    straight = np.array([1.0, 2, 3, 5, 8, 12])
    late = delay(straight) @ straight
    assert late == pytest.approx([0, 0, 0, 1.5, 6, 12])
    assert delay(np.array([1])).tolist() == [[1.0]]


def test_the_roughness_of_a_longer_source_is_read_where_its_values_are():
    curves = np.random.default_rng(0).uniform(0, 1, (5, 100))
    levels = np.array([1, 3, 10])
    in_epochs = roughness(curves, np.array([10, 30, 100]))
    assert roughness(curves, levels).tolist() == in_epochs.tolist()


CURVES = np.array([[0.2, 0.4, 0.6, 0.8], [0.9, 1.0, 1.0, 1.0]])


def test_after_as_many_steps_as_were_seen_a_curve_is_what_it_was():
    assert after_steps(CURVES, np.arange(1, 5), 1.0) == pytest.approx(CURVES)
    twice = after_steps(CURVES, np.arange(1, 3), 2.0)
    assert twice == pytest.approx(CURVES[:, [1, 3]])


def test_with_more_steps_slow_curves_come_nearer_to_the_best_and_none_is_better_than_it():
    larger = after_steps(CURVES, np.arange(1, 5), 10.0)
    assert 0.8 < larger[0, -1] <= 1.0
    assert (np.diff(larger[0]) >= 0).all()
    assert larger[1, -1] == pytest.approx(1.0)


def test_with_fewer_steps_what_begins_fast_is_the_best():
    smaller = after_steps(CURVES, np.arange(1, 5), 0.25)
    assert smaller[1, -1] == 1.0
    assert smaller[0, -1] == pytest.approx(0.2 / 0.9)


@given(st.integers(2, 9), st.floats(0.01, 100), st.integers(1, 60))
def test_curves_on_the_footing_of_steps_stay_within_bounds(epochs, larger, horizon):
    known = np.random.default_rng(epochs).uniform(-0.2, 1.0, (5, epochs))
    found = after_steps(known, curve_levels(horizon), larger)
    assert found.shape == (5, len(curve_levels(horizon)))
    assert ((found >= -0.2) & (found <= 1.0)).all()

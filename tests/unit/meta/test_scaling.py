from dataclasses import replace

import numpy as np
import pytest

from probecast.errors import ProbecastError
from probecast.meta.scaling import Scale, unit_curves
from tables import small_table

NAN = float("nan")


def test_trivial_is_zero_and_perfect_is_one_whatever_the_metric():
    accuracy = Scale(small_table({1.0: [0.2]}, floor=0.25).info)
    assert accuracy.to_unit([0.25, 1.0, 0.625]).tolist() == [0, 1, 0.5]
    errors = small_table({1.0: [0.2]}, metric="wer", higher_is_better=False, floor=0.8)
    assert Scale(errors.info).to_unit([0.8, 0.0, 0.2]).tolist() == pytest.approx([0, 1, 0.75])


def test_the_way_back_gives_natural_units_none_better_than_perfect():
    scale = Scale(small_table({1.0: [0.2]}, metric="mse", higher_is_better=False, floor=2.0).info)
    assert scale.to_natural([0.0, 0.75, 1.3]).tolist() == pytest.approx([2.0, 0.5, 0.0])


def test_how_far_below_trivial_does_not_matter_beyond_a_point():
    scale = Scale(small_table({1.0: [0.2]}, metric="mse", higher_is_better=False, floor=1.0).info)
    assert scale.to_unit([1e18, 5.0, 1.1]).tolist() == pytest.approx([-0.2, -0.2, -0.1])


def test_divergence_is_trivial_but_what_was_not_run_is_unknown():
    table = small_table({0.1: [0.55, NAN], 0.2: [0.1], 1.0: [0.55, 0.1, 1.0]}, floor=0.1)
    curves = dict(zip(sorted(table.configurations()), unit_curves(table).tolist(), strict=True))
    ids = {c["learning_rate"]: i for i, c in table.configurations().items()}
    assert curves[ids[0.1]] == pytest.approx([0.5, 0, 0])
    np.testing.assert_allclose(curves[ids[0.2]], [0, NAN, NAN], atol=1e-12)
    assert curves[ids[1.0]] == pytest.approx([0.5, 0, 1])


def test_a_floor_at_the_ceiling_leaves_no_room():
    info = replace(small_table({1.0: [0.2]}).info, floor_val=1.0)
    with pytest.raises(ProbecastError, match="no room"):
        Scale(info)

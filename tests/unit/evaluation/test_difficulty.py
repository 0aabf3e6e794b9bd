import math

from probecast.evaluation.difficulty import difficulty
from tables import small_table


def test_spread_of_a_sweep_by_hand():
    table = small_table(
        {1.0: [0.1, math.nan], 0.1: [0.2, 0.5], 0.01: [0.4, 0.96], 0.001: [0.5, 1.0]}, floor=0.25
    )
    row = difficulty(table)
    assert (row["worst"], row["best"], row["floor"]) == (0.25, 1.0, 0.25)
    assert row["median"] == (0.5 + 0.96) / 2
    assert row["within_5pct"] == 0.5  # 0.96 and 1.0
    assert row["distinct"] == 4
    assert row["diverged"] == 1


def test_lower_is_better():
    row = difficulty(
        small_table(
            {1.0: [1.0], 0.1: [1.04], 0.01: [2.0]}, metric="mse", higher_is_better=False, floor=3.0
        )
    )
    assert (row["worst"], row["best"]) == (2.0, 1.0)
    assert row["within_5pct"] == 2 / 3

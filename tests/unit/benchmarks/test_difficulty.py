import math
from dataclasses import replace

import pandas as pd
import pytest

from benchmarks.difficulty import difficulty
from kit.tables import small_table


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
    assert row["core_minutes"] == pytest.approx(8 * 0.5 / 60)
    assert math.isnan(row["seed_error"])


def test_repeats_tell_the_noise_and_are_no_configurations():
    table = small_table({0.1: [0.5], 0.01: [0.7], 0.001: [0.6]}, test_offset=-0.05)
    repeat = small_table({0.1: [0.52], 0.01: [0.9]}, seed=0)
    both = replace(table, frame=pd.concat([table.frame, repeat.frame], ignore_index=True))
    row = difficulty(both)
    assert (row["configurations"], row["best"]) == (3, 0.7)
    assert row["test_of_best"] == pytest.approx(0.65)
    assert row["seed_error"] == pytest.approx(((0.02**2 + 0.2**2) / 2 / 2) ** 0.5)


def test_lower_is_better():
    row = difficulty(
        small_table(
            {1.0: [1.0], 0.1: [1.04], 0.01: [2.0]}, metric="mse", higher_is_better=False, floor=3.0
        )
    )
    assert (row["worst"], row["best"]) == (2.0, 1.0)
    assert row["within_5pct"] == 2 / 3

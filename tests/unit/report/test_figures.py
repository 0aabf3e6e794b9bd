import numpy as np
import pandas as pd
import pytest

from probecast.report.drawing import limits
from probecast.report.figures.curves import curves_figure
from probecast.report.figures.regret import regret_over_cost


def test_regret_over_cost_is_a_mean_over_all_tasks():
    rows = [
        ("a", 0, 1.0, 0.4),
        ("a", 1, 1.0, 0.2),
        ("a", 0, 3.0, 0.1),
        ("b", 0, 2.0, 0.5),
        ("b", 0, 3.0, 0.3),
    ]
    baselines = pd.DataFrame(rows, columns=["task", "repetition", "cost", "regret"])
    # Cost 1 has no recommendation on b; at cost 2, a keeps the mean of its two repetitions.
    expected = pd.DataFrame({2.0: [0.3, 0.5], 3.0: [0.1, 0.3]}, index=["a", "b"])
    pd.testing.assert_frame_equal(regret_over_cost(baselines), expected, check_names=False)


def test_an_exploding_error_does_not_flatten_the_axis(make_study):
    info = make_study(["a", "b"])["tasks"][1].info  # an error, floor 1.0
    low, high = limits(np.array([0.2, 0.5, 1e9, np.nan]), info, floor=1.0)
    assert low < 0.2
    assert 1.0 < high < 1.5


def test_limits_of_equal_values_have_a_width(make_study):
    info = make_study(["a"])["tasks"][0].info
    low, high = limits(np.array([0.5, 0.5]), info, floor=0.1)
    assert low < 0.5 < high


@pytest.mark.parametrize("sampled", [True, False])
def test_the_caption_counts_what_is_drawn(make_study, sampled):
    task = make_study(["a"], sampled)["tasks"][0]
    trials = len(task.sweep.curves())
    assert f"the sweep's {trials} trials" in curves_figure(task).caption
    assert "The 3 probes" in curves_figure(task).caption

import pandas as pd

from probecast.evaluation.architectures import leave_one_architecture_out


def test_the_last_affordable_recommendations_with_and_without_like_sources(digits, load):
    digits.baselines.loc[
        (digits.baselines["method"] == "random") & (digits.baselines["cost"] == 2), "regret"
    ] = [0.4, 0.6]
    found = leave_one_architecture_out([digits, load])
    expected = pd.DataFrame(
        [
            # The predictions have paid for two full runs; a third is not looked at.
            ("digits-cnn", "cnn", "portfolio", "family", 2.0, 0.2, 1.0),
            ("digits-cnn", "cnn", "random", "family", 2.0, 0.5, 1.0),
            ("load-lstm", "lstm", "random", "family", 1.0, 0.2, 1.0),
            ("load-lstm", "lstm", "portfolio", "architecture", 1.0, 0.2, 1.0),
        ],
        columns=list(found),
    )
    pd.testing.assert_frame_equal(found, expected)

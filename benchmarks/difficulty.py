"""How much there is to gain by tuning a task: a sweep's spread, in a few numbers.

``python -m benchmarks.difficulty [table ...]``: of finished trial tables, by default
the sweeps of the last run.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from probecast.regret import within
from probecast.trials import TrialTable, read_tables


def difficulty(table: TrialTable) -> dict[str, Any]:
    """Return a task's numbers, from the last epoch's validation metric.

    Returns:
        ``floor`` (the trivial predictor), ``worst, median, best``; ``test_of_best``, the test
        metric of the configuration that is best on validation; ``test_floor``; ``seed_error``,
        the standard deviation between seeds, NaN where nothing was repeated; ``within_5pct``,
        the share of configurations that come within 5 % of the best, which is the chance of a
        random one; ``distinct``, the number of different values; ``diverged``, of trials; and
        ``core_minutes`` of training.
    """
    info, sweep = table.info, table.without_repeats()
    values = sweep.with_floor("val_metric")[info.epochs]
    ordered = values.sort_values(ascending=info.higher_is_better)
    best = ordered.iloc[-1]
    near = [within(value, best, 0.05, info.higher_is_better) for value in values]
    return {
        "task": info.task,
        "metric": info.metric,
        "configurations": len(values),
        "floor": info.floor_val,
        "worst": ordered.iloc[0],
        "median": ordered.median(),
        "best": best,
        "test_of_best": sweep.with_floor("test_metric")[info.epochs][ordered.index[-1]],
        "test_floor": info.floor_test,
        "seed_error": _seed_error(table),
        "within_5pct": sum(near) / len(near),
        "distinct": values.nunique(),
        "diverged": int((sweep.frame["status"] == "diverged").sum()),
        "core_minutes": table.frame["seconds"].sum() / 60,
    }


def _seed_error(table: TrialTable) -> float:
    """Pooled over the configurations that were trained with several seeds."""
    by_configuration = table.with_floor("val_metric")[table.info.epochs].groupby("config_id")
    return float(np.sqrt(by_configuration.var().mean()))


def main() -> None:
    """Print one row per table."""
    files = sys.argv[1:] or sorted(Path("results/trials").glob("*/sweep.parquet"))
    rows = [difficulty(table) for table in read_tables(files)]
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()

"""How much there is to gain by tuning a task: a sweep's spread, in a few numbers.

``python -m probecast.evaluation.difficulty [results/trials]`` after a run.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from probecast.evaluation.scores import within
from probecast.trials import TrialTable, read_table


def difficulty(sweep: TrialTable) -> dict[str, Any]:
    """Return a task's numbers, from the last epoch's validation metric.

    Returns:
        ``floor`` (the trivial predictor), ``worst, median, best``; ``within_5pct``, the
        share of configurations that come within 5 % of the best, which is the chance of
        a random one; ``distinct``, the number of different values; ``diverged``.
    """
    info = sweep.info
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
        "within_5pct": sum(near) / len(near),
        "distinct": values.nunique(),
        "diverged": int((sweep.frame["status"] == "diverged").sum()),
    }


def main() -> None:
    """Print one row per task."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "results/trials")
    tables = [
        read_table(sorted(folder.glob("sweep-*.parquet"))) for folder in sorted(root.iterdir())
    ]
    print(pd.DataFrame([difficulty(table) for table in tables]).round(3).to_string(index=False))


if __name__ == "__main__":
    main()

"""How well what was learnt carries over to an architecture that no source task has."""

import pandas as pd

from probecast.evaluation.choices import total_cost
from probecast.evaluation.results import TaskResults
from probecast.tuners import TRANSFER


def leave_one_architecture_out(tasks: list[TaskResults]) -> pd.DataFrame:
    """Return one row per task, tuner and what was held out.

    Returns:
        ``task, architecture, method, held_out, cost, regret, within_5pct``: the tuner's
        recommendation on the sweep at the largest replayed total cost that the prediction
        could pay, means over repetitions. ``held_out`` is ``family`` (of the task's dataset)
        or ``architecture``; random search learns from nothing and is there for comparison.
        A tuner that could not learn from what was left has no row.
    """
    rows, means = [], ["regret", "within_5pct"]
    for task in tasks:
        identity = {"task": task.info.task, "architecture": task.info.architecture}
        budget = total_cost(task.prediction)["full_runs"] + 1e-9
        for held_out, runs, methods in (
            ("family", task.baselines, (*TRANSFER, "random")),
            ("architecture", task.unlike, TRANSFER),
        ):
            for method in methods:
                own = runs[(runs["method"] == method) & (runs["cost"] <= budget)]
                if not own.empty:
                    cost = own["cost"].max()
                    row = {**identity, "method": method, "held_out": held_out, "cost": cost}
                    rows.append({**row, **own.loc[own["cost"] == cost, means].mean()})
    columns = ["task", "architecture", "method", "held_out", "cost", *means]
    return pd.DataFrame(rows, columns=columns)

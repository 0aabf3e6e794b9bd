"""Mean ranks at one total cost, and which tuners the tasks cannot tell apart."""

import pandas as pd
from matplotlib.figure import Figure

from probecast.evaluation.statistics import groups_alike, mean_ranks, pairwise_p, smallest_p
from probecast.report.drawing import INK, WIDTH, Line, Picture, lines_of, picture, style
from probecast.report.words import tuner_label

LEVEL = 0.05


@style
def ranks_figure(runs: pd.DataFrame, cost: float, where: str) -> Picture:
    """The critical-difference diagram (Demsar 2006, JMLR 7) of all tuners.

    Args:
        runs: the replayed tuners: ``task, method, repetition, cost, regret``.
        cost: the total cost at which they are compared.
        where: what the tuners were replayed on, in words.
    """
    regrets = regrets_at(runs, cost)
    complete = regrets.dropna(axis=1)
    ranks = mean_ranks(complete)
    tested = len(complete) > 1 and len(ranks) > 1
    groups = groups_alike(list(ranks.index), pairwise_p(complete), LEVEL) if tested else []
    tasks = "1 task" if len(regrets) == 1 else f"{len(regrets)} tasks"
    return picture(
        _draw(ranks, lines_of(regrets.columns), groups, tasks),
        "ranks",
        f"Critical-difference diagram at a total cost of {cost:g} full runs",
        f"Every tuner, replayed on {where}, ranked by regret within each task (1 is best); mean "
        f"over {tasks}. {_tests(*complete.shape)}{_left_out(regrets)}",
    )


def regrets_at(runs: pd.DataFrame, cost: float) -> pd.DataFrame:
    """Return the regret of the last recommendation within a total cost, as (task x method).

    Means over repetitions; NaN where a method has no recommendation for a task.
    """
    affordable = runs[runs["cost"] <= cost + 1e-9]
    means = affordable.groupby(["task", "method", "cost"])["regret"].mean()
    last = means.groupby(["task", "method"]).last().unstack("method")
    return last.reindex(index=sorted(set(runs["task"])), columns=sorted(set(runs["method"])))


def _draw(ranks: pd.Series, looks: dict[str, Line], groups: list[list[str]], tasks: str) -> Figure:
    """One row per tuner, best on top: its mean rank, and a bar for each group it is in."""
    columns = _columns([[ranks.index.get_loc(method) for method in group] for group in groups])
    figure = Figure(figsize=(WIDTH - 0.14 * len(columns), 0.27 * len(ranks) + 0.8))
    axes = figure.subplots()
    beside = axes.get_yaxis_transform()
    axes.set_yticks(range(len(ranks)), [tuner_label(method) for method in ranks.index])
    for row, method in enumerate(ranks.index):
        look = looks[method]
        weight = "bold" if method == "probecast" else "normal"
        axes.get_yticklabels()[row].set_weight(weight)
        axes.plot(ranks[method], row, color=look.color, marker=look.marker, markersize=7)
        axes.text(1.03, row, f"{ranks[method]:.2f}", transform=beside, va="center", weight=weight)
    inch = 1 / (axes.get_position().width * figure.get_figwidth())  # in widths of the axes
    bar = {"color": INK, "marker": "o", "markersize": 4.5, "linewidth": 2.5, "clip_on": False}
    for column, bars in enumerate(columns):
        for rows in bars:
            place = 1.03 + (0.5 + 0.14 * column) * inch
            axes.plot([place] * len(rows), rows, transform=beside, **bar)
    axes.set_ylim(max(len(ranks), 1) - 0.5, -0.5)
    axes.set_xlim(0.8, max(len(ranks), 2) + 0.2)
    axes.set_xticks(range(1, len(ranks) + 1, 1 if len(ranks) < 12 else 2))
    axes.set_xlabel(f"mean rank over {tasks} (1 is best)")
    return figure


def _columns(bars: list[list[int]]) -> list[list[list[int]]]:
    """Share bars (the rows of each, ascending) out to columns in which none overlap."""
    columns: list[list[list[int]]] = []
    for rows in bars:
        free = [column for column in columns if column[-1][-1] < rows[0]]
        if free:
            free[0].append(rows)
        else:
            columns.append([rows])
    return columns


def _tests(tasks: int, methods: int) -> str:
    """How the bars were decided, and whether they could have come out otherwise."""
    if methods < 2:
        return "With fewer than two tuners to rank, there is nothing to test."
    if tasks < 2:
        return "With one task, no test is possible: there are no bars."
    text = (
        "A bar joins tuners, each marked by a dot, that do not differ significantly from one "
        "another; two without a bar in common do (Wilcoxon signed-rank test of the regrets, "
        f"Holm's correction over all pairs, level {100 * LEVEL:g} %)."
    )
    if smallest_p(tasks, methods) >= LEVEL:
        text += f" Among {methods} tuners, no difference on only {tasks} tasks can be significant."
    return text


def _left_out(regrets: pd.DataFrame) -> str:
    """Which tuners are not ranked, and on how many tasks they have a recommendation."""
    counts = regrets.notna().sum()
    few = [f"{tuner_label(m)} (on {n})" for m, n in counts.items() if n < len(regrets)]
    some = f" Not ranked, as without a recommendation on all tasks: {', '.join(few)}."
    return some if few else ""

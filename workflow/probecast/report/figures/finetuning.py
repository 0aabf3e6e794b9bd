"""Fine-tuning compared: accuracy by settings, on every dataset."""

from itertools import product

import pandas as pd
from matplotlib.figure import Figure

from probecast.report.drawing import INK, WIDTH, Picture, line_of, picture, style
from probecast.study.finetuning import PREDICTED


@style
def finetuning_figure(summary: pd.DataFrame, record: dict[str, dict[str, float]]) -> Picture:
    """Mean accuracy of all settings, one row of panels per task, one panel per dataset.

    Args:
        summary: as ``finetuning.table.summarise`` returns it.
        record: accuracies reached before, by task and dataset.
    """
    tasks, datasets = list(summary["task"].unique()), list(summary["dataset"].unique())
    names = list(summary["settings"].unique())
    figure = Figure(figsize=(WIDTH, (0.36 * len(names) + 1.1) * len(tasks)))
    grid = figure.subplots(len(tasks), len(datasets), sharey=True, squeeze=False)
    for axes, (task, dataset) in zip(grid.flat, product(tasks, datasets), strict=True):
        chosen = (summary["task"] == task) & (summary["dataset"] == dataset)
        rows = summary[chosen].set_index("settings")
        if reached := record.get(task, {}).get(dataset):
            axes.axvline(reached, color=INK, linestyle="--", linewidth=1.2)
        for place, name in enumerate(names):
            look, row = line_of(PREDICTED if name == PREDICTED else "default"), rows.loc[name]
            ends = row[["accuracy_low", "accuracy_high"]]
            axes.plot(ends, [place, place], color=look.color, linewidth=1.8)
            axes.plot(row["eval_accuracy"], place, color=look.color, marker=look.marker)
        axes.set_title(f"trained for {task}")
        axes.set_xlabel(f"accuracy on {dataset}")
        axes.grid(axis="y", visible=False)
    grid[0, 0].set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    grid[0, 0].set_ylim(len(names) - 0.6, -0.4)
    figure.tight_layout()
    return picture(
        figure,
        "finetuning",
        "Fine-tuned with predicted settings and with settings chosen by hand",
        "Mean accuracy on test rows over seeds, with the 95 % Wilson interval. Scaled: with the "
        "warm-up's share of all steps instead of its number. Dashed: accuracy on record.",
    )

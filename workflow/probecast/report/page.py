"""The page: figures, tables and provenance, put into the template."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from probecast.data.spec import DataSpec
from probecast.evaluation.headline import in_words
from probecast.evaluation.results import TaskResults
from probecast.files import write_text
from probecast.report import words
from probecast.report.figures.answer import answer_figure
from probecast.report.figures.curves import curves_figure
from probecast.report.figures.metric import metric_figure
from probecast.report.figures.ranks import ranks_figure
from probecast.report.figures.regret import regret_figure
from probecast.seeds import derive

FOLDER = Path(__file__).parent


def write_report(
    path: str | Path,
    study: dict[str, Any],
    headline: dict[str, Any],
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    tasks: list[TaskResults],
    specs: list[DataSpec],
    seed: int,
) -> None:
    """Write the report atomically as one HTML file that fetches nothing.

    Equal arguments give equal bytes.

    Args:
        path: the page, usually ``results/report/index.html``.
        study: what the provenance section lists about the study: file, seed, package
            versions, code hash, ...; names and values are free, mappings may nest.
        headline: ``headline.json``.
        scores: ``scores.csv``, one row per task and role.
        summary: ``summary.csv``, one row per role.
        tasks: every task's results, in the order of the page.
        specs: the datasets of the tasks.
        seed: the study's seed, for the bootstrap.
    """
    reference = "; ".join(dict.fromkeys(task.reference for task in tasks))
    sampled = any(task.sampled for task in tasks)
    runs = pd.concat([task.baselines for task in tasks], ignore_index=True)
    where = f"the sweep of every task ({reference})"
    families = {task.info.task: task.info.family for task in tasks}
    page = _template().render(
        headline=headline,
        sentence=in_words(headline),
        reference=reference,
        answer=answer_figure(scores, reference),
        regret=regret_figure(runs, where, derive(seed, "report", "bootstrap"), families),
        ranks=ranks_figure(runs, _rank_cost(tasks, runs), where),
        summary=[
            {**row, "label": words.role_label(row["role"], sampled)}
            for row in summary.to_dict("records")
        ],
        tasks=[_task_view(task, scores[scores["task"] == task.info.task]) for task in tasks],
        study=[*words.flatten(study), *_trained_on(tasks)],
        data=[_data_view(spec) for spec in specs],
    )
    write_text(path, page)


def _rank_cost(tasks: list[TaskResults], runs: pd.DataFrame) -> float:
    """The largest replayed cost that the median prediction could pay: where ours is at home."""
    spent = np.median([task.choices["predicted"].cost for task in tasks])
    return float(runs["cost"][runs["cost"] <= spent + 1e-9].max())


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for spell in (words.number, words.with_error, words.count, words.share, words.duration):
        environment.filters[spell.__name__] = spell
    for spell in (words.flops, words.hyperparameter, words.configuration):
        environment.filters[spell.__name__] = spell
    # Our own files, inlined as they are: nothing in them comes from a study.
    environment.globals["css"] = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    environment.globals["js"] = Markup((FOLDER / "page.js").read_text(encoding="utf-8"))
    return environment.get_template("page.html")


def _task_view(task: TaskResults, rows: pd.DataFrame) -> dict[str, Any]:
    """What the template shows of one task."""
    roles = [
        {
            **row,
            "label": words.role_label(row["role"], task.sampled),
            "configuration": task.choices[row["role"]].configuration,
        }
        for row in rows.to_dict("records")
    ]
    by_role = {row["role"]: row for row in roles}
    return {
        "name": task.info.task,
        "info": task.info,
        "metric": words.metric_label(task.info.metric),
        "reference": task.reference,
        "roles": roles,
        "predicted": by_role["predicted"],
        "grid": by_role["grid"],
        "prediction": task.prediction,
        "probes": _probes_view(task),
        "pictures": [metric_figure(rows, task), curves_figure(task)],
    }


def _probes_view(task: TaskResults) -> list[dict[str, Any]]:
    """Each probe's configuration, the epochs bought and the validation metric they gave."""
    configurations = task.probes.configurations()
    return [
        {
            "configuration": configurations[identity],
            "epochs": len(rows),
            "metric": rows["val_metric"].iloc[-1],
        }
        for identity, rows in task.probes.frame.groupby("config_id", sort=False)
    ]


def _trained_on(tasks: list[TaskResults]) -> list[tuple[str, str]]:
    """Machines, number formats and encoders, from the tables themselves."""

    def listed(values: list[str]) -> str:
        return ", ".join(dict.fromkeys(values))

    rows = [
        ("machine", listed([task.info.machine for task in tasks])),
        ("precision", listed([task.info.precision for task in tasks])),
        ("epochs per full run", listed([str(task.info.epochs) for task in tasks])),
    ]
    for task in tasks:
        encoder = words.flatten(task.prediction.get("meta_encoder"), "meta-encoder")
        rows += [(f"{task.info.task} {name}", value) for name, value in encoder]
    return rows


def _data_view(spec: DataSpec) -> dict[str, Any]:
    return {
        "name": spec.dataset,
        "family": spec.family,
        "modality": spec.modality,
        "rows": spec.rows,
        "provenance": words.flatten(spec.provenance),
    }

"""The page: figures, tables and provenance, put into the template."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from probecast.data.spec import DataSpec
from probecast.evaluation.headline import Headline, in_words
from probecast.evaluation.results import TaskResults, study_beliefs
from probecast.files import write_text
from probecast.report import words
from probecast.report.figures.answer import answer_figure
from probecast.report.figures.architectures import architectures_figure
from probecast.report.figures.calibration import calibration_figure
from probecast.report.figures.curves import curves_figure
from probecast.report.figures.importance import importance_figure
from probecast.report.figures.metric import metric_figure
from probecast.report.figures.ranks import ranks_figure
from probecast.report.figures.regret import regret_figure
from probecast.seeds import derive
from probecast.trials import TrialTable

FOLDER = Path(__file__).parent


def write_report(
    path: str | Path,
    study: dict[str, Any],
    study_file: str,
    headline: Headline,
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    calibration: pd.DataFrame,
    importance: pd.DataFrame,
    architectures: pd.DataFrame,
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
        study_file: the study as it was read, quoted in full.
        headline: the study's answer.
        scores: ``scores.csv``, one row per task and role.
        summary: ``summary.csv``, one row per role.
        calibration: ``calibration.csv``, one row for all and one per task.
        importance: ``importance.csv``, one row per task and hyperparameter.
        architectures: ``architectures.csv``, one row per task, tuner and what was held out.
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
        calibration=_calibration_view(calibration, tasks),
        importance=_importance_view(importance),
        architectures=_architectures_view(architectures),
        study=[*words.flatten(study), *_trained_on(tasks)],
        study_file=study_file,
        encoders=[_encoder_view(task) for task in tasks],
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
    for spell in (words.flops, words.hyperparameter, words.configuration, words.tuner_label):
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
        "pictures": [metric_figure(rows, task), curves_figure(task)],
    }


def _trained_on(tasks: list[TaskResults]) -> list[tuple[str, str]]:
    """Seeds, machines and number formats, from the tables themselves."""

    def listed(values: Iterable[str]) -> str:
        return ", ".join(dict.fromkeys(values))

    return [
        ("seeds of the final trainings", listed(_seeds(task.final) for task in tasks)),
        ("seeds of sweeps and probes", listed(_seeds(task.probes) for task in tasks)),
        ("machine", listed(task.info.machine for task in tasks)),
        ("precision", listed(task.info.precision for task in tasks)),
        ("epochs per full run", listed(str(task.info.epochs) for task in tasks)),
    ]


def _seeds(table: TrialTable) -> str:
    return ", ".join(map(str, sorted(set(table.frame["seed"]))))


def _encoder_view(task: TaskResults) -> dict[str, str]:
    encoder = task.prediction.meta_encoder
    return {
        "task": task.info.task,
        "hash": encoder.hash,
        "sources": ", ".join(encoder.sources_used),
    }


def _calibration_view(calibration: pd.DataFrame, tasks: list[TaskResults]) -> dict[str, Any]:
    beliefs = study_beliefs(tasks)
    if beliefs.empty:
        return {}
    return {
        "picture": calibration_figure(beliefs, calibration),
        "rows": calibration.to_dict("records"),
    }


def _importance_view(importance: pd.DataFrame) -> dict[str, Any]:
    names = list(dict.fromkeys(importance["hyperparameter"]))
    shares = importance.pivot(index="task", columns="hyperparameter", values="share")
    rows = shares.loc[list(dict.fromkeys(importance["task"])), names].to_dict("index")
    return {"picture": importance_figure(importance), "names": names, "rows": rows}


def _architectures_view(architectures: pd.DataFrame) -> dict[str, Any]:
    if not (architectures["held_out"] == "architecture").any():
        return {}
    regrets: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for row in architectures.itertuples():
        of_task = regrets.setdefault((row.task, row.architecture), {})
        of_task[row.method, row.held_out] = row.regret
    return {
        "picture": architectures_figure(architectures),
        "columns": list(dict.fromkeys(column for row in regrets.values() for column in row)),
        "rows": regrets,
    }


def _data_view(spec: DataSpec) -> dict[str, Any]:
    return {
        "name": spec.dataset,
        "family": spec.family,
        "modality": spec.modality,
        "rows": spec.rows,
        "checksums": words.flatten(spec.provenance.get("checksums")),
        "source": spec.provenance.get("identifier"),
        "provenance": words.flatten(spec.provenance),
    }

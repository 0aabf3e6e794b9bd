"""The page: figures, tables and provenance, put into the template."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from probecast.data.spec import DataSpec
from probecast.evaluation import answer
from probecast.evaluation.headline import Headline
from probecast.evaluation.results import TaskResults
from probecast.files import write_text
from probecast.report import views, words
from probecast.report.figures.answer import answer_figure
from probecast.report.figures.gain import gain_figure
from probecast.report.figures.ranks import ranks_figure
from probecast.report.figures.regret import regret_figure
from probecast.seeds import derive

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
    methods: list[str],
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
        headline: the study in a dozen numbers.
        scores: ``scores.csv``, one row per task and role.
        summary: ``summary.csv``, one row per role.
        calibration: ``calibration.csv``, one row for all and one per task.
        importance: ``importance.csv``, one row per task and hyperparameter.
        architectures: ``architectures.csv``, one row per task, tuner and what was held out.
        tasks: every task's results, in the order of the page.
        methods: the tuners that the study asks to be replayed.
        specs: the datasets of the tasks.
        seed: the study's seed, for the bootstrap.
    """
    scores = scores.assign(weak_reference=scores["weak_reference"].fillna(""))
    single = len(tasks) == 1
    reference = "; ".join(dict.fromkeys(task.reference for task in tasks))
    runs = pd.concat([task.baselines for task in tasks], ignore_index=True)
    where = f"the sweep of every task ({reference})"
    families = {task.info.task: task.info.family for task in tasks}
    shown = [views.task_view(task, scores, crowd=len(tasks) > views.CROWD) for task in tasks]
    page = _template().render(
        headline=headline,
        single=single,
        gains=answer.gains_in_words(scores),
        references=answer.references_in_words(scores),
        reference=reference,
        sampled=any(task.sampled for task in tasks),
        gain=gain_figure(scores),
        answer=answer_figure(scores, reference),
        regret=regret_figure(runs, where, derive(seed, "report", "bootstrap"), families),
        # With one task there is nothing to rank over.
        ranks=None if single else ranks_figure(runs, _rank_cost(tasks, runs), where),
        summary=views.summary_view(summary, scores, tasks),
        absent=views.absent(tasks, methods),
        tasks=shown,
        unfolded=len(tasks) <= views.UNFOLDED,
        beliefs=views.beliefs_view(calibration, tasks, methods),
        importance=views.importance_view(importance),
        architectures=views.architectures_view(architectures),
        study=[*words.flatten(study), *views.trained_on(tasks)],
        study_file=study_file,
        encoders=[views.encoder_view(task) for task in tasks],
        data=[views.data_view(spec) for spec in specs],
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
    environment.filters["signed"] = words.signed
    # Our own files, inlined as they are: nothing in them comes from a study.
    environment.globals["css"] = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    environment.globals["js"] = Markup((FOLDER / "page.js").read_text(encoding="utf-8"))
    return environment.get_template("page.html")

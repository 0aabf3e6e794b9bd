"""What the page shows of tasks, methods, beliefs and data, and why something is not there."""

from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

from probecast.data.spec import DataSpec
from probecast.evaluation import answer
from probecast.evaluation.calibration import calibration as calibrated
from probecast.evaluation.results import TaskResults, study_beliefs
from probecast.report import words
from probecast.report.figures.architectures import architectures_figure
from probecast.report.figures.calibration import calibration_figure
from probecast.report.figures.curves import curves_figure
from probecast.report.figures.importance import importance_figure
from probecast.report.figures.metric import metric_figure
from probecast.trials import TrialTable

UNFOLDED = 3  # tasks; the details of more are folded
CROWD = 12  # tasks; of more, what each choice reaches is in a table only
REPLAYED = ("probecast", "random", "portfolio", "best_average")  # what the page is about


def task_view(task: TaskResults, scores: pd.DataFrame, crowd: bool) -> dict[str, Any]:
    """What the template shows of one task.

    Args:
        task: its results.
        scores: of all tasks.
        crowd: whether there are so many tasks that figures must be few.
    """
    rows = scores[scores["task"] == task.info.task]
    roles = [_role_view(task, row) for row in rows.to_dict("records")]
    by_role = {row["role"]: row for row in roles}
    return {
        "name": task.info.task,
        "info": task.info,
        "metric": words.metric_label(task.info.metric),
        "reference": task.reference,
        "roles": roles,
        **{role: by_role[role] for role in ("predicted", "grid", "default")},
        "prediction": task.prediction,
        "seeds_inside": _seeds_inside(task),
        "pictures": [*([] if crowd else [metric_figure(rows, task)]), curves_figure(task)],
    }


def _role_view(task: TaskResults, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the scores with what is said of it."""
    found = answer.outcome(row)
    size = words.share(abs(row["gap"]))
    beside = "tie" if found == "tie" else f"{'better' if found == 'better' else 'worse'} by {size}"
    return {
        **row,
        "label": words.role_label(row["role"], task.sampled),
        "configuration": task.choices[row["role"]].configuration,
        "gain_words": answer.gain_in_words(row),
        "beside": beside,
        "beside_words": answer.beside_reference(row),
    }


def _seeds_inside(task: TaskResults) -> int:
    """How many fresh trainings of the prediction ended inside the interval that was promised."""
    ends = task.final.with_floor("val_metric")[task.info.epochs]
    interval = task.prediction.interval
    own = ends.xs(task.choices["predicted"].config_id, level="config_id")
    return int(own.between(interval.low, interval.high).sum())


def summary_view(
    summary: pd.DataFrame, scores: pd.DataFrame, tasks: list[TaskResults]
) -> list[dict[str, Any]]:
    """One row per role over all tasks."""
    sampled = any(task.sampled for task in tasks)
    chosen = scores.groupby("role")["chosen_from"]
    return [
        {
            **row,
            "label": words.role_label(row["role"], sampled),
            "chosen_from": words.span(chosen.get_group(row["role"])),
            "chosen_most": int(chosen.max()[row["role"]]),
        }
        for row in summary.to_dict("records")
    ]


def absent(tasks: list[TaskResults], methods: Collection[str]) -> list[str]:
    """Which tuners that the page is about have no replay, and the real cause."""
    replayed = {method for task in tasks for method in task.baselines["method"].unique()}
    missing = [method for method in REPLAYED if method not in replayed]
    unasked = [words.tuner_label(m) for m in missing if m not in methods]
    failed = [words.tuner_label(m) for m in missing if m in methods]
    found = []
    if unasked:
        found.append(
            f"Not replayed: {', '.join(unasked)}. `baselines.methods` of the study file leaves "
            f"{'it' if len(unasked) == 1 else 'them'} out."
        )
    if failed:
        found.append(
            f"Not replayed: {', '.join(failed)}. What kept "
            f"{'it' if len(failed) == 1 else 'them'} from working on these sweeps is in "
            "results/logs/baselines/."
        )
    return found


def beliefs_view(
    calibration: pd.DataFrame, tasks: list[TaskResults], methods: Collection[str]
) -> dict[str, Any]:
    """How far beliefs are to be trusted; or why that is not known."""
    beliefs = study_beliefs(tasks)
    if beliefs.empty:
        return {"reason": _why_no_beliefs(tasks, methods)}
    overall, *per_task = calibration.to_dict("records")
    by_cost = calibrated(study_beliefs(tasks, paid=False), by="cost").iloc[1:]
    by_cost = by_cost.assign(task=by_cost["cost"].map("at a cost of {:g}".format))
    return {
        "reason": "",
        "picture": calibration_figure(beliefs, calibration),
        "overall": overall,
        "per_task": per_task,
        "by_cost": by_cost.to_dict("records"),
    }


def _why_no_beliefs(tasks: list[TaskResults], methods: Collection[str]) -> str:
    """The real cause, which is not always the meta-encoder."""
    if "probecast" not in methods:
        return (
            "Nothing is known of how far such beliefs hold: `baselines.methods` of the study file "
            "leaves out `probecast`, so that it was not replayed on the sweeps."
        )
    if any((task.baselines["method"] == "probecast").any() for task in tasks):
        return (
            "Nothing is known of how far such beliefs hold: no replay of probecast on the sweeps "
            "was as cheap as the prediction."
        )
    return (
        "Nothing is known of how far such beliefs hold: probecast could not be replayed on any "
        "task's sweep. What kept it from that is in results/logs/baselines/."
    )


def importance_view(importance: pd.DataFrame) -> dict[str, Any]:
    """Which hyperparameters matter, and of which tasks that is not said."""
    reasons = importance.assign(left_out=importance["left_out"].fillna(""))
    without = reasons[reasons["left_out"] != ""].drop_duplicates("task")
    known = reasons[reasons["left_out"] == ""]
    by_reason = without.groupby("left_out", sort=False)["task"].agg(list)
    view: dict[str, Any] = {"left_out": list(by_reason.items()), "rows": {}}
    if not known.empty:
        names = list(dict.fromkeys(known["hyperparameter"]))
        shares = known.pivot(index="task", columns="hyperparameter", values="share")
        view["rows"] = shares.loc[list(dict.fromkeys(known["task"])), names].to_dict("index")
        view |= {"picture": importance_figure(known), "names": names}
    return view


def architectures_view(architectures: pd.DataFrame) -> dict[str, Any]:
    """Regrets with and without sources of the same architecture; empty without the latter."""
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


def trained_on(tasks: list[TaskResults]) -> list[tuple[str, str]]:
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


def encoder_view(task: TaskResults) -> dict[str, str]:
    encoder = task.prediction.meta_encoder
    return {
        "task": task.info.task,
        "hash": encoder.hash,
        "sources": ", ".join(encoder.sources_used),
    }


def data_view(spec: DataSpec) -> dict[str, Any]:
    return {
        "name": spec.dataset,
        "family": spec.family,
        "modality": spec.modality,
        "rows": spec.rows,
        "checksums": words.flatten(spec.provenance.get("checksums")),
        "source": spec.provenance.get("identifier"),
        "provenance": words.flatten(spec.provenance),
    }

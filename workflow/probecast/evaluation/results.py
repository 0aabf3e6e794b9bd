"""Everything that the stages have written about one task, read together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype, is_string_dtype

from probecast.errors import ProbecastError, short
from probecast.evaluation.calibration import BELIEF_COLUMNS
from probecast.evaluation.choices import Choice, read_choices, total_cost
from probecast.evaluation.replay import BASELINE_COLUMNS
from probecast.files import read_parquet
from probecast.learner.recommendation import Recommendation, read_recommendation
from probecast.trials import TaskInfo, TrialTable, read_sweeps, read_table

METRICS = ("val_metric", "test_metric", "regret")


@dataclass(frozen=True)
class TaskResults:
    """One task's finished stages.

    Attributes:
        prediction: the recommendation with its costs.
        baselines: the replayed tuners, columns ``BASELINE_COLUMNS`` at least.
        beliefs: what our tuner believed of its recommendation in each replay on the sweep, and
            what became of it: columns ``BELIEF_COLUMNS``.
        unlike: like ``baselines``, after learning from tasks of other architectures only.
        sweep: the reference sweep: the grid, or the study's sample of it.
        probes: the short trials behind the prediction.
        final: the choices trained again with fresh seeds.
        continued: the probes trained to the end.
        choices: role -> configuration and cost.
        space_size: number of configurations in the space; None when countless.
        candidates: so many configurations, at most, the prediction could choose from.
    """

    prediction: Recommendation
    baselines: pd.DataFrame
    beliefs: pd.DataFrame
    unlike: pd.DataFrame
    sweep: TrialTable
    probes: TrialTable
    final: TrialTable
    continued: TrialTable
    choices: dict[str, Choice]
    space_size: int | None
    candidates: int

    @property
    def info(self) -> TaskInfo:
        """What all tables of the task share."""
        return self.sweep.info

    @property
    def swept(self) -> int:
        """Number of configurations in the reference sweep."""
        return self.sweep.frame["config_id"].nunique()

    @property
    def sampled(self) -> bool:
        """Whether the reference sweep is a sample of the space, not the whole grid."""
        return self.swept != self.space_size

    def chosen_from(self, role: str) -> int:
        """From how many configurations a role's choice was made: replays know the sweep's."""
        if role == "predicted":
            return min(self.candidates, self.space_size or self.candidates)
        return 1 if role == "default" else self.swept

    @property
    def reference(self) -> str:
        """What the prediction is compared with, in words."""
        if not self.sampled:
            return f"grid search (all {self.swept} configurations)"
        of = "" if self.space_size is None else f" of {self.space_size}"
        return f"sampled reference ({self.swept}{of} configurations)"


def read_task(
    prediction: str | Path,
    baselines: str | Path,
    beliefs: str | Path,
    unlike: str | Path,
    sweep: TrialTable,
    probes: str | Path,
    final: str | Path,
    continued: str | Path,
    choices: str | Path,
    space_size: int | None,
    candidates: int,
) -> TaskResults:
    """Read one task's files and check that they belong together.

    Raises:
        ProbecastError: a file is missing, damaged, of another task or of an older run.
    """
    results = TaskResults(
        prediction=read_recommendation(prediction),
        baselines=_read_frame(baselines, BASELINE_COLUMNS, "baselines"),
        beliefs=_read_frame(beliefs, BELIEF_COLUMNS, "baselines"),
        unlike=_read_frame(unlike, BASELINE_COLUMNS, "unlike"),
        sweep=sweep,
        probes=read_table(probes),
        final=read_table(final),
        continued=read_table(continued),
        choices=read_choices(choices),
        space_size=space_size,
        candidates=candidates,
    )
    task = results.info.task
    for path, found in (
        (probes, {results.probes.info.task}),
        (final, {results.final.info.task}),
        (continued, {results.continued.info.task}),
        (baselines, set(results.baselines["task"])),
        (beliefs, set(results.beliefs["task"]) or {task}),
        (unlike, set(results.unlike["task"]) or {task}),
    ):
        if found != {task}:
            raise ProbecastError(
                f"{path}: holds task {sorted(found)}, the sweep is of {task!r}; "
                "delete it and rerun its stage"
            )
    trained = set(results.final.frame["config_id"])
    for role, choice in results.choices.items():
        if choice.config_id not in trained:
            raise ProbecastError(
                f"{final}: the configuration of role {role!r} in {choices} was not trained; "
                "delete both and rerun train"
            )
    return results


def read_tasks(
    space_sizes: Mapping[str, int | None], candidates: int, files: Mapping[str, list[str]]
) -> list[TaskResults]:
    """Read several tasks' files.

    Args:
        space_sizes: task -> number of configurations in its space.
        candidates: so many configurations, at most, a prediction could choose from.
        files: argument of ``read_task`` -> the files of all tasks, in the tasks' order; of
            ``sweep`` a task may have several.
    """
    single = ("prediction", "baselines", "beliefs", "unlike", "probes", "final", "continued")
    single += ("choices",)
    sweeps = {sweep.info.task: sweep for sweep in read_sweeps(files["sweep"])}
    return [
        read_task(
            **{name: files[name][number] for name in single},
            sweep=sweeps[task],
            space_size=size,
            candidates=candidates,
        )
        for number, (task, size) in enumerate(space_sizes.items())
    ]


def _read_frame(path: str | Path, columns: Sequence[str], stage: str) -> pd.DataFrame:
    frame = read_parquet(path)
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ProbecastError(f"{path}: columns {missing} are missing; found {short(list(frame))}")
    for name in () if frame.empty else columns:
        text = name in ("task", "method", "config_id")
        right = is_string_dtype(frame[name]) if text else is_numeric_dtype(frame[name])
        if not right or (frame[name].isna().any() and name not in METRICS):
            raise ProbecastError(
                f"{path}: column {name!r} holds other than {'texts' if text else 'numbers'}; "
                f"delete it and rerun {stage}"
            )
    return frame


def study_beliefs(tasks: list[TaskResults], paid: bool = True) -> pd.DataFrame:
    """Return the beliefs about every task at all costs up to what its prediction has cost.

    At one cost there is a single recommendation per task: too few to judge a study of a few
    tasks by.

    Args:
        tasks: every task's results.
        paid: leave out what costs more than the task's prediction did.
    """
    kept = []
    for task in tasks:
        most = total_cost(task.prediction)["full_runs"] + 1e-9 if paid else float("inf")
        affordable = task.beliefs[task.beliefs["cost"] <= most]
        if not affordable.empty:
            kept.append(affordable)
    nothing = [pd.DataFrame(columns=list(BELIEF_COLUMNS))]
    return pd.concat(kept or nothing, ignore_index=True)

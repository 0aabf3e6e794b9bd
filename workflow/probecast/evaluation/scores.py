"""How good each choice is after fresh retraining, beside what it cost and what chance gives."""

import numpy as np
import pandas as pd

from probecast.evaluation.choices import total_cost
from probecast.evaluation.headline import Headline, headline_of
from probecast.evaluation.reference import bar, weakness
from probecast.evaluation.results import TaskResults
from probecast.evaluation.statistics import TIE, bootstrap_interval, expected_draws, wilcoxon_p
from probecast.regret import gap, regret, within
from probecast.seeds import derive
from probecast.study.sections import ROLES
from probecast.trials import TrialTable


def epochs_to_convergence(curves: np.ndarray, higher_is_better: bool) -> np.ndarray:
    """Return the first epoch within 1 % of each trial's best validation metric.

    Args:
        curves: (trials, epochs) validation metric; NaN from divergence on.
        higher_is_better: the metric's direction.

    Returns:
        (trials,) epochs counted from 1; NaN for a trial that diverged.
    """
    best = curves.max(axis=1) if higher_is_better else curves.min(axis=1)  # NaN of a NaN
    near = [within(*pair, 0.01, higher_is_better) for pair in zip(curves, best, strict=True)]
    return np.where(np.isnan(best), np.nan, 1 + np.argmax(near, axis=1))


def score(
    tasks: list[TaskResults], study: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, Headline]:
    """Score a study.

    Args:
        tasks: every task's results.
        study: the study's name, for the headline.
        seed: the study's seed, for the bootstrap.

    Returns:
        Scores (one row per task and role, see ``score_task``), their summary (one row per
        role, see ``summarise``) and the headline.
    """
    scores = pd.concat([score_task(task) for task in tasks], ignore_index=True)
    return scores, summarise(scores, seed), headline_of(scores, study)


def score_task(task: TaskResults) -> pd.DataFrame:
    """Return one row per role.

    The reference is grid's choice after retraining. Hits are counted against the bar, which is
    the same on a whole grid, and on a sample the best retrained choice of any role. Columns
    beside the task's identity:

    - ``reference, reference_size``: whether the sweep was the whole grid, and of how many
      configurations; ``weak_reference``: why to come near it says little, else empty.
    - ``chosen_from``: from how many configurations the choice was made.
    - ``test_mean, test_error, val_mean, val_error``: last metric, mean and standard error over
      the fresh seeds; a diverged trial counts as the floor.
    - ``gain, gain_error``: by how much it is better than the default, relative to that, and
      the standard error over seeds; ``worse_than_default``: by more than twice that error.
    - ``gap, gap_error``: by how much it is worse than the reference, see ``gap``; ``tie``: by
      no more than twice its standard error. ``behind``: by how much worse than the bar.
    - ``within_5pct, within_1pct``: whether it comes as close to the bar.
    - ``base_rate_5pct, base_rate_1pct``: share of the sweep's configurations whose own last
      test metric passes the same bar: what a configuration drawn at random would do.
      ``saturated``: that share exceeds one half at 5 %.
    - ``regret``: against the best retrained choice of the task.
    - ``epochs_to_convergence, training_seconds, training_flops``: means per trial.
    - ``cost_*``: total cost in four currencies, see ``_cost``.
    - ``cost_ratio_grid``: full runs of the reference sweep over ``cost_full_runs``.
    - ``cost_ratio_random``: full runs that random search needs on average until its
      best-on-validation choice reaches ``test_mean``, over ``cost_full_runs``; a lower
      bound where ``random_never_reaches`` (its last choice falls short).
    - ``configuration.<name>``: one column per hyperparameter.
    """
    info, roles = task.info, [role for role in ROLES if role in task.choices]
    higher = info.higher_is_better
    chosen = {role: task.choices[role].config_id for role in roles}
    rows = _trained(task.final).loc[chosen.values()].reset_index()
    rows.insert(0, "role", roles)
    rows.insert(1, "chosen_from", [task.chosen_from(role) for role in roles])
    by_role = dict(zip(roles, rows["test_mean"], strict=True))
    values, best = rows["test_mean"], bar(by_role, task.sampled, higher)
    sweep_tests = _test_by_merit(task.sweep)

    ends = task.final.with_floor("test_metric")[info.epochs].unstack("seed")
    for name, other in (("gain", "default"), ("gap", "grid")):
        rows[name] = gap(values, by_role[other], higher) + 0.0
        # All are trained with the same seeds, so that what these share cancels.
        errors = [(ends.loc[own] - ends.loc[chosen[other]]).sem() for own in chosen.values()]
        rows[f"{name}_error"] = np.array(errors) / (abs(by_role[other]) or np.nan)
    rows["gain"] = 0.0 - rows["gain"]
    rows["worse_than_default"] = -rows["gain"] > TIE * rows["gain_error"].fillna(0)
    rows["tie"] = _tie(rows, chosen["grid"])
    rows["behind"] = gap(values, best, higher)
    for label, margin in (("5pct", 0.05), ("1pct", 0.01)):
        rows[f"within_{label}"] = within(values, best, margin, higher)
        hits = within(sweep_tests, best, margin, higher)
        rows[f"base_rate_{label}"] = float(hits.mean())
    rows["saturated"] = rows["base_rate_5pct"] > 0.5
    top = values.max() if higher else values.min()
    rows["regret"] = regret(values, top, info.floor_test, higher)

    costs = [_cost(task, role, row) for role, (_, row) in zip(roles, rows.iterrows(), strict=True)]
    rows = rows.join(pd.DataFrame(costs).add_prefix("cost_").astype(float))
    good = [within(sweep_tests, value, 0, higher) for value in values]
    rows["cost_ratio_grid"] = task.choices["grid"].cost / rows["cost_full_runs"]
    draw = task.choices["grid"].cost / len(sweep_tests)  # a full run, less where some diverged
    draws = np.array([expected_draws(g) for g in good])
    rows["cost_ratio_random"] = draw * draws / rows["cost_full_runs"]
    rows["random_never_reaches"] = [not g[0] for g in good]

    shared = ("task", "dataset", "family", "architecture", "metric")
    identity = {name: getattr(info, name) for name in shared}
    identity["reference"] = "sampled reference" if task.sampled else "grid"
    identity["reference_size"] = task.swept
    identity["weak_reference"] = weakness(task, by_role)
    configurations = pd.DataFrame([task.choices[role].configuration for role in roles])
    configurations = configurations.astype(object).add_prefix("configuration.")
    return pd.concat([pd.DataFrame([identity] * len(rows)), rows, configurations], axis=1)


def summarise(scores: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return one row per role over all tasks.

    Hit rates leave saturated tasks out; every other column is over all tasks that have the
    role. ``gain_median, worse_than_default_rate``: by how much the role is better than the
    default, and the share of tasks on which it is worse, both empty of the default itself.
    ``regret_ci_low, regret_ci_high``: 95 % bootstrap over families, empty with one family.
    ``wilcoxon_p``: the role's regrets against the prediction's, paired by task.
    """
    regrets = scores.pivot(index="task", columns="role", values="regret")
    summary = []
    for role in [role for role in ROLES if role in regrets]:
        rows = scores[scores["role"] == role]
        open_rows = rows[~rows["saturated"]]
        low, high = bootstrap_interval(
            rows["regret"], rows["family"], derive(seed, "evaluate", "bootstrap")
        )
        other = role != "default"
        pairs = regrets[["predicted", role]].dropna().to_numpy().T
        summary.append(
            {
                "role": role,
                "task_count": len(rows),
                "unsaturated_count": len(open_rows),
                "hit_rate_5pct": open_rows["within_5pct"].mean(),
                "hit_rate_1pct": open_rows["within_1pct"].mean(),
                "base_rate_5pct": open_rows["base_rate_5pct"].mean(),
                "base_rate_1pct": open_rows["base_rate_1pct"].mean(),
                "gain_median": rows["gain"].median() if other else np.nan,
                "worse_than_default_rate": rows["worse_than_default"].mean() if other else np.nan,
                "regret_mean": rows["regret"].mean(),
                "regret_ci_low": float(low),
                "regret_ci_high": float(high),
                "cost_full_runs_mean": rows["cost_full_runs"].mean(),
                "cost_ratio_grid_median": rows["cost_ratio_grid"].median(),
                "cost_ratio_random_median": rows["cost_ratio_random"].median(),
                "wilcoxon_p": np.nan if role == "predicted" else wilcoxon_p(*pairs),
            }
        )
    return pd.DataFrame(summary)


def _trained(final: TrialTable) -> pd.DataFrame:
    """What the fresh trainings of each configuration gave; index config_id."""
    info = final.info
    test, val = (
        final.with_floor(column)[info.epochs].groupby("config_id")
        for column in ("test_metric", "val_metric")
    )
    curves, trials = final.curves("val_metric"), final.frame.groupby(["config_id", "seed"])
    epochs = epochs_to_convergence(curves.to_numpy(), info.higher_is_better)
    cost = trials[["seconds", "flops"]].sum().groupby("config_id").mean()
    diverged = final.frame["status"].eq("diverged").groupby(final.frame["config_id"]).sum()
    return pd.DataFrame(
        {
            "seeds": test.size(),
            "test_mean": test.mean(),
            "test_error": test.sem(),
            "val_mean": val.mean(),
            "val_error": val.sem(),
            "diverged": diverged,
            "epochs_to_convergence": pd.Series(epochs, curves.index).groupby("config_id").mean(),
            "training_seconds": cost["seconds"],
            "training_flops": cost["flops"],
        }
    ).astype({"seeds": int, "diverged": int})


def _test_by_merit(sweep: TrialTable) -> np.ndarray:
    """Last test metric of each configuration, that with the best validation metric first."""
    order = (sweep.info.sign * sweep.ends()).sort_values(ascending=False, kind="stable").index
    return sweep.ends("test_metric").loc[order].to_numpy()


def _tie(rows: pd.DataFrame, grid: str) -> pd.Series:
    """Whether the difference to grid's choice is at most twice its standard error.

    Missing with one seed; a role with grid's own configuration ties in any case.
    """
    tie = (rows["gap"].abs() <= TIE * rows["gap_error"]).astype("boolean")
    return tie.mask(rows["gap_error"].isna()).mask(rows["config_id"] == grid, True)


def _cost(task: TaskResults, role: str, trained: pd.Series) -> dict[str, float | None]:
    """Total cost of a role's choice: finding it and training it once.

    Of the prediction and of grid, what was run: a trial that diverges costs its epochs. Of
    other tuners, what they were granted; their seconds and FLOPs are not known.
    """
    if role == "predicted":
        return total_cost(task.prediction)
    full_runs = task.choices[role].cost
    seconds = flops = None
    if role == "grid":
        seconds, flops = task.sweep.frame["seconds"].sum(), task.sweep.frame["flops"].sum()
    elif role in ("best_average", "default"):
        seconds, flops = trained["training_seconds"], trained["training_flops"]
    epochs = full_runs * task.info.epochs
    return {"epochs": epochs, "full_runs": full_runs, "seconds": seconds, "flops": flops}

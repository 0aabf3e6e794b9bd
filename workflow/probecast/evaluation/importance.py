"""Which hyperparameters matter on a task: how much of the result each explains by itself."""

import numpy as np
import pandas as pd

from probecast.evaluation.results import TaskResults
from probecast.seeds import derive
from probecast.trials import TrialTable

ALIKE = 1e-9  # ends that differ by less do not
PER_HYPERPARAMETER = 10
"""With fewer configurations for each hyperparameter that varies, a ranking is mostly chance."""


def importance(tasks: list[TaskResults], seed: int) -> pd.DataFrame:
    """Return one row per task and hyperparameter.

    Returns:
        ``task, hyperparameter, share, left_out``: the last says why a task has no shares, and is
        empty where it has.
    """
    rows = []
    for task in tasks:
        reason, names = left_out(task.sweep), task.sweep.hyperparameters
        shares = dict.fromkeys(names, np.nan)
        if not reason:
            shares = explained(task.sweep, derive(seed, "importance"))
        rows += [(task.info.task, name, share, reason) for name, share in shares.items()]
    return pd.DataFrame(rows, columns=["task", "hyperparameter", "share", "left_out"])


def left_out(sweep: TrialTable) -> str:
    """Return why nothing is said of a task's hyperparameters; empty where something is."""
    configurations = sweep.frame.drop_duplicates("config_id")
    varied = sum(configurations[name].nunique() > 1 for name in sweep.hyperparameters)
    needed = PER_HYPERPARAMETER * varied
    if len(configurations) < needed:
        return (
            f"{len(configurations)} configurations are too few to rank {varied} "
            f"hyperparameters: at least {needed} are needed"
        )
    return "" if np.ptp(_merit(sweep)) >= ALIKE else "all configurations end alike"


def explained(sweep: TrialTable, seed: int) -> dict[str, float]:
    """Return the share of the variance that each hyperparameter explains by itself.

    Functional ANOVA (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing
    hyperparameter importance", ICML 2014), by Optuna, of the last validation metric of the
    sweep's configurations. What shares lack of 1 is due to hyperparameters acting together.

    Args:
        sweep: the task's trials; what diverged counts as the floor, and so does what is worse
            than the floor. Where most trials are, it is the median instead: a strong trivial
            predictor may be beaten by none.
        seed: of Optuna's random forest.

    Returns:
        Hyperparameter -> share, in the table's order; NaN where all trials end alike.
    """
    import optuna  # with scikit-learn, which is slow to load

    names, last = sweep.hyperparameters, _merit(sweep)
    if np.ptp(last) < ALIKE:
        return dict.fromkeys(names, np.nan)
    configurations = sweep.frame.drop_duplicates("config_id").set_index("config_id")
    # Ranks, -1 where a hyperparameter does not apply: evenly spread over what was tried, also
    # where that was drawn on a logarithmic scale.
    ranks = configurations.loc[last.index, names].apply(lambda c: c.factorize(sort=True)[0])
    ranges = {
        name: optuna.distributions.IntDistribution(int(rank.min()), int(rank.max()))
        for name, rank in ranks.items()
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    study.add_trials(
        optuna.trial.create_trial(params=params, distributions=ranges, value=value)
        for params, value in zip(ranks.to_dict("records"), last, strict=True)
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed % 2**32)
    shares = evaluator.evaluate(study)
    return {name: float(shares[name]) for name in names}


def _merit(sweep: TrialTable) -> pd.Series:
    """Each configuration's last validation metric, larger is better, from the floor up."""
    sign = sweep.info.sign
    last = sign * sweep.ends()
    return last.clip(lower=min(sign * sweep.floor("val_metric"), last.median()))

"""Which hyperparameters matter on a task: how much of the result each explains by itself."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence
from sklearn.preprocessing import OrdinalEncoder

from probecast.evaluation.results import TaskResults
from probecast.seeds import derive
from probecast.trials import TrialTable

TREES, DRAWS, VALUES = 100, 500, 20


def importance(tasks: list[TaskResults], seed: int) -> pd.DataFrame:
    """Return one row per task and hyperparameter: ``task, hyperparameter, share``."""
    return pd.DataFrame(
        [
            {"task": task.info.task, "hyperparameter": name, "share": share}
            for task in tasks
            for name, share in explained(task.sweep, derive(seed, "importance")).items()
        ],
        columns=["task", "hyperparameter", "share"],
    )


def explained(sweep: TrialTable, seed: int) -> dict[str, float]:
    """Return the share of the variance that each hyperparameter explains by itself.

    Functional ANOVA (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing
    hyperparameter importance", ICML 2014): a random forest is fitted to the last validation
    metric of the sweep's configurations; a hyperparameter's share is the variance of the
    forest's mean over all others, relative to its variance when all vary independently. What
    shares lack of 1 is due to hyperparameters acting together.

    Args:
        sweep: the task's trials; what diverged counts as the floor, and so does what is worse
            than the floor. Where most trials are, it is the median instead: a strong trivial
            predictor may be beaten by none.
        seed: of the forest and of the configurations that it is averaged over.

    Returns:
        Hyperparameter -> share, in the table's order; NaN where all trials end alike.
    """
    names = sweep.hyperparameters
    last = sweep.with_floor("val_metric")[sweep.info.epochs].groupby("config_id").mean()
    floor, median = sweep.floor("val_metric"), last.median()
    if sweep.info.higher_is_better:
        last = last.clip(lower=min(floor, median))
    else:
        last = last.clip(upper=max(floor, median))
    configurations = sweep.frame.drop_duplicates("config_id").set_index("config_id")
    inputs = _numbers(configurations.loc[last.index, names])

    forest = RandomForestRegressor(TREES, random_state=seed % 2**32).fit(inputs, last)
    generator = np.random.default_rng(seed)
    drawn = np.column_stack([generator.choice(column, DRAWS) for column in inputs.T])
    total = forest.predict(drawn).var()
    if total < 1e-12:
        return dict.fromkeys(names, np.nan)
    return {
        name: float(min(1.0, _mean_response(forest, drawn, column).var() / total))
        for column, name in enumerate(names)
    }


def _numbers(configurations: pd.DataFrame) -> np.ndarray:
    """(n, hyperparameters): ranks, as trees care for the order only.

    Evenly spread ranks are evenly spread over what was tried, also where that was drawn on a
    logarithmic scale.
    """
    texts = configurations.select_dtypes(exclude="number").columns
    coded = configurations.copy()
    if len(texts):
        coded[texts] = OrdinalEncoder(encoded_missing_value=-1).fit_transform(coded[texts])
    return coded.fillna(coded.min() - 1).rank(method="dense").to_numpy(dtype=float)


def _mean_response(forest: RandomForestRegressor, drawn: np.ndarray, column: int) -> np.ndarray:
    """The forest's mean at a hyperparameter's values (some, where many), over all the others'."""
    half = 0.5 / VALUES
    return partial_dependence(
        *(forest, drawn, [column]),
        percentiles=(half, 1 - half),
        grid_resolution=VALUES,
        method="brute",
        kind="average",
    )["average"][0]

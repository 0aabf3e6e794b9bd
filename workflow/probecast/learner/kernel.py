"""How alike two configurations are, and what that tells of those which a task has not tried.

Shape legend: n configurations, m others, D inputs that describe one, G hyperparameters, L levels.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

LOG_NOISE = -1.5  # of the kernel regression, ln variance
APART = 2.0  # the ends of a hyperparameter's range are this far apart in an encoding
LIKELY, DEVIATION = 0.3, 0.7  # of a lengthscale's logarithm, in units of APART, before all
SHORTEST, LONGEST = -2.5, 3.0
TASKS, TRIALS = 24, 64  # as many are looked at, evenly spread


def alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how alike configurations are, (n, m) in 0..1, by their places (n, D) and (m, D).

    A place is an encoded configuration in units of the lengthscales.
    """
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.exp(-0.5 * np.maximum(squares, 0.0))


def complete(
    known: np.ndarray, values: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a task has not tried: kernel regression around the mean of what it has.

    A configuration unlike all tried ones gets the mean, and stays unknown.

    Args:
        known: (m, D) places of the configurations that it has tried.
        values: (m, L) how that went.
        asked: (n, D) places of those that it has not.

    Returns:
        (n, L) curves, and the (n) share of the variance that remains unknown, 0 to 1.
    """
    gram = alike(known, known) + np.exp(LOG_NOISE) * np.eye(len(known))
    across = alike(asked, known)
    weights = np.linalg.solve(gram, across.T)
    mean = values.mean(axis=0)
    unknown = 1 - (weights.T * across).sum(axis=1)
    return mean + weights.T @ (values - mean), unknown


def learn_lengthscales(
    tasks: Sequence[tuple[np.ndarray, np.ndarray]], groups: np.ndarray
) -> np.ndarray:
    """Return how far two values of each hyperparameter may lie apart and still be alike.

    They make the tasks' last values likeliest under a Gaussian process (Rasmussen and Williams,
    "Gaussian Processes for Machine Learning", 2006, section 5.4), each task with a scale of its
    own; a weak prior carries where tasks are few.

    Args:
        tasks: (m, D) encoded configurations and their (m) last values.
        groups: (D) the number of the hyperparameter that an input belongs to.

    Returns:
        (hyperparameters) in units of ``APART``.
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    parts = [part for part in map(_thinned, spread(tasks, TASKS)) if np.std(part[1]) > 1e-6]
    squares, values = [], []
    for places, ends in parts:
        apart = ((places[:, None] - places) / APART) ** 2
        along = [apart[:, :, groups == g].sum(axis=2) for g in range(count)]
        squares.append(np.reshape(along, (count, *apart.shape[:2])))
        values.append((ends - ends.mean()) / ends.std())

    start, _ = _expected(count)
    bounds = [*[(SHORTEST, LONGEST)] * count, (-4.0, 4.0)]
    found = minimize(loss, start, (squares, values), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.exp(found.x[:-1])


def loss(
    parameters: np.ndarray, squares: Sequence[np.ndarray], values: Sequence[np.ndarray]
) -> tuple[float, np.ndarray]:
    """Return how unlikely the tasks' values are, and how that changes with the parameters.

    Each task's scale is profiled out; a constant is left out.

    Args:
        parameters: (G + 1) the lengthscales' logarithms, and the log-odds of the part that is a
            configuration's own.
        squares: (G, m, m) of each task: squared distances along each hyperparameter.
        values: (m) of each task, of mean 0.
    """
    inverse, own = np.exp(-2 * parameters[:-1]), 1 / (1 + np.exp(-parameters[-1]))
    total, slope = 0.0, np.zeros(len(parameters))
    for apart, value in zip(squares, values, strict=True):
        size = len(value)
        kernel = np.exp(-0.5 * np.tensordot(inverse, apart, 1))
        factor = cho_factor((1 - own) * kernel + (own + 1e-6) * np.eye(size))
        solved = cho_solve(factor, value)
        surprise = value @ solved
        total += 0.5 * size * np.log(surprise) + np.log(factor[0].diagonal()).sum()
        # Half the derivative of the loss by the covariance, the task's scale profiled out.
        by = 0.5 * (cho_solve(factor, np.eye(size)) - np.outer(solved, solved) * size / surprise)
        slope[:-1] += (1 - own) * inverse * np.tensordot(apart, by * kernel, 2)
        slope[-1] += own * (1 - own) * (np.trace(by) - (by * kernel).sum())
    center, deviation = _expected(len(parameters) - 1)
    away = (parameters - center) / deviation
    return total + 0.5 * away @ away, slope + away / deviation


def _expected(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the parameters of ``loss`` are expected before all, and their standard deviations."""
    return np.append(np.full(count, LIKELY), 0.0), np.append(np.full(count, DEVIATION), 1.0)


def spread(items: Sequence, most: int) -> list:
    """Return so many of them, at most, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[place] for place in places]


def _thinned(task: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows = spread(range(len(task[1])), TRIALS)
    return task[0][rows], task[1][rows]

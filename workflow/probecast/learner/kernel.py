"""How alike two configurations are, and what that tells of those which a task has not tried.

Shape legend: n configurations, m others, D inputs that describe one, L levels.
"""

import numpy as np

LOG_NOISE = -1.5  # of the kernel regression, ln variance
APART = 2.0  # the ends of a hyperparameter's range are this far apart in an encoding


def alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how alike configurations are, (n, m) in 0..1, by their places (n, D) and (m, D).

    A place is an encoded configuration in units of ``APART``.
    """
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.exp(-0.5 * np.maximum(squares, 0.0))


def complete(
    known: np.ndarray, values: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a task has not tried: kernel regression around the mean of what it has.

    A configuration unlike all tried ones gets the mean, and stays unknown.

    Args:
        known: (m, D) encoded configurations that it has tried.
        values: (m, L) how that went.
        asked: (n, D) encoded configurations that it has not.

    Returns:
        (n, L) curves, and the (n) share of the variance that remains unknown, 0 to 1.
    """
    a, b = known / APART, asked / APART
    gram = alike(a, a) + np.exp(LOG_NOISE) * np.eye(len(a))
    across = alike(b, a)
    weights = np.linalg.solve(gram, across.T)
    mean = values.mean(axis=0)
    unknown = 1 - (weights.T * across).sum(axis=1)
    return mean + weights.T @ (values - mean), unknown

"""How alike two configurations are: by their hyperparameters, or as a small network has learnt.

A kernel places configurations so that those that train alike lie close. The plain one takes
their encoded hyperparameters as they are. The learnt one is a small perceptron that sees the
architecture and the description of the task, too (deep kernels: Wistuba and Grabocka,
"Few-shot Bayesian optimization with deep kernel surrogates", ICLR 2021).

Shape legend: n configurations, m others, D inputs, F features, L levels.
"""

import torch
from torch import Tensor, nn

from probecast.encoding import Encoding
from probecast.tuning.settings import KernelName

LOG_NOISE = -1.5  # of the kernel regression, ln variance
APART = 2.0  # the ends of a hyperparameter's range are this far apart in an encoding


class Kernel(nn.Module):
    """Places configurations (float64), and completes curves by how close they are."""

    log_noise: Tensor

    def complete(self, known: Tensor, values: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a task has not tried: kernel regression around the mean of what it has.

        What is like nothing that was tried is thought average, never the best.

        Args:
            known: (m, D) what it has tried.
            values: (m, L) how that went.
            asked: (n, D) what it has not.

        Returns:
            (n, L) curves, and the (n) share of the variance that remains unknown, 0 to 1.
        """
        a, b = self(known), self(asked)
        gram = alike(a, a) + self.log_noise.exp() * torch.eye(len(a), dtype=a.dtype)
        across = alike(b, a)
        weights = torch.linalg.solve(gram, across.T)
        mean = values.mean(dim=0)
        unknown = 1 - (weights.T * across).sum(dim=1)
        return mean + weights.T @ (values - mean), unknown


class DistanceKernel(Kernel):
    """Places configurations by their hyperparameters; nothing is learnt.

    Args:
        size: how many of the inputs describe the configuration.
    """

    log_noise = torch.tensor(LOG_NOISE, dtype=torch.float64)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the places of configurations on a task, inputs (n, D)."""
        return inputs[:, : self.size] / APART


class LearntKernel(Kernel):
    """Embeds configurations as it has learnt to.

    Args:
        inputs: D, the length of a configuration's and its task's encoding.
        width: neurons in the hidden layer.
        features: F, dimensions of the embedding.
    """

    def __init__(self, inputs: int, width: int, features: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, features))
        self.log_noise = nn.Parameter(torch.tensor(LOG_NOISE))
        self.double()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the (n, F) places of configurations on a task, inputs (n, D)."""
        return self.embed(inputs)


def kernel_of(encoding: Encoding, kernel: KernelName, width: int, features: int) -> Kernel:
    """Return the kernel that the settings name; a learnt one has learnt nothing yet."""
    if kernel == "learnt":
        return LearntKernel(encoding.size, width, features)
    return DistanceKernel(encoding.configuration_size)


def alike(a: Tensor, b: Tensor) -> Tensor:
    """Return how alike configurations are, (n, m) in 0..1, by their places."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return torch.exp(-0.5 * squares.clamp(min=0.0))

"""The meta-encoder's network: it places configurations so that those train alike lie close.

One small perceptron embeds a configuration, beside the architecture and the description of
the task; distances between embeddings make a kernel (deep kernels: Wistuba and Grabocka,
"Few-shot Bayesian optimization with deep kernel surrogates", ICLR 2021).

Shape legend: n configurations, m others, D inputs, F features, L levels.
"""

import torch
from torch import Tensor, nn


class ConfigurationNetwork(nn.Module):
    """Embeds configurations (float64).

    Args:
        inputs: D, the length of a configuration's and its task's encoding.
        width: neurons in the hidden layer.
        features: F, dimensions of the embedding.
    """

    def __init__(self, inputs: int, width: int, features: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, features))
        self.log_noise = nn.Parameter(torch.tensor(-1.5))  # of the kernel regression, ln variance
        self.double()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the (n, F) places of configurations on a task, inputs (n, D)."""
        return self.embed(inputs)

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
        gram = kernel(a, a) + self.log_noise.exp() * torch.eye(len(a), dtype=a.dtype)
        across = kernel(b, a)
        weights = torch.linalg.solve(gram, across.T)
        mean = values.mean(dim=0)
        unknown = 1 - (weights.T * across).sum(dim=1)
        return mean + weights.T @ (values - mean), unknown


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """Return how alike configurations are, (n, m) in 0..1, by their embeddings."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return torch.exp(-0.5 * squares.clamp(min=0.0))

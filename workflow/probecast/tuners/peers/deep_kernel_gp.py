"""A Gaussian process whose deep kernel has learnt on the source tasks (FSBO).

A perceptron embeds configurations, and the process lives in its features. It is trained on all
sources in turn, by the marginal likelihood of small sets of their trials, each set on a random
scale, and once more on the target's own trials; expected improvement then chooses the next one
(Wistuba and Grabocka, "Few-shot Bayesian optimization with deep kernel surrogates", ICLR 2021).
The first trials are those of the greedy portfolio, which is what their evolutionary warm start
looks for.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import lru_cache

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from probecast.encoding import Encoding
from probecast.regret import greedy_portfolio
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable
from probecast.tuners.source_regrets import Shared, regrets_of, source_curves
from probecast.tuning.protocol import FullTrials, Observation, Problem, merit

WIDTH, FEATURES = 32, 16
STEPS, SET, RATE = 1500, 50, 0.003  # of the training on the sources
OWN_STEPS, OWN_RATE = 100, 0.01  # on the target's trials
FIRST = 2  # trials of the portfolio: fewer say nothing about the scale
NARROWEST = 0.1  # of a source's range, that a random scale covers
LOG_NOISE, JITTER = -1.5, 1e-4  # the former is where the noise's ln variance begins


class DeepKernelGp(nn.Module):
    """The process. Shapes: n configurations, m others, D inputs.

    Args:
        inputs: D, the length of a configuration's encoding.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(inputs, WIDTH), nn.Tanh(), nn.Linear(WIDTH, FEATURES))
        self.log_noise = nn.Parameter(torch.tensor(LOG_NOISE))
        self.mean = nn.Parameter(torch.zeros(()))
        self.log_variance = nn.Parameter(torch.zeros(()))
        self.double()

    def covariance(self, a: Tensor, b: Tensor) -> Tensor:
        """Return (n, m), without noise, of inputs (n, D) and (m, D)."""
        a, b = self.embed(a), self.embed(b)
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
        return self.log_variance.exp() * torch.exp(-0.5 * squares.clamp(min=0.0))

    def noisy(self, inputs: Tensor) -> Tensor:
        """Return the covariance (n, n) of measured values."""
        noise = self.log_noise.exp() + JITTER
        return self.covariance(inputs, inputs) + noise * torch.eye(len(inputs), dtype=noise.dtype)

    def surprise(self, inputs: Tensor, values: Tensor) -> Tensor:
        """Return minus the log marginal likelihood per value, of (n, D) and (n) values."""
        process = MultivariateNormal(
            self.mean.expand(len(values)), self.noisy(inputs), validate_args=False
        )
        return -process.log_prob(values) / len(values)

    @torch.no_grad()
    def predict(self, inputs: Tensor, values: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and deviation (m) at ``asked`` (m, D) from ``values`` (n) at ``inputs``."""
        across = self.covariance(asked, inputs)
        weights = torch.linalg.solve(self.noisy(inputs), across.T)
        mean = self.mean + weights.T @ (values - self.mean)
        variance = self.log_variance.exp() - (weights.T * across).sum(dim=1)
        return mean, variance.clamp(min=JITTER).sqrt()


class DeepKernelGpTuner(FullTrials):
    """Trains fully the candidate of largest expected improvement, after the first ones."""

    def __init__(self, problem: Problem) -> None:
        self.candidates = problem.candidates
        shared = Shared.of(problem)
        self.rows = {identity: row for row, identity in enumerate(shared.identities)}
        encoding, self.learnt = learn(shared.sources)
        self.inputs = torch.from_numpy(encoding.configurations(problem.candidates))
        self.values: dict[int, float] = {}  # by candidate, in the order of the trials
        first = greedy_portfolio(source_curves(shared)[:, :, -1], size=FIRST)
        super().__init__(problem, [problem.candidates[member] for member in first])

    def ask(self) -> tuple[Configuration, int] | None:
        if self.told < len(self.order):
            return super().ask()
        if len(self.values) == len(self.candidates):
            return None
        return self.candidates[int(np.argmax(self._improvement()))], self.info.epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        super().tell(observations)
        for observation in observations:
            self.values[self.rows[observation.config_id]] = merit(observation, self.info)

    def _improvement(self) -> np.ndarray:
        """(candidates,) expected improvement; -inf once tried."""
        tried = list(self.values)
        values = _unit(np.array(list(self.values.values())))
        process = deepcopy(self.learnt)
        inputs, targets = self.inputs[tried], torch.from_numpy(values)
        _train(process, [(inputs, targets)] * OWN_STEPS, OWN_RATE)
        mean, deviation = (x.numpy() for x in process.predict(inputs, targets, self.inputs))
        gain = mean - values.max()
        score = gain / deviation
        improvement = gain * norm.cdf(score) + deviation * norm.pdf(score)
        improvement[tried] = -np.inf
        return improvement


@lru_cache(maxsize=2)
def learn(sources: tuple[TrialTable, ...]) -> tuple[Encoding, DeepKernelGp]:
    """Return the inputs' encoding, and the process trained on trial tables, once for each set."""
    encoding = Encoding.of(sources)
    tasks = []
    for source in sources:
        configurations = list(source.configurations().values())
        rows, regrets = regrets_of(source)
        values = 1 - regrets[[rows[config_id(one)] for one in configurations], -1]
        tasks.append((torch.from_numpy(encoding.configurations(configurations)), values))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        process = DeepKernelGp(encoding.configuration_size)
    generator = np.random.default_rng(0)
    drawn = (_draw(*tasks[generator.integers(len(tasks))], generator) for _ in range(STEPS))
    _train(process, drawn, RATE)
    return encoding, process


def _draw(
    inputs: Tensor, values: np.ndarray, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return some trials of a source on a random scale: that of a new task is not known either."""
    chosen = generator.permutation(len(values))[:SET]
    low, high = np.sort(generator.uniform(size=2))
    scaled = (values[chosen] - low) / max(high - low, NARROWEST)
    return inputs[chosen], torch.from_numpy(scaled)


def _train(process: DeepKernelGp, sets: Iterable[tuple[Tensor, Tensor]], rate: float) -> None:
    """Raise the marginal likelihood of each set in turn by one step."""
    optimizer = torch.optim.Adam(process.parameters(), lr=rate, fused=True)
    for inputs, values in sets:
        optimizer.zero_grad()
        process.surprise(inputs, values).backward()
        optimizer.step()


def _unit(values: np.ndarray) -> np.ndarray:
    """Values scaled to 0..1; what diverged counts as the worst that did not."""
    ended = values[np.isfinite(values)]
    if not len(ended) or ended.max() == ended.min():
        return np.zeros(len(values))
    return (np.maximum(values, ended.min()) - ended.min()) / (ended.max() - ended.min())


TUNER = DeepKernelGpTuner

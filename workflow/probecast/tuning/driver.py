"""Runs any tuner on any environment, in replay and for real, and keeps the accounts."""

from dataclasses import dataclass
from typing import Protocol

from probecast.errors import ProbecastError
from probecast.space import Configuration, config_id
from probecast.tuning.protocol import Observation, Tuner


class Environment(Protocol):
    """Where trials of one task can be bought.

    Attributes:
        horizon: the full length E of a trial, in epochs.
    """

    horizon: int

    def advance(self, configuration: Configuration, epoch: int) -> Observation:
        """Train until ``epoch``, or divergence, and return all that was seen of the trial."""


@dataclass(frozen=True)
class Step:
    """The recommendation at one time of a run.

    Attributes:
        cost: total cost if one stopped here, in full-run equivalents: the epochs bought so
            far and those that complete the recommendation.
        spent: the epochs bought so far, in full-run equivalents.
        configuration: the recommendation.
    """

    cost: float
    spent: float
    configuration: Configuration


def run(
    tuner: Tuner, environment: Environment, budget: float, resumable: bool = True
) -> list[Step]:
    """Let a tuner spend a budget; return its recommendation before and after every trial.

    The current recommendation can be completed within the budget at any time: a trial
    after which it could not is not begun but ends the run, and a newer recommendation
    that could not be completed does not replace it. A trial that diverges costs the
    epochs that it ran, and there is nothing to complete.

    Args:
        tuner: a fresh tuner.
        environment: where it may buy trials.
        budget: largest total cost in full-run equivalents.
        resumable: whether a stopped trial can be continued, see ``Problem``. If not, it is paid
            for from its first epoch again, whatever the environment does in fact.
    """
    accounts = _Accounts(environment.horizon, resumable)
    limit = round(budget * environment.horizon, 6)
    if environment.horizon > limit:
        raise ProbecastError(
            f"budget {budget:g} does not pay for one full training; give at least 1"
        )
    current = _choice(tuner)
    steps = [accounts.step(current)]
    while (asked := tuner.ask()) is not None:
        configuration, epoch = asked
        price = accounts.price(configuration, epoch)
        if accounts.spent + price + accounts.left_after(configuration, epoch, current) > limit:
            break
        observation = environment.advance(configuration, epoch)
        accounts.book(observation)
        tuner.tell([observation])
        newer = _choice(tuner)
        if accounts.spent + accounts.remaining(newer) <= limit:
            current = newer
        steps.append(accounts.step(current))
    return steps


def _choice(tuner: Tuner) -> Configuration:
    """What a tuner recommends; of ours without its belief, which takes longer than a choice."""
    return tuner.choice() if hasattr(tuner, "choice") else tuner.recommend()[0]


class _Accounts:
    """Epochs bought, and epochs still to buy, for every trial of a run."""

    def __init__(self, horizon: int, resumable: bool) -> None:
        self.horizon, self.resumable = horizon, resumable
        self.spent = 0
        self.trials: dict[str, Observation] = {}
        self.running = ""  # identity of the trial that was bought last

    def book(self, observation: Observation) -> None:
        """Count the epochs that were trained for an observation."""
        self.spent += observation.epochs - self.kept(observation.config_id, self.running)
        self.trials[observation.config_id] = observation
        self.running = observation.config_id

    def kept(self, identity: str, running: str) -> int:
        """The epochs of a trial that need not be trained again while one is running."""
        trial = self.trials.get(identity)
        if trial is None:
            return 0
        finished = trial.epochs == self.horizon
        return trial.epochs if self.resumable or finished or identity == running else 0

    def remaining(self, configuration: Configuration, running: str | None = None) -> int:
        """The epochs that complete a trial; none if it diverged.

        Args:
            configuration: the trial's.
            running: identity of the trial that is then running; by default the one that is.
        """
        identity = config_id(configuration)
        trial = self.trials.get(identity)
        if trial and trial.diverged:
            return 0
        return self.horizon - self.kept(identity, self.running if running is None else running)

    def left_after(
        self, configuration: Configuration, epoch: int, recommended: Configuration
    ) -> int:
        """The epochs that complete the recommendation once a trial has run to ``epoch``."""
        asked = config_id(configuration)
        if asked == config_id(recommended):
            return self.horizon - epoch
        return self.remaining(recommended, running=asked)

    def price(self, configuration: Configuration, epoch: int) -> int:
        """The epochs to train for a trial to reach ``epoch``."""
        identity = config_id(configuration)
        trial = self.trials.get(identity)
        done = trial.epochs if trial else 0
        if not done < epoch <= self.horizon or (trial and trial.diverged):
            raise ValueError(
                f"a tuner asked for epoch {epoch} of a trial of {self.horizon} that has {done}"
                + (" and diverged" if trial and trial.diverged else "")
            )
        return epoch - self.kept(identity, self.running)

    def step(self, recommended: Configuration) -> Step:
        """What it would come to if one stopped now."""
        total = self.spent + self.remaining(recommended)
        return Step(total / self.horizon, self.spent / self.horizon, recommended)

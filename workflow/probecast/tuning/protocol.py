"""What a tuner is: it asks for training, is told validation curves, and recommends."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

from probecast.errors import ProbecastError
from probecast.space import Configuration, Space, config_id
from probecast.trials import TaskInfo, TrialTable
from probecast.tuning.settings import ProbeSettings


@dataclass(frozen=True)
class Observation:
    """What has been seen of one trial on the target.

    Attributes:
        configuration: what was trained.
        curve: validation metric of epochs 1..k in natural units; NaN where it diverged.
        diverged: whether the trial ended so; it cannot be continued.
    """

    configuration: Configuration
    curve: tuple[float, ...]
    diverged: bool = False

    @cached_property
    def config_id(self) -> str:
        """The configuration's identity."""
        return config_id(self.configuration)

    @property
    def epochs(self) -> int:
        """The epochs bought."""
        return len(self.curve)


def observations(table: TrialTable, seed: int | None = None) -> list[Observation]:
    """Return a table's trials as a tuner is told them; of one seed, if it holds several."""
    frame = table.frame if seed is None else table.frame[table.frame["seed"] == seed]
    configurations = table.configurations()
    return [
        Observation(
            configurations[identity],
            tuple(rows["val_metric"].tolist()),
            diverged=bool(rows["status"].iloc[-1] == "diverged"),
        )
        for identity, rows in frame.groupby("config_id", sort=False)
    ]


@dataclass(frozen=True)
class Belief:
    """What a tuner expects of its recommendation, on the validation split.

    Attributes:
        expected_metric: expected last metric, natural units.
        low: lower end of the central 80 % interval.
        high: its upper end.
        probability_within_5pct: of coming within 5 % of the best candidate.
        alternatives: the next best configurations, best first.
    """

    expected_metric: float
    low: float
    high: float
    probability_within_5pct: float
    alternatives: tuple[Configuration, ...]

    LEVEL: ClassVar[float] = 0.8


@dataclass(frozen=True)
class Problem:
    """Everything that a tuner may know before it starts.

    Attributes:
        info: the target: metric, floors, horizon, architecture, meta-features.
        candidates: what may be recommended, each configuration once.
        budget: largest total cost in full-run equivalents, at least 1.
        seed: of whatever the tuner draws.
        sources: finished trial tables of other families, for tuners that learn from them.
        encoder: a ``learner.encoder.MetaEncoder`` pretrained on other families, for our tuner;
            None for those that use none.
        resumable: whether a stopped trial can be continued. If not, it is gone once another one
            is begun, and only its readings stay. Tuners need not heed it; the driver's accounts
            do.
    """

    info: TaskInfo
    candidates: Sequence[Configuration]
    budget: float
    seed: int = 0
    sources: Sequence[TrialTable] = ()
    encoder: Any = None
    resumable: bool = True

    @classmethod
    def of_target(
        cls,
        info: TaskInfo,
        space: Space,
        probes: ProbeSettings,
        encoder: Any,
        seed: int,
        default: Configuration | None = None,
        by_hand: Sequence[Configuration] = (),
    ) -> "Problem":
        """Return the problem of probing a new task and recommending for it.

        Args:
            info: the task.
            space: of its hyperparameters.
            probes: the budget, and how many candidates there may be.
            encoder: see ``encoder``.
            seed: see ``seed``.
            default: what would be trained with without any of this: always a candidate.
            by_hand: what else is always one, in the space or not.
        """
        candidates = space.candidates(probes.candidates, seed, default)
        return cls(
            info=info,
            candidates=[*candidates, *(c for c in by_hand if c not in candidates)],
            budget=probes.cost,
            seed=seed,
            encoder=encoder,
            resumable=probes.resumable,
        )

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ProbecastError(f"{self.info.task}: no candidate configurations; name at least 1")
        if self.budget < 1:
            raise ProbecastError(
                f"{self.info.task}: budget {self.budget:g} does not pay for one full training; "
                "give at least 1"
            )


class Tuner(Protocol):
    """A method that picks configurations. One object serves one run on one problem.

    Attributes:
        seeded: whether its choices depend on the problem's seed.
        anytime: whether the budget decides nothing but when it ends, so that a run under a
            smaller budget is the beginning of one under a larger.
        heeds_resumable: whether it plans otherwise where the problem's trials are not resumable.
    """

    seeded: ClassVar[bool]
    anytime: ClassVar[bool]
    heeds_resumable: ClassVar[bool]

    def __init__(self, problem: Problem) -> None: ...

    def ask(self) -> tuple[Configuration, int] | None:
        """Return a configuration and the epoch to train it to, or None when done.

        A trial that was begun is continued and costs the difference; unless trials are not
        resumable and another one has run since: then it is trained anew.
        """

    def tell(self, observations: Sequence[Observation]) -> None:
        """Learn what trials have shown so far; a newer observation replaces an older one."""

    def recommend(self) -> tuple[Configuration, Belief | None]:
        """Return the configuration to train to the end, at any time.

        If a belief takes long, a tuner may have a method ``choice``, which returns the same
        configuration alone; the driver then asks for that after every step.
        """


class FullTrials:
    """Trains candidates fully, one after another, and recommends the best on validation.

    Args:
        problem: the target.
        order: the configurations in the order of their trials, at least one.
    """

    seeded: ClassVar[bool] = False
    anytime: ClassVar[bool] = True
    heeds_resumable: ClassVar[bool] = False

    def __init__(self, problem: Problem, order: Sequence[Configuration]) -> None:
        self.info, self.order = problem.info, order
        self.told = 0
        self.best: Observation | None = None

    def ask(self) -> tuple[Configuration, int] | None:
        return (self.order[self.told], self.info.epochs) if self.told < len(self.order) else None

    def tell(self, observations: Sequence[Observation]) -> None:
        for observation in observations:
            self.told += 1
            if self.best is None or merit(observation, self.info) > merit(self.best, self.info):
                self.best = observation

    def recommend(self) -> tuple[Configuration, None]:
        return (self.best.configuration if self.best else self.order[0]), None


def merit(observation: Observation, info: TaskInfo) -> float:
    """Return the last validation metric, larger is better; nothing is worse than divergence."""
    if observation.diverged:
        return -float("inf")
    return info.sign * observation.curve[-1]

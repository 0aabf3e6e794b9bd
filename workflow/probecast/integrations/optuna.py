"""probecast as a sampler and a pruner of Optuna.

``ProbecastSampler`` begins the trial that promises most per epoch, by what other tasks have taught
and this study has shown; ``ProbecastPruner`` stops a trial once another one promises more. A study
that is continued, in this process or another, is read from its storage: nothing else is kept.

An epoch here is one ``trial.report``: the k-th report of a trial is compared with the k-th of the
others, whatever the steps are called.
"""

import copy
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from probecast.errors import ProbecastError
from probecast.integrations.distributions import (
    Distributions,
    Names,
    as_value,
    branches,
    candidates,
    spread_over,
)
from probecast.integrations.plan import Plan
from probecast.learner import shipped
from probecast.learner.encoder import MetaEncoder
from probecast.learner.transfer import Transfer
from probecast.metrics import METRICS
from probecast.seeds import derive
from probecast.space import Configuration, config_id
from probecast.trials import TaskInfo, TrialTable
from probecast.tuning.protocol import Belief, Observation, Problem

ATTRIBUTE = "probecast"  # of the study: the recommendation, see ``ProbecastSampler.recommend``

logger = optuna.logging.get_logger("optuna.probecast")  # as loud as Optuna is


@dataclass(frozen=True)
class Recommended:
    """What to train with.

    Attributes:
        params: as Optuna has them.
        belief: what is expected of them.
    """

    params: dict[str, Any]
    belief: Belief


class ProbecastSampler(BaseSampler):
    """Begins the trial that promises most, learning from other tasks and from this study.

    Args:
        metric: what the objective returns. ``accuracy``, ``mse``, ``mae``, ``wer`` and ``cer``
            can be compared with the shipped sources; any other is learnt about from the trials
            alone.
        floor: the metric of a trivial predictor, such as the share of the largest class.
        reports: how often a full trial reports; by default as often as the first complete trial
            did, which is then not pruned.
        architecture: what is trained, if it is one that the sources have, such as ``cnn``.
        rename: names in the sources -> names in the study, where they differ:
            ``{"learning_rate": "lr"}``.
        space: distributions by their names in the study; if not given, they are those that trials
            have shown.
        cost: what is planned for, in full trials, so that the recommendation is complete by then;
            once it is spent, twice as much is planned for.
        candidates: how many configurations may be chosen from.
        encoder: what was learnt from other tasks, see ``learnt_from``; default: the shipped one.
        seed: of whatever is drawn.

    Raises:
        ProbecastError: the study has several objectives, or the metric's other direction.
    """

    def __init__(
        self,
        metric: str = "objective",
        *,
        floor: float = float("nan"),
        reports: int | None = None,
        architecture: str = "own",
        rename: Mapping[str, str] | None = None,
        space: Mapping[str, BaseDistribution] | None = None,
        cost: float = 2.0,
        candidates: int = 500,
        encoder: MetaEncoder | None = None,
        seed: int = 0,
    ) -> None:
        self.metric, self.floor, self.reports = metric, floor, reports
        self.architecture, self.names = architecture, Names(rename or {})
        self.space, self.cost, self.limit, self.seed = dict(space or {}), cost, candidates, seed
        self.encoder = encoder or MetaEncoder.read(shipped.FOLDER)
        self._known: dict[str, Plan] = {}  # by study
        self._lock = threading.RLock()  # n_jobs are threads

    def __getstate__(self) -> dict[str, Any]:
        """Without what the storage tells again."""
        return {**self.__dict__, "_known": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Distributions:
        self._info(study, 1)  # refuses what cannot be served
        if trial.system_attrs.get("fixed_params"):
            return {}  # somebody has chosen
        return _distributions(_others(study, trial), self.space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Distributions
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        trials = _others(study, trial)
        busy = [t for t in trials if t.state == TrialState.RUNNING]
        ahead = sum(not t.params and t.number < trial.number for t in busy)
        with self._lock:
            known = self._up_to_date(study, trials)
            chosen = known.begin([self._ours(t) for t in busy if t.params], ahead)
        return self.names.to_theirs(chosen, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return the value that the sources promise most of, given those chosen before it."""
        before = self._ours(trial)
        values = spread_over(param_distribution)
        name = self.names.ours.get(param_name, param_name)
        points = [{**before, name: as_value(value, param_distribution)} for value in values]
        expected = self.encoder.expect(self._info(study, self.reports or 1), points)
        best = expected.rows[int(np.argmax(expected.posterior.mean[:, -1]))]
        return values[best]

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Write the recommendation into the study's user attributes."""
        ended = copy.copy(trial)
        ended.state, ended.values = state, values
        if ended.params:
            recommended = self._recommended(study, [*_others(study, trial), ended])
            study.set_user_attr(ATTRIBUTE, _as_json(recommended))

    def recommend(self, study: Study) -> Recommended:
        """Return the parameters to train with, and what is believed of them.

        Raises:
            ProbecastError: no trial has begun yet.
        """
        trials = study.get_trials(deepcopy=False)
        if not any(trial.params for trial in trials):
            raise ProbecastError(f"study {study.study_name!r}: no trial has begun; optimize first")
        return self._recommended(study, trials)

    def stops(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether another trial promises more than to continue this one."""
        values = [value for _, value in sorted(trial.intermediate_values.items())]
        if not values or np.isnan(values[-1]):
            return bool(values)
        trials = [
            t if t.number != trial.number else trial for t in study.get_trials(deepcopy=False)
        ]
        if len(values) >= (self._horizon(trials) or 0):  # the end, or nobody knows where that is
            return False
        busy = [t for t in _others(study, trial) if t.state == TrialState.RUNNING and t.params]
        busy = [self._ours(t) for t in busy]
        with self._lock:
            known = self._up_to_date(study, trials)
            return known.rather_another(self._ours(trial), len(values), busy)

    def _recommended(self, study: Study, trials: Sequence[FrozenTrial]) -> Recommended:
        with self._lock:
            configuration, belief = self._up_to_date(study, trials).tuner.recommend()
        distributions = _distributions(trials, self.space)
        return Recommended(self.names.to_theirs(configuration, distributions), belief)

    def _ours(self, trial: FrozenTrial) -> Configuration:
        return self.names.to_ours(trial.params, trial.distributions)

    def _horizon(self, trials: Sequence[FrozenTrial]) -> int | None:
        """Reports of a full trial, if that is known."""
        complete = [len(t.intermediate_values) for t in trials if t.state == TrialState.COMPLETE]
        return self.reports or (max(*complete, 1) if complete else None)

    def _up_to_date(self, study: Study, trials: Sequence[FrozenTrial]) -> Plan:
        """What is known of the study, with all that its trials have shown."""
        trials = [trial for trial in trials if trial.params]
        longest = max((len(trial.intermediate_values) for trial in trials), default=1)
        horizon = self._horizon(trials) or max(longest, 1)
        known = self._known.get(study.study_name)
        structure = branches(filter(_is_whole, trials), self.space)
        names = [set(branch) for branch in structure]
        trials = [trial for trial in trials if set(trial.params) in names]
        observed = _observations(trials, horizon, self._ours)
        if known is None or not known.covers(structure, horizon, observed):
            distributions = _distributions(trials, self.space)
            drawn = candidates(structure, distributions, self.names, self.limit, self.seed)
            seen = {o.config_id: o.configuration for o in observed}
            points = list({**{config_id(c): c for c in drawn}, **seen}.values())
            seed = derive(self.seed, "study", study.study_name)
            problem = Problem(
                self._info(study, horizon),
                points,
                self.cost,
                seed,
                encoder=self.encoder,
                resumable=False,
            )
            if known is None:
                logger.info(Transfer.between(self.encoder.encoding, points).summary)
            known = self._known[study.study_name] = Plan(structure, horizon, problem)
        known.tell(observed)
        return known

    def _info(self, study: Study, epochs: int) -> TaskInfo:
        """What is known of the task; refuses what cannot be served."""
        if len(study.directions) > 1:
            raise ProbecastError(
                f"study {study.study_name!r} has {len(study.directions)} objectives; "
                "ProbecastSampler serves one: return the one that decides"
            )
        higher = study.direction.name == "MAXIMIZE"
        if self.metric in METRICS and METRICS[self.metric].higher_is_better != higher:
            raise ProbecastError(
                f"study {study.study_name!r} is to {study.direction.name.lower()} "
                f"{self.metric!r}: create it with the other direction, or give a metric of yours "
                "a name of its own"
            )
        return TaskInfo.of_user(self.metric, higher, self.floor, epochs, self.architecture)


class ProbecastPruner(BasePruner):
    """Stops a trial once another one promises more; belongs to a ``ProbecastSampler``.

    Raises:
        ProbecastError: the study has another sampler.
    """

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        sampler = study.sampler
        if not isinstance(sampler, ProbecastSampler):
            raise ProbecastError(
                f"study {study.study_name!r}: ProbecastPruner belongs to a ProbecastSampler, but "
                f"the sampler is {type(sampler).__name__}; give sampler=ProbecastSampler(...), too"
            )
        return sampler.stops(study, trial)


def learnt_from(
    storage: str,
    *,
    metric: str = "objective",
    floor: float | None = None,
    rename: Mapping[str, str] | None = None,
    studies: Sequence[str] | None = None,
    architecture: str | None = None,
) -> MetaEncoder:
    """Return what other studies of a storage teach, beside the shipped tables.

    Args:
        storage: as for ``optuna.create_study``.
        metric: as for ``ProbecastSampler``; as are the next two.
        floor: see there.
        rename: names in the sources -> names in the studies, where they differ.
        studies: their names; default: all that are there.
        architecture: what they trained; default: a network of their own kind.

    Raises:
        ProbecastError: as ``tables.history.read_history``.
    """
    from probecast.learner.pretraining import pretrain  # with the tables, slow to load
    from probecast.tables.history import read_history
    from probecast.tables.settings import HistorySettings
    from probecast.trials import read_tables

    settings = HistorySettings(
        path=storage, metric=metric, floor=floor, tasks=studies, architecture=architecture
    )
    past = read_history("past", settings)
    names = {theirs: ours for ours, theirs in (rename or {}).items()}
    return pretrain([*(_renamed(table, names) for table in past), *read_tables(shipped.tables())])


def _renamed(table: TrialTable, names: Mapping[str, str]) -> TrialTable:
    """The table with hyperparameters called otherwise, and so of other identity."""
    identities = {
        before: config_id({names.get(name, name): value for name, value in c.items()})
        for before, c in table.configurations().items()
    }
    frame = table.frame.rename(columns=dict(names))
    frame["config_id"] = frame["config_id"].astype(str).map(identities)
    called = [names.get(name, name) for name in table.hyperparameters]
    return TrialTable(table.info, called, frame)


def _is_whole(trial: FrozenTrial) -> bool:
    """Whether a trial has shown all parameters that it was going to have."""
    done = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return done or bool(trial.intermediate_values)


def _others(study: Study, trial: FrozenTrial) -> list[FrozenTrial]:
    return [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]


def _distributions(trials: Sequence[FrozenTrial], given: Distributions) -> Distributions:
    """The latest distribution of every parameter."""
    found = dict(given)
    for trial in trials:
        found |= trial.distributions
    return found


def _observations(trials: Sequence[FrozenTrial], horizon: int, ours: Any) -> list[Observation]:
    """What trials have shown, as far as it can be compared: the k-th report is epoch k."""
    complete = {config_id(ours(t)) for t in trials if t.state == TrialState.COMPLETE}
    found = []
    for trial in trials:
        curve = [value for _, value in sorted(trial.intermediate_values.items())][:horizon]
        if trial.state == TrialState.COMPLETE:  # what it has returned is what it came to
            short_by = horizon - len(curve)
            curve = [*curve, *[trial.value] * short_by] if short_by else [*curve[:-1], trial.value]
        configuration = ours(trial)
        failed = trial.state == TrialState.FAIL and config_id(configuration) not in complete
        if failed and len(curve) < horizon:
            curve.append(float("nan"))
        if curve:
            diverged = bool(np.isnan(curve).any())
            if diverged:
                curve = curve[: int(np.isnan(curve).argmax()) + 1]
            found.append(Observation(configuration, tuple(map(float, curve)), diverged))
    return found


def _as_json(recommended: Recommended) -> dict[str, Any]:
    belief = {k: v for k, v in asdict(recommended.belief).items() if k != "alternatives"}
    return {"params": json.loads(json.dumps(recommended.params, default=repr)), **belief}

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecast.errors import ProbecastError
from probecast.evaluation.replay import TableEnvironment
from probecast.evaluation.scores import regret
from probecast.meta.encoder import MetaEncoder
from probecast.meta.settings import ProbeSettings
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuners import TUNERS, get_tuner
from probecast.tuners.driver import run
from probecast.tuners.probecast import (
    ProbecastTuner,
    knowledge_gradient,
    probe_length,
    shortlist,
)
from probecast.tuners.tuner import Observation, Problem
from synthetic import quick_encoder, synthetic_task
from tables import small_table

NAN = float("nan")


def problem(table: TrialTable, budget: float = 2.0, **changes) -> Problem:
    return Problem(
        table.info,
        TableEnvironment(table).candidates,
        budget,
        encoder=quick_encoder(),
        **changes,
    )


class Recorder(TableEnvironment):
    """Remembers what was bought."""

    def __init__(self, table):
        super().__init__(table)
        self.bought = []

    def advance(self, configuration, epoch):
        self.bought.append((configuration, epoch))
        return super().advance(configuration, epoch)

    def epochs_run(self, configuration, epoch):
        return super().advance(configuration, epoch).epochs


def test_knowledge_gradient_by_hand():
    mean = np.array([0.0, 0.0, 1.0])
    slopes = np.diag([1.0, 0.0, 0.0])
    # No rival: nothing is gained by looking. Against a sure 0, E max(Z, 0) = .3989.
    assert knowledge_gradient(mean, slopes, []) == pytest.approx([0, 0, 1])
    gains = knowledge_gradient(mean, slopes, [1])
    assert gains == pytest.approx([0.3989, 0, 1], abs=0.03)


def test_a_probe_that_moves_its_rival_is_worth_as_much():
    mean, slopes = np.zeros(2), np.array([[1.0, 0.0], [0.0, 0.0]])
    both = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert knowledge_gradient(mean, slopes, [1])[0] > 0.3
    assert knowledge_gradient(mean, both, [1])[0] == pytest.approx(0, abs=1e-12)


def test_it_probes_at_most_so_often_and_so_long():
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    steps = run(ProbecastTuner(problem(table, 5.0)), environment, 5.0)
    assert [epoch for _, epoch in environment.bought] == [2] * 5
    assert len({str(configuration) for configuration, _ in environment.bought}) == 5
    assert steps[-1].cost == pytest.approx(5 * 0.2 + 0.8)
    assert steps[-1].configuration in [configuration for configuration, _ in environment.bought]


@pytest.mark.parametrize(
    ("budget", "epochs", "probes"), [(1.0, 1, 0), (1.1, 1, 2), (1.5, 1, 5), (1.8, 2, 5), (9, 2, 5)]
)
def test_probes_are_as_long_as_the_budget_allows(budget, epochs, probes):
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    assert probe_length(problem(table, budget)) == epochs
    run(ProbecastTuner(problem(table, budget)), environment, budget)
    assert [epoch for _, epoch in environment.bought] == [epochs] * probes


def test_it_finds_good_configurations_with_what_other_tasks_have_taught():
    ours, random = [], []
    for number in range(20, 30):
        table = synthetic_task(number)
        finals = table.with_floor()[5]
        steps = run(ProbecastTuner(problem(table)), TableEnvironment(table), 2.0)
        identities = {str(c): i for i, c in table.configurations().items()}
        chosen = finals.xs(identities[str(steps[-1].configuration)]).item()
        ours.append(float(regret(chosen, finals.max(), 0.1, True)))
        random.append(float(regret(finals, finals.max(), 0.1, True).mean()))
    assert np.mean(ours) < 0.12
    assert np.mean(ours) < np.mean(random) / 4


def test_permuted_probe_values_change_the_recommendation():
    table = synthetic_task(21)
    given_problem = problem(table)
    tuner, probes = ProbecastTuner(given_problem), []
    environment = TableEnvironment(table)
    while (asked := tuner.ask()) is not None:
        probes.append(environment.advance(*asked))
        tuner.tell(probes[-1:])
    best = tuner.recommend()[0]
    order = np.argsort([probe.curve[-1] for probe in probes])
    reversed_values = {
        int(i): probes[int(j)].curve for i, j in zip(order, order[::-1], strict=True)
    }
    permuted = ProbecastTuner(given_problem)
    permuted.tell([replace(probe, curve=reversed_values[i]) for i, probe in enumerate(probes)])
    assert permuted.recommend()[0] != best


def test_the_belief_is_in_natural_units_and_surer_after_probes():
    table = synthetic_task(22)
    tuner = ProbecastTuner(problem(table))
    before = tuner.recommend()[1]
    steps = run(tuner, TableEnvironment(table), 2.0)
    belief = steps[-1].belief
    assert 0 <= belief.low < belief.expected_metric < belief.high <= 1
    assert belief.high - belief.low < before.high - before.low
    assert 0 <= belief.probability_within_5pct <= 1
    assert len(belief.alternatives) == 5
    assert steps[-1].configuration not in belief.alternatives


def test_intervals_of_an_error_metric_are_not_upside_down():
    errors = small_table(
        {0.001: [2.0, 1.5], 0.01: [2.0, 0.5], 0.1: [2.0, 1.0]},
        metric="mse",
        higher_is_better=False,
        floor=2.0,
    )
    given_problem = problem(errors, 1.5, probes=ProbeSettings(count=1, share=0.5))
    belief = run(ProbecastTuner(given_problem), TableEnvironment(errors), 1.5)[-1].belief
    assert 0 <= belief.low < belief.expected_metric < belief.high


def test_a_diverged_probe_is_not_recommended_and_its_like_are_thought_less_of():
    table = synthetic_task(23)
    tuner = ProbecastTuner(problem(table))
    configuration, _ = tuner.ask()
    before = tuner.posterior.mean(tuner._points(level=-1))
    tuner.tell([Observation(configuration, (NAN,), diverged=True)])
    after = tuner.posterior.mean(tuner._points(level=-1))
    row = tuner.problem.candidates.index(configuration)
    assert after[row] < before[row] - 0.2
    assert tuner.recommend()[0] != configuration


def test_when_every_probe_diverges_an_untried_configuration_is_still_affordable():
    hopeless = small_table({0.001 * 2**i: [NAN] for i in range(6)} | {9.0: [0.1] * 5})
    budget = ProbeSettings().budget(5)
    environment = Recorder(hopeless)
    steps = run(ProbecastTuner(problem(hopeless, budget)), environment, budget)
    diverged = [c for c, _ in environment.bought if c != {"learning_rate": 9}]
    assert len(diverged) >= 4
    assert steps[-1].configuration not in diverged
    assert steps[-1].cost <= budget


def test_more_probes_than_configurations_and_no_encoder_are_refused():
    table = small_table({0.1: [0.2], 1.0: [0.3]})
    with pytest.raises(ProbecastError, match=r"probe\.count: 5 probes, but toy-cnn has only 2"):
        ProbecastTuner(problem(table))
    with pytest.raises(ProbecastError, match="needs a meta-encoder"):
        ProbecastTuner(replace(problem(table), encoder=None))


@st.composite
def tables(draw):
    """Up to 8 trials of up to 10 epochs, some of which diverge."""
    epochs = draw(st.integers(1, 10))
    curves = {}
    for number in range(draw(st.integers(5, 8))):
        length = draw(st.integers(1, epochs)) if draw(st.booleans()) else epochs
        values = draw(st.lists(st.floats(0, 1), min_size=length, max_size=length))
        if length < epochs:
            values[-1] = NAN
        curves[10.0 ** (number - 4)] = values
    curves[1e6] = [0.2] * epochs  # one trial that does not diverge sets the horizon
    return small_table(curves)


@settings(max_examples=40, deadline=None)
@given(tables(), st.floats(1, 4), st.sampled_from(sorted(TUNERS)))
def test_no_tuner_ever_costs_more_than_its_budget(table, budget, name):
    environment = Recorder(table)
    tuner = get_tuner(name)(problem(table, budget, sources=[table]))
    steps = run(tuner, environment, budget)
    assert all(step.cost <= budget + 1e-9 for step in steps)
    spent = {str(c): environment.epochs_run(c, epoch) for c, epoch in environment.bought}
    assert sum(spent.values()) <= budget * table.info.epochs + 1e-6


@settings(max_examples=15, deadline=None)
@given(tables(), st.floats(1, 3), st.randoms(use_true_random=False))
def test_what_was_not_bought_changes_no_recommendation(table, budget, random):
    environment = Recorder(table)
    first = run(ProbecastTuner(problem(table, budget)), environment, budget)
    bought = {str(c): epoch for c, epoch in environment.bought}
    curves = {}
    trials = TableEnvironment(table)
    hidden = [trials.advance(c, 99).curve for c in trials.candidates if str(c) not in bought]
    random.shuffle(hidden)
    for candidate in trials.candidates:
        trial = trials.advance(candidate, 99)
        seen = bought.get(str(candidate))
        if seen is None:
            curve = hidden.pop()
        elif trial.diverged and trial.epochs <= seen:
            curve = trial.curve
        else:
            curve = [
                *trial.curve[:seen],
                *(random.random() for _ in range(table.info.epochs - seen)),
            ]
        curves[candidate["learning_rate"]] = list(curve)
    second = run(ProbecastTuner(problem(small_table(curves), budget)), environment, budget)
    assert [step.configuration for step in first] == [step.configuration for step in second]
    assert [step.belief for step in first] == [step.belief for step in second]


def test_it_keeps_to_what_the_sources_have_tried_if_that_is_enough():
    table = synthetic_task(20)
    given_problem = problem(table, budget=2)
    candidates = list(given_problem.candidates)
    for count, expected in ((11, 11), (10, len(candidates))):
        encoder = quick_encoder()
        tried = [config_id(candidate) for candidate in candidates[:count]]
        few = MetaEncoder(encoder.encoding, encoder.networks, {**encoder.card, "tried": tried})
        assert len(shortlist(replace(given_problem, encoder=few))) == expected

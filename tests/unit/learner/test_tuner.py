from copy import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.synthetic import quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.learner.calibration import RAW, Calibration
from probecast.learner.encoder import MetaEncoder
from probecast.learner.pretraining import pretrain
from probecast.learner.tuner import ProbecastTuner
from probecast.regret import expected_excess, regret
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuners import DEFAULT, get_tuner
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Observation, Problem

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


def test_the_expected_excess_by_hand():
    # E max(Z, 0) = 1 / sqrt(2 pi); a sure gain is that gain, a sure loss nothing.
    assert expected_excess(np.zeros(1), np.ones(1)) == pytest.approx(0.39894, abs=1e-5)
    assert expected_excess(np.array([2.0, -2.0]), np.zeros(2)) == pytest.approx([2, 0])


def test_it_never_probes_what_the_recommendation_could_not_be_completed_after():
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    steps = run(ProbecastTuner(problem(table, 1.5)), environment, 1.5)
    assert steps[-1].cost <= 1.5
    assert len({str(configuration) for configuration, _ in environment.bought}) > 1
    assert steps[-1].configuration in [configuration for configuration, _ in environment.bought]


def test_it_continues_what_is_worth_it_and_begins_the_rest_shortly():
    table = synthetic_task(25, epochs=10)
    environment = Recorder(table)
    run(ProbecastTuner(problem(table, 3.0)), environment, 3.0)
    reached = {str(configuration): epoch for configuration, epoch in environment.bought}
    assert min(reached.values()) < 5 <= max(reached.values())
    assert len(environment.bought) > len(reached)


def test_the_continuation_is_what_is_unseen_and_ends_as_the_belief_does():
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    tuner = ProbecastTuner(problem(table, 2.0))
    configuration, _ = tuner.ask()
    tuner.tell([environment.advance(configuration, 3)])
    points = tuner.continuation(configuration)
    assert [point["epoch"] for point in points] == [5, 8, 10]
    assert all(point["low"] <= point["expected"] <= point["high"] for point in points)
    recommended, belief = tuner.recommend()
    assert recommended == configuration
    assert points[-1]["expected"] == pytest.approx(belief.expected_metric, rel=0.02)
    width = belief.high - belief.low
    assert points[-1]["low"] == pytest.approx(belief.low, abs=0.15 * width)
    assert points[-1]["high"] == pytest.approx(belief.high, abs=0.15 * width)
    tuner.tell([environment.advance(configuration, 10)])
    assert tuner.continuation(configuration) == []


def told(table: TrialTable, epochs: int, encoder: MetaEncoder | None = None) -> ProbecastTuner:
    """A tuner that has seen so much of every candidate."""
    given = {} if encoder is None else {"encoder": encoder}
    tuner = ProbecastTuner(replace(problem(table, 9.0), **given))
    tuner.tell([TableEnvironment(table).advance(c, epochs) for c in tuner.candidates])
    return tuner


@cache
def favouring_the_first() -> MetaEncoder:
    """Learnt from six tasks on all of which .1 was a little better than 1, and 10 was bad."""
    tables = []
    for number in range(6):
        off = np.random.default_rng(number).normal(0, 0.02, 3)
        ends = zip((0.1, 1.0, 10.0), (0.80, 0.78, 0.50), off, strict=True)
        curves = {rate: [0.3 + away, end + away] for rate, end, away in ends}
        tables.append(small_table(curves, task=f"s{number}-cnn", family=f"s{number}"))
    return pretrain(tables)


def test_the_first_choice_is_left_for_a_clear_lead_but_not_for_luck():
    chosen, leads = [], []
    for other in np.arange(0.76, 0.9, 0.005):
        table = small_table({0.1: [0.3, 0.8], 1.0: [0.3, other], 10.0: [0.3, 0.5]})
        tuner = told(table, 2, favouring_the_first())
        assert tuner.candidates[tuner.first] == {"learning_rate": 0.1}
        ends = tuner.posterior.mean[:, -1]
        leads.append(ends[tuner.place[config_id({"learning_rate": 1.0})]] > ends[tuner.first])
        chosen.append(tuner.recommend()[0]["learning_rate"])
    assert chosen == sorted(chosen)  # the first up to some lead, the other one beyond it
    assert (chosen[0], chosen[-1]) == (0.1, 1.0)
    assert leads[chosen.count(0.1) - 1]  # by less than luck


def test_a_first_choice_that_has_diverged_is_left():
    table = small_table({0.1: [0.3, NAN], 1.0: [0.3, 0.4], 10.0: [0.3, 0.2]})
    tuner = told(table, 2, favouring_the_first())
    assert tuner.recommend()[0] == {"learning_rate": 1.0}


@pytest.mark.parametrize("number", [20, 21, 24])
def test_the_order_in_which_probes_are_told_does_not_matter(number):
    table = synthetic_task(number)
    epochs = np.random.default_rng(number).integers(1, 6, 12).tolist()
    candidates = TableEnvironment(table).candidates
    probes = [
        TableEnvironment(table).advance(candidate, epoch)
        for candidate, epoch in zip(candidates[:12], epochs, strict=True)
    ]
    there, back, singly = (ProbecastTuner(problem(table, 9.0)) for _ in range(3))
    there.tell(probes)
    back.tell(probes[::-1])
    for probe in sorted(probes, key=lambda probe: probe.curve[-1]):
        recommended = singly.recommend()[0]  # asking changes nothing
        assert recommended in candidates
        singly.tell([probe])
    configuration, belief = there.recommend()
    for other in (back, singly):
        again, same = other.recommend()
        assert again == configuration
        assert same.alternatives == belief.alternatives
        for name in ("expected_metric", "low", "high", "probability_within_5pct"):
            assert getattr(same, name) == pytest.approx(getattr(belief, name), rel=1e-3)


def test_once_all_is_seen_to_the_end_it_is_certain_what_is_near_the_best():
    """Values that were measured are compared as they are, no more luck in them."""
    encoder = copy(quick_encoder())
    encoder.calibration = RAW
    unsure = []
    for number in range(20, 28):
        table = synthetic_task(number)
        ends = table.with_floor()[5]
        chosen, belief = told(table, 5, encoder).recommend()
        (end,) = (ends[i].item() for i, c in table.configurations().items() if c == chosen)
        said = belief.probability_within_5pct
        assert said == pytest.approx(float(end >= 0.95 * ends.max()), abs=0.01)
        unsure.append(told(table, 1, encoder).recommend()[1].probability_within_5pct)
    assert min(unsure) < 0.9


def test_what_was_seen_to_the_end_has_an_interval_of_its_own():
    """Whoever learnt that finished trials hold what they promise says so of them alone."""
    table = small_table({0.1: [0.3, 0.80], 1.0: [0.3, 0.7], 10.0: [0.3, 0.5]})

    def width(epochs, **factors):
        encoder = copy(favouring_the_first())
        encoder.calibration = Calibration(**factors)
        tuner = told(table, epochs, encoder)
        configuration, belief = tuner.recommend()
        assert tuner.finished(configuration) == (epochs == 2)
        return belief.high - belief.low

    # On the way from the unit to accuracy equal steps are not quite equal.
    narrow, wide = {"finished": 0.5, "unfinished": 1.0}, {"finished": 1.0, "unfinished": 1.0}
    assert width(2, **narrow) == pytest.approx(width(2, **wide) / 2, rel=0.1)
    assert width(1, **narrow) == width(1, **wide)
    assert width(1, unfinished=0.5) == pytest.approx(width(1, **wide) / 2, rel=0.15)


def test_money_for_many_probes_buys_many():
    """As many as are worth it, however many there are."""
    table = small_table({0.001 * 1.1**i: [0.1 + 0.001 * i] * 50 for i in range(80)})
    tuner, environment = ProbecastTuner(problem(table, 3.0)), Recorder(table)
    assert len(tuner.candidates) == 80
    for _ in range(40):  # nothing is told that would make further probes worthless
        configuration, epoch = tuner.ask()
        environment.advance(configuration, epoch)
        tuner.tell([Observation(configuration, (NAN,), diverged=True)])
    assert len({str(configuration) for configuration, _ in environment.bought}) == 40


def test_a_budget_of_one_full_run_buys_nothing_but_the_recommendation():
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    steps = run(ProbecastTuner(problem(table, 1.0)), environment, 1.0)
    assert len({str(configuration) for configuration, _ in environment.bought}) == 1
    assert steps[-1].cost == 1


def test_it_stops_when_no_probe_is_worth_it():
    """One source, one candidate that is best by far, and money for everything."""
    curves = {0.1: [0.1, 0.9], 0.2: [0.1, 0.1]}
    encoder = pretrain([small_table(curves, task=f"s{i}-cnn", family=f"s{i}") for i in range(6)])
    table = small_table(curves)
    environment = Recorder(table)
    steps = run(ProbecastTuner(replace(problem(table, 9.0), encoder=encoder)), environment, 9.0)
    assert steps[-1].configuration == {"learning_rate": 0.1}
    assert steps[-1].cost < 2


def test_it_takes_curves_of_one_epoch():
    table = small_table({10.0**i: [0.2 + 0.1 * i] for i in range(6)})
    steps = run(ProbecastTuner(problem(table, 3.0)), TableEnvironment(table), 3.0)
    assert 1 <= steps[-1].cost <= 3


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
    probes = [TableEnvironment(table).advance(c, 2) for c in TableEnvironment(table).candidates]
    best_last = sorted(probes, key=lambda probe: probe.curve[-1])
    true, permuted = (ProbecastTuner(problem(table, 9.0)) for _ in range(2))
    true.tell(probes)
    permuted.tell(
        [
            replace(probe, curve=other.curve)
            for probe, other in zip(best_last, best_last[::-1], strict=True)
        ]
    )
    assert true.recommend()[0] != permuted.recommend()[0]
    again = ProbecastTuner(problem(table, 9.0))
    again.tell(probes)
    again.tell(probes)  # once more changes nothing
    assert again.recommend() == true.recommend()


def test_the_belief_is_in_natural_units_and_surer_after_probes():
    table = synthetic_task(22)
    tuner = ProbecastTuner(problem(table))
    before = tuner.recommend()[1]
    steps = run(tuner, TableEnvironment(table), 2.0)
    chosen, belief = tuner.recommend()
    assert 0 <= belief.low < belief.expected_metric < belief.high <= 1
    assert belief.high - belief.low < before.high - before.low
    assert 0 <= belief.probability_within_5pct <= 1
    assert len(belief.alternatives) == 5
    assert steps[-1].configuration == chosen == tuner.choice()
    assert chosen not in belief.alternatives


def test_intervals_of_an_error_metric_are_not_upside_down():
    errors = small_table(
        {0.001: [2.0, 1.5], 0.01: [2.0, 0.5], 0.1: [2.0, 1.0]},
        metric="mse",
        higher_is_better=False,
        floor=2.0,
    )
    tuner = ProbecastTuner(problem(errors, 1.5))
    run(tuner, TableEnvironment(errors), 1.5)
    belief = tuner.recommend()[1]
    assert 0 <= belief.low < belief.expected_metric < belief.high


def test_a_diverged_probe_is_not_recommended_and_its_like_are_thought_less_of():
    table = synthetic_task(23)
    tuner = ProbecastTuner(problem(table))
    configuration, _ = tuner.ask()
    place = tuner.candidates.index(configuration)
    before = tuner.posterior.mean[:, -1]
    tuner.tell([Observation(configuration, (NAN,), diverged=True)])
    after = tuner.posterior.mean[:, -1]
    assert after[place] < before[place] - 0.2
    assert after.mean() < before.mean()
    assert tuner.recommend()[0] != configuration


def test_when_every_probe_diverges_an_untried_configuration_is_still_affordable():
    hopeless = small_table({0.001 * 2**i: [NAN] for i in range(6)} | {9.0: [0.1] * 5})
    environment = Recorder(hopeless)
    steps = run(ProbecastTuner(problem(hopeless, 2.0)), environment, 2.0)
    diverged = [c for c, _ in environment.bought if c != {"learning_rate": 9}]
    assert len(diverged) >= 4
    assert steps[-1].configuration not in diverged
    assert steps[-1].cost <= 2


def test_a_curve_that_is_told_in_parts_is_refused():
    table = synthetic_task(20, epochs=10)
    environment, tuner = TableEnvironment(table), ProbecastTuner(problem(table, 3.0))
    seen = {}
    while True:
        configuration, epoch = tuner.ask()
        curve = environment.advance(configuration, epoch).curve
        if str(configuration) in seen:
            break
        seen[str(configuration)] = epoch
        tuner.tell([Observation(configuration, curve)])
    with pytest.raises(ProbecastError, match="tell its whole curve, from the first epoch"):
        tuner.tell([Observation(configuration, curve[seen[str(configuration)] :])])
    tuner.tell([Observation(configuration, curve)])


def test_a_trial_of_no_candidate_does_no_harm():
    tuner, stranger = ProbecastTuner(problem(synthetic_task(20))), {"learning_rate": 7.0}
    before = tuner.recommend()
    tuner.tell([Observation(stranger, (0.9,))])
    assert tuner.recommend() == before
    assert tuner.continuation(stranger) == []


def test_no_encoder_is_refused():
    table = small_table({0.1: [0.2], 1.0: [0.3]})
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
@given(tables(), st.floats(1, 4), st.sampled_from(sorted(DEFAULT)))
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
    one = ProbecastTuner(problem(table, budget))
    first = run(one, environment, budget)
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
    other = ProbecastTuner(problem(small_table(curves), budget))
    second = run(other, environment, budget)
    assert [step.configuration for step in first] == [step.configuration for step in second]
    assert one.recommend() == other.recommend()


@pytest.mark.parametrize("budget", [1.0, 1.3, 2.0, 4.0])
@pytest.mark.parametrize("number", [20, 21])
def test_where_trials_are_not_resumable_its_accounts_are_the_drivers(number, budget):
    table = synthetic_task(number, epochs=10)
    tuner = ProbecastTuner(problem(table, budget, resumable=False))
    environment = Recorder(table)
    steps = run(tuner, environment, budget, resumable=False)
    assert tuner.spent == pytest.approx(10 * steps[-1].spent)
    assert all(step.cost <= budget + 1e-9 for step in steps)
    assert tuner.recommend()[0] == steps[-1].configuration  # which is never too dear
    if steps[-1].cost == steps[-1].spent:  # finished
        assert (steps[-1].configuration, 10) in environment.bought
    else:  # not running: its training anew is still paid for
        assert steps[-1].cost == pytest.approx(steps[-1].spent + 1)


def test_a_stopped_trial_is_not_continued_cheaply():
    table = synthetic_task(20, epochs=10)
    tuner = ProbecastTuner(problem(table, 5.0, resumable=False))
    first, second = tuner.candidates[:2]
    for configuration, epoch in [(first, 3), (second, 1), (first, 5)]:
        place = tuner.place[config_id(configuration)]
        tuner.last_asked, tuner.asked[place] = place, epoch
        tuner.tell([TableEnvironment(table).advance(configuration, epoch)])
    assert tuner.spent == 3 + 1 + 5
    assert tuner._remaining[:3].tolist() == [5, 10, 10]


def test_trials_of_the_past_are_seen_and_counted_once_but_not_running():
    table = synthetic_task(20, epochs=10)
    tuner = ProbecastTuner(problem(table, 5.0, resumable=False))
    lengths = zip(tuner.candidates[:3], (3, 10, 2), strict=True)
    past = [TableEnvironment(table).advance(*trial) for trial in lengths]
    tuner.tell(past)
    tuner.tell(past)
    assert tuner.spent == 15
    assert tuner._remaining[:3].tolist() == [10, 0, 10]


def test_a_recommendation_that_would_be_gone_is_finished():
    """With money for no other, the one that runs is trained to the end, at once."""
    table = synthetic_task(20, epochs=10)
    environment = Recorder(table)
    steps = run(ProbecastTuner(problem(table, 1.0, resumable=False)), environment, 1.0, False)
    assert steps[-1].spent == steps[-1].cost == 1
    assert environment.bought[-1] == (steps[-1].configuration, 10)


@pytest.mark.parametrize("number", [22, 23, 25])
def test_only_what_can_still_be_finished_is_probed(number):
    table, budget = synthetic_task(number, epochs=20), 2.5
    environment = Recorder(table)
    run(ProbecastTuner(problem(table, budget, resumable=False)), environment, budget, False)
    spent, running, done = 0, None, 0
    for configuration, epoch in environment.bought:
        if configuration != running:
            running, done = configuration, 0
        spent, done = spent + epoch - done, epoch
        assert spent + 20 - epoch <= 50


@settings(max_examples=20, deadline=None)
@given(tables(), st.floats(1, 4))
def test_it_keeps_the_recommendation_affordable_also_where_trials_are_not_resumable(table, budget):
    """The driver neither ends its run nor keeps an older recommendation."""
    tuner = ProbecastTuner(problem(table, budget, resumable=False))
    steps = run(tuner, TableEnvironment(table), budget, resumable=False)
    assert all(step.cost <= budget + 1e-9 for step in steps)
    assert tuner.spent == pytest.approx(table.info.epochs * steps[-1].spent)
    last = tuner.place[config_id(steps[-1].configuration)]
    if not tuner.diverged[last]:  # at its very end nothing else may be affordable
        assert tuner.recommend()[0] == steps[-1].configuration
    assert tuner.ask() is None

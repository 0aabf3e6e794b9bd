"""The examples of docs/library.md run, and lead to something."""

import math
import re
from pathlib import Path

import numpy as np
import optuna
import pytest

from kit.past_studies import objective, past_study
from kit.synthetic import quick_encoder
from probecast.errors import ProbecastError
from probecast.library import Observation, open_tuner
from probecast.space import config_id

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
SPACE = {"learning_rate": {"low": 1e-4, "high": 0.1, "scale": "log"}}


def with_batch_size(trial):
    trial.suggest_categorical("batch_size", [32, 64, 128])
    return objective(trial)


def test_the_pages_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    past_study(f"sqlite:///{tmp_path}/runs.db", trials=5, objective=with_batch_size)
    study = optuna.create_study(direction="maximize")
    loop, train, history, queue = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = {"study": study}
    for block in (train, loop):
        exec(block, names)
    assert names["belief"].expected_metric > 0.85
    assert names["train"](names["configuration"], 8)[-1] > 0.85
    assert sum(1 for line in loop.splitlines() if line.strip()) <= 15
    # The same with less to learn from: all shipped tables take a quarter of a minute.
    exec(history.replace("shipped.tables()", "shipped.tables()[:1]"), names)
    encoder = names["tuner"].problem.encoder
    assert "past/mine" in encoder.tasks
    past = next(table for table in names["tables"] if table.info.task == "past/mine")
    assert sorted(past.hyperparameters) == sorted(names["space"])
    exec(queue, names)
    study.optimize(lambda trial: trial.suggest_float("lr", 1e-5, 1, log=True), n_trials=1)
    assert study.trials[0].params["lr"] == names["configuration"]["learning_rate"]


def test_probes_stay_within_the_cost_and_a_diverged_one_is_not_recommended():
    tuner = open_tuner(SPACE, metric="accuracy", floor=0.5, epochs=10, cost=1.5)
    trained = {}
    while (asked := tuner.ask()) is not None:
        configuration, epochs = asked
        broken = configuration["learning_rate"] > 0.01
        curve = [0.6 + 0.03 * epoch for epoch in range(epochs)]
        trained[configuration["learning_rate"]] = epochs
        curve = [*curve[:-1], math.nan] if broken else curve
        tuner.tell([Observation(configuration, tuple(curve), diverged=broken)])
    configuration, belief = tuner.recommend()
    assert configuration["learning_rate"] <= 0.01
    assert len(trained) > 1
    assert sum(trained.values()) + 10 - trained[configuration["learning_rate"]] <= 15
    assert belief.low <= belief.expected_metric <= belief.high <= 1


def test_where_trainings_cannot_be_continued_all_begin_anew_within_the_cost():
    tuner = open_tuner(
        SPACE, metric="accuracy", floor=0.5, epochs=10, resumable=False, encoder=quick_encoder()
    )
    spent, running, reached, finished = 0, None, 0, []
    while (asked := tuner.ask()) is not None:
        configuration, epochs = asked
        if configuration != running:
            running, reached = configuration, 0
        spent, reached = spent + epochs - reached, epochs
        if epochs == 10:
            finished.append(configuration)
        quality = 0.02 / (1 + abs(math.log10(configuration["learning_rate"]) + 2))
        curve = tuple(0.6 + quality * epoch for epoch in range(epochs))
        tuner.tell([Observation(configuration, curve)])
    configuration, _ = tuner.recommend()
    assert spent + (0 if configuration in finished else 10) <= 20


def test_what_one_would_train_with_otherwise_is_always_a_candidate():
    given = {"metric": "accuracy", "floor": 0.5, "epochs": 4, "encoder": quick_encoder()}
    usual = {"learning_rate": 0.0123456}
    tuner = open_tuner(SPACE, **given, candidates=20, default=usual)
    assert usual in tuner.candidates
    assert len(tuner.candidates) == 20
    assert usual not in open_tuner(SPACE, **given, candidates=20).candidates
    with pytest.raises(ProbecastError, match="learning_rate=5.* outside the space"):
        open_tuner(SPACE, **given, default={"learning_rate": 5.0})


def quality(configuration, epochs):
    """A curve to about .9, at a learning rate of .01."""
    best = 0.9 - 0.12 * abs(math.log10(configuration["learning_rate"]) + 2)
    return [best * (1 - math.exp(-(epoch + 1) / 2)) for epoch in range(epochs)]


def own_tuner(**changes):
    given = {"metric": "accuracy", "floor": 0.1, "epochs": 4, "encoder": quick_encoder()}
    given |= {"candidates": 200, **changes}
    return open_tuner(given.pop("space", MIXED), **given)


def asked_for(tuner, spelt=dict, curve=quality, most=40):
    """What a tuner asks for until it is done, each told as it is spelt."""
    asked = []
    while (question := tuner.ask()) is not None:
        assert len(asked) < most, "it asks for ever"
        asked.append(question)
        tuner.tell([Observation(spelt(question[0]), curve(*question))])
    return asked


MIXED = {
    **SPACE,
    "batch_size": {"choices": [32, 64, 128], "scale": "log"},
    "dropout": {"low": 0.0, "high": 0.5},
    "layers": {"low": 2, "high": 9, "type": "integer"},
    "optimizer": {"choices": ["SGD", "Adam"]},
    "nesterov": {"choices": [True, False]},
}
NUMBERS = ("learning_rate", "batch_size", "dropout", "layers")


def numbers(change):
    return lambda asked: {n: change(v) if n in NUMBERS else v for n, v in asked.items()}


SPELT = {
    "as it is": dict,
    "float": numbers(float),
    "float32": numbers(np.float32),
    "float16": numbers(np.float16),
    "float64": numbers(np.float64),
    "an array without dimensions": numbers(np.array),
    "text": lambda asked: {name: str(value) for name, value in asked.items()},
    "three digits": numbers(lambda value: float(f"{value:.3g}")),
    "a text of four digits": numbers(lambda value: f"{value:.4g}"),
    "numpy truth": lambda asked: {**asked, "nesterov": np.bool_(asked["nesterov"])},
    "another order": lambda asked: dict(reversed(asked.items())),
}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_what_is_told_may_be_rounded_and_of_any_type(spelt):
    assert asked_for(own_tuner(), spelt) == asked_for(own_tuner())


STRANGE = {
    "another key": lambda asked: {**asked, "workers": 2},
    "a key less": lambda asked: {n: v for n, v in asked.items() if n != "layers"},
    "another number": lambda asked: {**asked, "learning_rate": 2 * asked["learning_rate"]},
    "two digits": lambda asked: {**asked, "learning_rate": 1.07 * asked["learning_rate"]},
    "another integer": lambda asked: {**asked, "layers": asked["layers"] + 0.2},
    "another name": lambda asked: {**asked, "optimizer": "adamw"},
    "another case": lambda asked: {**asked, "optimizer": asked["optimizer"].lower()},
    "no number": lambda asked: {**asked, "learning_rate": math.nan},
    "infinity": lambda asked: {**asked, "dropout": math.inf},
    "nothing": lambda asked: {**asked, "learning_rate": None},
    "a list": lambda asked: {**asked, "batch_size": [32]},
    "no configuration": lambda asked: list(asked.items()),
}


@pytest.mark.parametrize("spelt", STRANGE.values(), ids=STRANGE)
def test_another_configuration_is_refused_with_the_one_that_was_asked_for(spelt):
    tuner = own_tuner()
    asked, epochs = tuner.ask()
    with pytest.raises(ProbecastError, match=r"no configuration that was asked for; asked for is"):
        tuner.tell([Observation(spelt(asked), quality(asked, epochs))])
    assert tuner.ask() == (asked, epochs)  # nothing of it was learnt


def test_a_run_goes_on_from_all_that_was_told_before():
    one, observations = own_tuner(), []
    for _ in range(4):
        asked, epochs = one.ask()
        observations.append(Observation(asked, quality(asked, epochs)))
        one.tell(observations[-1:])
    other = own_tuner()
    other.tell(observations)
    assert other.ask() == one.ask()
    with pytest.raises(ProbecastError, match="no configuration that was asked for"):
        one.tell(observations)  # nothing new, so that the same would be asked for ever


def test_what_a_tuner_hands_out_is_not_its_own():
    tuner = own_tuner()
    asked, epochs = tuner.ask()
    tuner.tell([Observation(asked, quality(asked, epochs))])
    asked.clear()
    chosen, belief = tuner.recommend()
    for handed in (chosen, *belief.alternatives):
        handed.clear()
    assert all(set(candidate) == set(MIXED) for candidate in tuner.candidates)


CURVES = {
    "an array": (lambda curve: np.array(curve, dtype=np.float32), None),
    "per cent": (lambda curve: [100 * value for value in curve], "better than the perfect 1"),
    "below zero": (lambda curve: [-value for value in curve], r"accuracy -0\.\d+ is below 0"),
    "a number": (lambda curve: curve[-1], "tell a list"),
    "a text": (lambda curve: "0.5", "tell a list"),
    "texts": (lambda curve: [str(value) for value in curve], "of epoch 1, which is no number"),
    "nothing": (lambda curve: [None] * len(curve), "of epoch 1, which is no number"),
    "too long": (lambda curve: [0.5] * 9, "told 9 epochs, but a full training has 4"),
    "empty": (lambda curve: [], "asked for 1 epochs, told 0"),
    "a table": (lambda curve: np.ones((2, 2)), "which is no number"),
}


@pytest.mark.parametrize(("change", "message"), CURVES.values(), ids=CURVES)
def test_what_is_told_of_a_training_is_numbers_that_the_metric_can_have(change, message):
    tuner = own_tuner()
    asked, epochs = tuner.ask()
    observation = Observation(asked, change(quality(asked, epochs)))
    if message is None:
        tuner.tell(observation)  # one alone is as good as a list of one
        return
    with pytest.raises(ProbecastError, match=message):
        tuner.tell([observation])
    assert tuner.ask() == (asked, epochs)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_diverged(value):
    tuner = own_tuner()
    (broken, epochs), _ = tuner.ask(), None
    tuner.tell([Observation(broken, [*quality(broken, epochs)[:-1], value])])
    with pytest.raises(ProbecastError, match="but that it diverged before"):
        tuner.tell([Observation(broken, quality(broken, 4))])
    asked_for(tuner)
    assert tuner.recommend()[0] != broken


def test_a_training_that_breaks_down_at_once_has_diverged():
    tuner = own_tuner()
    asked, _ = tuner.ask()
    tuner.tell([Observation(asked, [], diverged=True)])
    assert tuner.ask()[0] != asked


def in_unit(factor, offset):
    return lambda *question: [offset + factor * value for value in quality(*question)]


UNITS = {"loss": (-30.0, 30.0), "tiny": (1e-9, 0.0), "huge and negative": (1e6, -1e6)}


@pytest.mark.parametrize("floor", [math.nan, 0.1], ids=["no floor", "floor"])
@pytest.mark.parametrize(("factor", "offset"), UNITS.values(), ids=UNITS)
def test_the_unit_of_a_metric_that_no_source_has_does_not_matter(factor, offset, floor):
    share = own_tuner(space=SPACE, metric="f1", higher_is_better=True, floor=floor)
    other = own_tuner(
        space=SPACE, metric="own", higher_is_better=factor > 0, floor=offset + factor * floor
    )
    assert math.isnan(other.recommend()[1].expected_metric)  # in which unit, nobody knows
    assert asked_for(other, curve=in_unit(factor, offset)) == asked_for(share)
    assert other.recommend()[0] == share.recommend()[0]
    expected = offset + factor * share.recommend()[1].expected_metric
    assert other.recommend()[1].expected_metric == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("settings", [{"metric": "f1", "higher_is_better": True}, {}])
def test_without_a_unit_the_shipped_encoder_does_about_as_well(settings):
    known = open_tuner(MIXED, metric="accuracy", floor=0.1, epochs=8)
    alone = open_tuner(MIXED, **{"metric": "accuracy", "epochs": 8, **settings})
    asked_for(known), asked_for(alone)
    chosen, belief = alone.recommend()
    assert quality(chosen, 8)[-1] > quality(known.recommend()[0], 8)[-1] - 0.03
    assert belief.low <= quality(chosen, 8)[-1] <= belief.high < belief.low + 0.7
    assert settings or belief.high <= 1  # nothing says that 1 is the best f1


def test_if_all_has_diverged_nothing_is_said_of_an_unknown_unit():
    tuner = own_tuner(space=SPACE, metric="f1", higher_is_better=True)
    asked_for(tuner, curve=lambda configuration, epochs: [math.nan] * epochs)
    assert math.isnan(tuner.recommend()[1].low)


BAD = {
    "no direction": ({"metric": "f1"}, r"metric 'f1': say whether higher_is_better"),
    "infinite floor": ({"floor": math.inf}, r"floor: found inf; give the metric of a trivial"),
    "floor in words": ({"floor": "a tenth"}, r"floor: found 'a tenth'; give the metric"),
    "empty space": ({"space": {}}, r"space: .*no hyperparameters"),
    "bad range": ({"space": {"x": {"low": 1, "high": 0}}}, r"space: .*must lie below"),
    "other direction": ({"metric": "mse", "higher_is_better": True}, r"a name of its own"),
    "in per cent": ({"floor": 50.0}, r"floor: accuracy 50 is better than the perfect 1; give it"),
    "below zero": ({"floor": -0.5}, r"floor: accuracy -0\.5 is below 0"),
    "nothing as a space": ({"space": None}, r"space: found None; give hyperparameters by name"),
    "a name of its own": ({"space": {"Rate": {"choices": [1]}}}, r"a name is small letters, dig"),
    "no number of epochs": ({"epochs": math.nan}, r"epochs: found nan; give a whole number"),
    "endless epochs": ({"epochs": math.inf}, r"epochs: found inf; give a whole number"),
    "endless cost": ({"cost": math.inf}, r"cost: found inf; give a finite number"),
    "no candidates": ({"candidates": 0}, r"candidates: found 0; give a whole number"),
    "another encoder": ({"encoder": "shipped"}, r"encoder: found 'shipped'; give a MetaEncoder"),
    "a default that is none": ({"default": 0.1}, r"default: found 0\.1; give a configuration"),
    "no epochs": ({"epochs": 0}, r"epochs: found 0; give a whole number"),
    "half an epoch": ({"epochs": 2.5}, r"epochs: found 2\.5; give a whole number"),
    "cost": ({"cost": 0.5}, r"budget 0\.5 does not pay for one full training"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_bad_problems_are_explained(changes, message):
    given = {"space": SPACE, "metric": "accuracy", "epochs": 4, "floor": 0.5, **changes}
    with pytest.raises(ProbecastError, match=re.compile(message, re.DOTALL)) as refusal:
        open_tuner(**given)
    assert "[a-z]" not in str(refusal.value)  # a pattern explains nothing to most


def test_numpys_numbers_are_as_good_as_pythons():
    space = {
        "learning_rate": {"low": np.float32(1e-4), "high": np.float64(0.1), "scale": "log"},
        "layers": {"choices": np.array([2, 3])},
        "neurons": {"choices": range(64, 67)},
    }
    given = {
        "epochs": np.int64(4),
        "cost": np.float32(2),
        "seed": np.uint8(1),
        "floor": np.array(0.5),
    }
    tuner = open_tuner(space, metric="accuracy", encoder=quick_encoder(), **given)
    asked_for(tuner)
    assert {type(value) for value in tuner.recommend()[0].values()} == {float, int}


def _curve(configuration, epochs):
    best = 0.9 - 0.1 * abs(math.log10(configuration["learning_rate"]) + 2)
    return [best * (1 - 0.5**epoch) for epoch in range(1, epochs + 1)]


def _opened(**changes):
    settings = {"metric": "accuracy", "floor": 0.1, "epochs": 6, "cost": 4, "candidates": 60}
    return open_tuner(SPACE, encoder=quick_encoder(), **{**settings, **changes})


def _asked(tuner, stop=math.inf, path=None):
    """What is asked for until the end, or until a process is killed."""
    asked = []
    while len(asked) < stop and (wanted := tuner.ask()) is not None:
        asked.append(wanted)
        tuner.tell([Observation(wanted[0], _curve(*wanted))])
        if path:
            tuner.save(path)
    return asked


@pytest.mark.parametrize("resumable", [True, False])
def test_a_loop_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, resumable):
    through, kept = _opened(resumable=resumable), tmp_path / "tuner.json"
    whole = _asked(through)
    again = []
    for restart in range(len(whole) + 1):
        tuner = _opened(resumable=resumable)
        assert tuner.resume(kept) == restart
        again += _asked(tuner, stop=1, path=kept)
    assert again == whole
    assert tuner.spent == through.spent
    assert tuner.recommend() == through.recommend()


def test_a_diverged_training_is_kept_as_diverged_and_more_may_be_spent_later(tmp_path):
    tuner, kept = _opened(cost=1.5), tmp_path / "tuner.json"
    bad, epochs = tuner.ask()
    tuner.tell([Observation(bad, [0.2] * (epochs - 1) + [math.nan])])
    tuner.save(kept)
    later = _opened(cost=3)
    assert later.resume(kept) == 1
    assert later.told[config_id(bad)].diverged
    assert later.ask()[0] != bad


def test_what_was_kept_with_another_opening_or_is_damaged_is_refused(tmp_path):
    tuner, kept = _opened(), tmp_path / "tuner.json"
    _asked(tuner, path=kept)
    with pytest.raises(ProbecastError, match="epochs: kept with 6, but .* 7; open it as before"):
        _opened(epochs=7).resume(kept)
    own = {"metric": "f1", "higher_is_better": True}
    _asked(_opened(**own), stop=1, path=tmp_path / "f1.json")
    with pytest.raises(ProbecastError, match="higher_is_better: kept with True, but .* False"):
        _opened(**own | {"higher_is_better": False}).resume(tmp_path / "f1.json")
    with pytest.raises(ProbecastError, match="before anything is told"):
        tuner.resume(kept)
    kept.write_text(kept.read_text().replace("told", "tell"))
    with pytest.raises(ProbecastError, match=r"tuner\.json"):
        _opened().resume(kept)

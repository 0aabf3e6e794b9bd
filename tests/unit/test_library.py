"""The examples of docs/library.md run, and lead to something."""

import math
import re
from pathlib import Path

import optuna
import pytest

from kit.past_studies import objective, past_study
from kit.synthetic import quick_encoder
from probecast.errors import ProbecastError
from probecast.library import Observation, open_tuner

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


BAD = {
    "no direction": ({"metric": "f1"}, r"metric 'f1': say whether higher_is_better"),
    "not comparable": ({"metric": "f1", "higher_is_better": True}, r"no source has a metric that"),
    "no floor": ({"floor": math.nan}, r"a floor and a perfect value make all comparable"),
    "empty space": ({"space": {}}, r"space: .*no hyperparameters"),
    "bad range": ({"space": {"x": {"low": 1, "high": 0}}}, r"space: .*must lie below"),
    "other direction": ({"metric": "mse", "higher_is_better": True}, r"a name of its own"),
    "in per cent": ({"floor": 50.0}, r"no source has a metric that can be compared"),
    "no epochs": ({"epochs": 0}, r"epochs: found 0; give a whole number"),
    "half an epoch": ({"epochs": 2.5}, r"epochs: found 2\.5; give a whole number"),
    "cost": ({"cost": 0.5}, r"budget 0\.5 does not pay for one full training"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_bad_problems_are_explained(changes, message):
    given = {"space": SPACE, "metric": "accuracy", "epochs": 4, "floor": 0.5, **changes}
    with pytest.raises(ProbecastError, match=re.compile(message, re.DOTALL)):
        open_tuner(**given)

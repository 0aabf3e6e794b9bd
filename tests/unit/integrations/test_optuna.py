import json
import pickle
import re
from functools import partial
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from kit.synthetic import quick_encoder, synthetic_task
from probecast.errors import ProbecastError
from probecast.integrations import optuna as integration
from probecast.integrations.optuna import ProbecastPruner, ProbecastSampler, learnt_from

PAGE = Path(__file__).parents[3] / "docs" / "optuna.md"
EPOCHS = 5
SPACE = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "layers": IntDistribution(1, 3),
    "optimizer": CategoricalDistribution(["SGD", "Adam"]),
}


def sampler(**changes) -> ProbecastSampler:
    settings = {"floor": 0.1, "rename": {"learning_rate": "lr"}, "encoder": quick_encoder()}
    return ProbecastSampler("accuracy", **{**settings, "candidates": 100, **changes})


def study_with(direction="maximize", pruner=None, storage=None, name=None, **changes):
    return optuna.create_study(
        direction=direction,
        sampler=sampler(**changes),
        pruner=pruner or ProbecastPruner(),
        storage=storage,
        study_name=name,
        load_if_exists=True,
    )


def quality(rate: float, optimizer: str) -> float:
    """As in the tasks that the encoder has learnt from."""
    best = -2.5 if optimizer == "Adam" else -1.2
    return 0.1 + 0.7 * float(np.exp(-0.5 * (np.log10(rate) - best) ** 2))


def objective(trial: optuna.Trial, epochs: int = EPOCHS, step=lambda epoch: epoch) -> float:
    rate = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    trial.suggest_int("layers", 1, 3)
    optimizer = trial.suggest_categorical("optimizer", ["SGD", "Adam"])
    for epoch in range(1, epochs + 1):
        value = quality(rate, optimizer) * (1 - 0.5 * 2.0**-epoch)
        trial.report(value, step(epoch))
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def states(study) -> list[str]:
    return [trial.state.name for trial in study.get_trials(deepcopy=False)]


def test_it_finds_what_is_good_and_stops_what_is_not():
    study = study_with(space=SPACE, reports=EPOCHS)
    study.optimize(objective, n_trials=12)
    assert study.best_value > 0.75
    assert {"COMPLETE", "PRUNED"} == set(states(study))
    first = study.trials[0].params
    assert quality(first["lr"], first["optimizer"]) > 0.6  # told by other tasks alone


def test_what_shows_nothing_is_stopped_though_no_other_trial_can_be_completed_in_the_budget():
    study = study_with(space=SPACE, reports=EPOCHS)

    def only_the_first_is_good(trial: optuna.Trial) -> float:
        trial.suggest_float("lr", 1e-4, 1.0, log=True)
        trial.suggest_int("layers", 1, 3)
        trial.suggest_categorical("optimizer", ["SGD", "Adam"])
        good = trial.params == trial.study.trials[0].params
        for epoch in range(1, EPOCHS + 1):
            value = 0.6 + 0.02 * epoch if good else 0.1
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study.optimize(only_the_first_is_good, n_trials=15)
    complete = [t.params for t in study.trials if len(t.intermediate_values) == EPOCHS]
    assert complete == [study.trials[0].params]


def test_a_space_that_only_the_objective_knows_is_learnt_from_its_trials():
    study = study_with()
    study.optimize(objective, n_trials=8)
    assert study.trials[0].state == TrialState.COMPLETE  # nobody knew how long a full one is
    assert "PRUNED" in states(study)
    assert study.best_value > 0.7


def test_the_recommendation_is_told_by_one_call_and_stands_in_the_study():
    study = study_with(space=SPACE, reports=EPOCHS)
    with pytest.raises(ProbecastError, match="no trial has begun"):
        study.sampler.recommend(study)
    study.optimize(objective, n_trials=6)
    recommended = study.sampler.recommend(study)
    assert set(recommended.params) == set(SPACE)
    assert recommended.belief.low <= recommended.belief.expected_metric <= recommended.belief.high
    written = study.user_attrs["probecast"]
    assert written["params"] == recommended.params
    assert json.dumps(written)


def test_a_study_goes_on_after_a_restart_as_if_it_had_not_stopped(tmp_path):
    storage = f"sqlite:///{tmp_path}/runs.db"
    for _ in range(2):  # each time all is new but the storage
        study_with(space=SPACE, reports=EPOCHS, storage=storage, name="s").optimize(
            objective, n_trials=4
        )
    through = study_with(space=SPACE, reports=EPOCHS, name="s")
    through.optimize(objective, n_trials=8)
    resumed = study_with(storage=storage, name="s")
    assert [t.params for t in resumed.trials] == [t.params for t in through.trials]
    assert states(resumed) == states(through)


def test_a_sampler_can_be_pickled_between_trials():
    study = study_with(space=SPACE, reports=EPOCHS)
    study.optimize(objective, n_trials=2)
    study.sampler = pickle.loads(pickle.dumps(study.sampler))
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 4


def test_trials_at_once_begin_different_configurations():
    study = study_with(space=SPACE, reports=EPOCHS)
    trials = [study.ask() for _ in range(4)]
    begun = [
        (t.suggest_float("lr", 1e-4, 1.0, log=True), t.suggest_int("layers", 1, 3),
         t.suggest_categorical("optimizer", ["SGD", "Adam"]))
        for t in trials
    ]  # fmt: skip
    assert len(set(begun)) == 4


def test_several_jobs_serve_one_study():
    study = study_with(space=SPACE, reports=EPOCHS)
    study.optimize(objective, n_trials=8, n_jobs=2)
    assert len(study.trials) == 8
    assert set(states(study)) <= {"COMPLETE", "PRUNED"}


def test_what_somebody_wants_to_see_tried_is_tried_and_learnt_from():
    study = study_with(space=SPACE, reports=EPOCHS)
    wanted = {"lr": 0.0031, "layers": 2, "optimizer": "Adam"}
    study.enqueue_trial(wanted)
    study.optimize(objective, n_trials=3)
    assert study.trials[0].params == wanted
    assert len(study.trials) == 3


def test_trials_of_another_sampler_are_learnt_from():
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(objective, n_trials=6)
    study.sampler = sampler()
    study.pruner = ProbecastPruner()
    best = study.best_value
    study.optimize(objective, n_trials=6)
    assert study.best_value >= best


@pytest.mark.parametrize("step", [lambda e: e - 1, lambda e: 10 * e, lambda e: e**2])
def test_steps_may_be_called_anything(step):
    study, plain = (study_with(space=SPACE, reports=EPOCHS) for _ in range(2))
    study.optimize(partial(objective, step=step), n_trials=5)
    plain.optimize(objective, n_trials=5)
    assert [t.params for t in study.trials] == [t.params for t in plain.trials]


def test_a_value_that_is_not_finite_ends_a_trial_and_is_not_tried_again():
    study = study_with(space=SPACE, reports=EPOCHS)

    def diverging(trial):
        trial.suggest_float("lr", 1e-4, 1.0, log=True)
        trial.suggest_int("layers", 1, 3)
        trial.suggest_categorical("optimizer", ["SGD", "Adam"])
        trial.report(float("nan"), 1)
        if trial.should_prune():
            raise optuna.TrialPruned
        raise AssertionError("it went on")

    study.optimize(diverging, n_trials=4)
    assert len({tuple(t.params.values()) for t in study.trials}) == 4


def test_failed_trials_do_no_harm():
    study = study_with(space=SPACE, reports=EPOCHS)

    def failing(trial):
        if trial.number % 2:
            trial.suggest_float("lr", 1e-4, 1.0, log=True)
            raise ValueError("out of memory")
        return objective(trial)

    study.optimize(failing, n_trials=16, catch=(ValueError,))
    assert states(study).count("FAIL") == 8
    assert study.best_value > 0.5


def test_branches_of_a_conditional_space_are_served():
    study = study_with()

    def conditional(trial):
        optimizer = trial.suggest_categorical("optimizer", ["SGD", "Adam"])
        rate = trial.suggest_float("lr", 1e-4, 1.0, log=True)
        if optimizer == "SGD":
            trial.suggest_float("momentum", 0.0, 0.9)
        return quality(rate, optimizer)

    study.enqueue_trial({"optimizer": "SGD", "lr": 0.1, "momentum": 0.5})
    study.enqueue_trial({"optimizer": "Adam", "lr": 0.1})
    study.optimize(conditional, n_trials=10)
    assert all(("momentum" in t.params) == (t.params["optimizer"] == "SGD") for t in study.trials)
    assert study.best_value > 0.75


def test_a_loss_is_minimised():
    study = optuna.create_study(
        direction="minimize",
        sampler=ProbecastSampler("loss", encoder=quick_encoder(), space=SPACE),
    )
    study.optimize(lambda trial: 1 - objective_without_reports(trial), n_trials=12)
    assert study.best_value < 0.35


def objective_without_reports(trial) -> float:
    rate = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    trial.suggest_int("layers", 1, 3)
    return quality(rate, trial.suggest_categorical("optimizer", ["SGD", "Adam"]))


def test_all_of_a_small_space_may_be_tried_and_more():
    study = study_with(space={"layers": IntDistribution(1, 3)}, reports=1)
    study.optimize(lambda trial: 0.2 * trial.suggest_int("layers", 1, 3), n_trials=6)
    assert {t.params["layers"] for t in study.trials[:3]} == {1, 2, 3}
    assert study.best_params == {"layers": 3}


def test_what_cannot_be_served_is_refused_at_once():
    several = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler())
    with pytest.raises(ProbecastError, match="2 objectives; ProbecastSampler serves one"):
        several.optimize(lambda trial: (trial.suggest_float("lr", 0, 1), 0), n_trials=1)
    with pytest.raises(ProbecastError, match="is to minimize 'accuracy'"):
        study_with(direction="minimize").optimize(objective, n_trials=1)


def test_a_pruner_without_our_sampler_says_what_it_needs():
    study = optuna.create_study(pruner=ProbecastPruner(), direction="maximize")
    with pytest.raises(ProbecastError, match="the sampler is TPESampler; give sampler=Probecast"):
        study.optimize(objective, n_trials=1)


def test_a_space_that_no_source_knows_is_said_once(caplog):
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study = study_with(space={"zeta": FloatDistribution(0, 1)}, reports=1, rename={})
    study.optimize(lambda trial: trial.suggest_float("zeta", 0, 1), n_trials=5)
    said = [sum(what in m for m in caplog.messages) for what in ("nothing was transf", "A new")]
    assert said[0] == said[1] >= 1
    assert study.best_value > 0.5


def test_other_studies_of_a_storage_are_learnt_from(tmp_path, monkeypatch):
    storage = f"sqlite:///{tmp_path}/runs.db"
    past = optuna.create_study(storage=storage, study_name="past", direction="maximize",
                               sampler=optuna.samplers.RandomSampler(seed=1))  # fmt: skip
    past.optimize(objective, n_trials=12)
    optuna.create_study(storage=storage, study_name="now", direction="maximize")
    monkeypatch.setattr(integration.shipped, "tables", list)
    monkeypatch.setattr("probecast.trials.read_tables", lambda paths: [synthetic_task(1)])
    encoder = learnt_from(
        storage, metric="accuracy", floor=0.1, studies=["past"], rename={"learning_rate": "lr"}
    )
    assert set(encoder.tasks) == {"past/past", "t1-cnn"}
    (source,) = (s for s in encoder.sources if s.info["task"] == "past/past")
    assert len(source.identities) == 12
    names = {h.name for h in encoder.encoding.hyperparameters}
    assert names == {"learning_rate", "layers", "optimizer"}


def test_the_pages_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objective_, search, others, _trainer = re.findall(
        r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL
    )
    names = {}
    exec(objective_, names)
    exec(search, names)
    assert names["study"].best_value > 0.85
    past = optuna.create_study(
        storage="sqlite:///runs.db", study_name="last-year", direction="maximize"
    )
    past.optimize(names["objective"], n_trials=4)
    # Not with all shipped tables, which take half a minute.
    monkeypatch.setattr(integration.shipped, "tables", integration.shipped.tables()[:1].copy)
    exec(others, names)
    assert "past/last-year" in names["encoder"].tasks

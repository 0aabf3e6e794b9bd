import json
from dataclasses import replace

import pytest

from probecast.evaluation.replay import TableEnvironment
from probecast.meta.prediction import recommendation
from probecast.training.settings import TrainingSettings
from probecast.trials import TrialTable
from probecast.tuners.driver import run
from probecast.tuners.probecast import ProbecastTuner
from probecast.tuners.tuner import Problem
from synthetic import quick_encoder, synthetic_task

TABLE = synthetic_task(40, epochs=10)
PROBLEM = Problem(TABLE.info, TableEnvironment(TABLE).candidates, 2.0, encoder=quick_encoder())


@pytest.fixture(scope="module")
def probed():
    """The tuner's last recommendation, and its probes as a trial table."""
    environment = TableEnvironment(TABLE)
    bought = {}

    class Recorder:
        horizon = 10

        def advance(self, configuration, epoch):
            observation = environment.advance(configuration, epoch)
            bought[observation.config_id] = epoch
            return observation

    steps = run(ProbecastTuner(PROBLEM), Recorder(), PROBLEM.budget)
    frame = TABLE.frame[TABLE.frame["epoch"] <= TABLE.frame["config_id"].map(bought).fillna(0)]
    return steps[-1], TrialTable(TABLE.info, TABLE.hyperparameters, frame)


def test_it_is_what_the_tuner_recommended_when_it_probed(probed):
    step, probes = probed
    result = recommendation(PROBLEM, probes)
    assert result["configuration"] == step.configuration
    assert result["expected_metric"] == pytest.approx(step.belief.expected_metric)
    assert result["alternatives"] == list(step.belief.alternatives)


def test_every_key_of_the_contract_and_plain_json(probed):
    result = recommendation(PROBLEM, probed[1])
    assert set(result) == {
        *("configuration", "expected_metric", "interval", "probability_within_5pct"),
        *("alternatives", "probes", "probe_cost", "training_cost", "meta_encoder"),
        *("matched", "unmatched", "training_arguments"),
    }
    assert set(result["interval"]) == {"level", "low", "high"}
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["meta_encoder"]["hash"] == quick_encoder().hash
    assert result["meta_encoder"]["sources_used"] == [f"t{number}-cnn" for number in range(8)]
    assert result["interval"]["low"] <= result["expected_metric"] <= result["interval"]["high"]


def test_a_fine_tuned_network_comes_with_arguments_for_transformers(probed):
    problem = replace(PROBLEM, info=replace(PROBLEM.info, architecture="finetune"))
    training = TrainingSettings(epochs=10, clip_norm=2.0)
    assert recommendation(PROBLEM, probed[1], training)["training_arguments"] is None
    result = recommendation(problem, probed[1], training)
    arguments = result["training_arguments"]
    assert arguments["learning_rate"] == result["configuration"]["learning_rate"]
    assert arguments["num_train_epochs"] == 10
    assert arguments["max_grad_norm"] == 2.0


def test_costs_by_hand(probed):
    result = recommendation(PROBLEM, probed[1])
    # Every epoch takes .5 s and 1e6 FLOPs; what the recommendation has had is not paid again.
    epochs = sum(probe["epochs"] for probe in result["probes"])
    (own,) = [p for p in result["probes"] if p["configuration"] == result["configuration"]]
    assert result["probe_cost"] == pytest.approx(
        {"epochs": epochs, "full_runs": epochs / 10, "seconds": epochs / 2, "flops": epochs * 1e6}
    )
    left = 10 - own["epochs"]
    assert result["training_cost"] == pytest.approx(
        {"epochs": left, "full_runs": left / 10, "seconds": left / 2, "flops": left * 1e6}
    )
    assert epochs + left <= 20


def test_a_diverged_probe_has_no_metric_and_seconds_come_from_all_probes(probed):
    frame = probed[1].frame.groupby("config_id").head(1).head(1).copy()
    frame["val_metric"], frame["status"] = float("nan"), "diverged"
    result = recommendation(PROBLEM, TrialTable(TABLE.info, TABLE.hyperparameters, frame))
    assert [(p["val_metric"], p["diverged"]) for p in result["probes"]] == [(None, True)]
    assert result["training_cost"]["epochs"] == 10
    assert result["training_cost"]["seconds"] == pytest.approx(5.0)


def test_without_probes_the_cost_of_training_is_known_in_epochs_only():
    result = recommendation(PROBLEM, None)
    assert result["probes"] == []
    assert result["probe_cost"]["full_runs"] == 0
    assert result["training_cost"] == {
        "epochs": 10,
        "full_runs": 1.0,
        "seconds": None,
        "flops": None,
    }
    json.dumps(result, allow_nan=False)


def test_hyperparameters_that_the_encoder_does_not_know_are_named(caplog):
    known = recommendation(PROBLEM, None)
    assert (known["matched"], known["unmatched"]) == (
        ["layers", "learning_rate", "optimizer"],
        [],
    )
    foreign = [{"learning_rate": 0.01, "warmup": steps} for steps in range(6)]
    result = recommendation(replace(PROBLEM, candidates=foreign), None)
    assert (result["matched"], result["unmatched"]) == (["learning_rate"], ["warmup"])
    assert not caplog.records
    alien = [{"warmup": steps} for steps in range(6)]
    assert recommendation(replace(PROBLEM, candidates=alien), None)["matched"] == []
    assert "nothing was transferred" in caplog.text

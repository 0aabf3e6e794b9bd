import json
from dataclasses import replace

import pytest

from kit.recommendations import recommended
from kit.synthetic import quick_encoder, synthetic_task
from probecast.errors import ProbecastError
from probecast.files import write_json
from probecast.learner.recommend import recommend
from probecast.learner.recommendation import Cost, in_words, read_recommendation
from probecast.learner.tuner import ProbecastTuner
from probecast.space import Space
from probecast.training.settings import TrainingSettings
from probecast.trials import TrialTable
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Observation, Problem

TABLE = synthetic_task(40, epochs=10)
PROBLEM = Problem(TABLE.info, TableEnvironment(TABLE).candidates, 2.0, encoder=quick_encoder())


@pytest.fixture(scope="module")
def probed():
    """The tuner when it has probed, and its probes as a trial table."""
    environment = TableEnvironment(TABLE)
    bought = {}

    class Recorder:
        horizon = 10

        def advance(self, configuration, epoch):
            observation = environment.advance(configuration, epoch)
            bought[observation.config_id] = epoch
            return observation

    tuner = ProbecastTuner(PROBLEM)
    run(tuner, Recorder(), PROBLEM.budget)
    frame = TABLE.frame[TABLE.frame["epoch"] <= TABLE.frame["config_id"].map(bought).fillna(0)]
    return tuner, TrialTable(TABLE.info, TABLE.hyperparameters, frame)


def test_it_is_what_the_tuner_recommended_when_it_probed(probed):
    tuner, probes = probed
    configuration, belief = tuner.recommend()
    result = recommend(PROBLEM, probes)
    assert result.configuration == configuration
    assert result.expected_metric == pytest.approx(belief.expected_metric)
    assert result.alternatives == list(belief.alternatives)


def test_every_key_of_the_contract_and_back_from_its_file(probed, tmp_path):
    result = recommend(PROBLEM, probed[1])
    result.write(tmp_path / "toy-cnn.json")
    assert read_recommendation(tmp_path / "toy-cnn.json") == result
    written = json.loads((tmp_path / "toy-cnn.json").read_text())
    assert list(written) == [
        *("configuration", "expected_metric", "interval", "probability_within_5pct"),
        *("alternatives", "probes", "probe_cost", "training_cost", "meta_encoder"),
        *("matched", "unmatched", "transfer", "training_arguments"),
    ]
    assert list(written["interval"]) == ["level", "low", "high"]
    assert written == result.model_dump()
    assert result.meta_encoder.hash == quick_encoder().hash
    assert result.meta_encoder.sources_used == [f"t{number}-cnn" for number in range(8)]
    assert result.interval.low <= result.expected_metric <= result.interval.high


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expected_metric": "0.8"}, "expected_metric: Input should be a valid number"),
        ({"probe_cost": {"epochs": 2}}, "probe_cost.full_runs: Field required"),
        ({"configuration": {"layers": [2]}}, "configuration.layers.*"),
    ],
)
def test_another_file_is_one_message(tmp_path, changes, message):
    path = tmp_path / "toy-cnn.json"
    write_json(path, recommended({"layers": 2}).model_dump() | changes)
    said = rf"toy-cnn\.json: is no recommendation \({message}\), which has .*; rerun predict"
    with pytest.raises(ProbecastError, match=said):
        read_recommendation(path)


def test_a_fine_tuned_network_comes_with_arguments_for_transformers(probed):
    problem = replace(PROBLEM, info=replace(PROBLEM.info, architecture="finetune"))
    training = TrainingSettings(epochs=10, clip_norm=2.0)
    assert recommend(PROBLEM, probed[1], training).training_arguments is None
    result = recommend(problem, probed[1], training)
    arguments = result.training_arguments
    assert arguments["learning_rate"] == result.configuration["learning_rate"]
    assert arguments["num_train_epochs"] == 10
    assert arguments["max_grad_norm"] == 2.0


def test_costs_by_hand(probed):
    result = recommend(PROBLEM, probed[1])
    # Every epoch takes .5 s and 1e6 FLOPs; what the recommendation has had is not paid again.
    epochs = sum(probe.epochs for probe in result.probes)
    (own,) = [p for p in result.probes if p.configuration == result.configuration]
    assert result.probe_cost.model_dump() == pytest.approx(
        {"epochs": epochs, "full_runs": epochs / 10, "seconds": epochs / 2, "flops": epochs * 1e6}
    )
    left = 10 - own.epochs
    assert result.training_cost.model_dump() == pytest.approx(
        {"epochs": left, "full_runs": left / 10, "seconds": left / 2, "flops": left * 1e6}
    )
    assert epochs + left <= 20


@pytest.mark.parametrize("epochs", [4, 10])
def test_what_is_not_resumable_and_not_finished_is_trained_anew(epochs):
    first = TABLE.frame["config_id"] == TABLE.frame["config_id"].iloc[0]
    probe = TABLE.frame[first & (TABLE.frame["epoch"] <= epochs)]
    problem = replace(PROBLEM, resumable=False)
    result = recommend(problem, TrialTable(TABLE.info, TABLE.hyperparameters, probe))
    assert result.configuration == result.probes[0].configuration
    left = 0 if epochs == 10 else 10
    assert (result.training_cost.epochs, result.training_cost.full_runs) == (left, left / 10)
    assert result.training_cost.seconds == left / 2


def test_a_diverged_probe_has_no_metric_and_seconds_come_from_all_probes(probed):
    frame = probed[1].frame.groupby("config_id").head(1).head(1).copy()
    frame["val_metric"], frame["status"] = float("nan"), "diverged"
    result = recommend(PROBLEM, TrialTable(TABLE.info, TABLE.hyperparameters, frame))
    assert [(p.val_metric, p.diverged) for p in result.probes] == [(None, True)]
    assert result.probes[0].continuation == []
    assert result.training_cost.epochs == 10
    assert result.training_cost.seconds == pytest.approx(5.0)


def test_without_probes_the_cost_of_training_is_known_in_epochs_only():
    result = recommend(PROBLEM, None)
    assert result.probes == []
    assert result.probe_cost.full_runs == 0
    assert result.training_cost == Cost(epochs=10, full_runs=1.0, seconds=None, flops=None)


def of_space(**space):
    """The recommendation for candidates of a space of one's own, before any probe."""
    candidates = Space.model_validate(space).candidates(40, seed=0)
    return recommend(replace(PROBLEM, candidates=candidates), None)


RATE = {"choices": [0.001, 0.01, 0.1], "scale": "log"}
WARMUP = {"low": 0, "high": 0.5}


def test_the_sources_own_space_is_matched_whole():
    result = of_space(
        learning_rate=RATE, layers={"choices": [2, 3]}, optimizer={"choices": ["SGD", "Adam"]}
    )
    assert (result.matched, result.unmatched) == (
        ["learning_rate", "layers", "optimizer"],
        [],
    )
    assert result.transfer.scales == {
        "learning_rate": "log",
        "layers": "linear",
        "optimizer": "names",
    }
    assert result.transfer.outside == result.transfer.reasons == {}
    assert "other tasks" not in in_words(TABLE.info, result)


def test_hyperparameters_that_no_source_has_are_named(caplog):
    result = of_space(learning_rate=RATE, warmup=WARMUP)
    assert (result.matched, result.unmatched) == (["learning_rate"], ["warmup"])
    assert result.transfer.reasons == {"warmup": "no source has it"}
    said = "matched: learning_rate; not matched: warmup"
    assert result.transfer.summary == said
    assert f"other tasks         {said}" in in_words(TABLE.info, result)
    assert not caplog.records


@pytest.mark.parametrize(
    ("rate", "reason"),
    [
        ({"choices": ["low", "high"]}, "low, high here, but the sources have 0.001 to 0.1 (log)"),
        ({"choices": [True, False]}, "here, but the sources have 0.001 to 0.1 (log)"),
        ({"choices": [-3, -2, -1]}, "-3 to -1 here, but the sources have 0.001 to 0.1 (log)"),
        ({"choices": [10, 30]}, "10 to 30 here, too far from what the sources have tried: 0.001"),
    ],
    ids=["names", "switches", "exponents", "percent"],
)
def test_the_same_name_on_another_scale_is_not_matched_and_why_is_said(rate, reason):
    result = of_space(learning_rate=rate, layers={"choices": [2, 3]})
    assert (result.matched, result.unmatched) == (["layers"], ["learning_rate"])
    assert reason in result.transfer.reasons["learning_rate"]


def test_values_that_the_sources_have_not_tried_are_stated():
    result = of_space(
        learning_rate={"low": 1e-4, "high": 1, "scale": "log"},
        layers={"choices": [2, 3]},
        optimizer={"choices": ["SGD", "Adam", "Lion"]},
    )
    assert result.unmatched == []
    outside = result.transfer.outside
    assert set(outside) == {"learning_rate", "optimizer"}
    assert outside["learning_rate"].endswith("; the sources: 0.001 to 0.1")
    assert outside["optimizer"] == "Lion; the sources: Adam, SGD"
    assert "beyond what the sources have tried: learning_rate, optimizer" in in_words(
        TABLE.info, result
    )


def test_with_nothing_in_common_it_is_said_that_nothing_was_transferred(caplog):
    result = of_space(warmup=WARMUP, widths={"choices": [1, 2, 4]})
    assert (result.matched, result.unmatched) == ([], ["warmup", "widths"])
    said = "nothing was transferred: the sources cannot judge warmup, widths"
    assert result.transfer.summary.startswith(said)
    assert said in caplog.text
    assert said in in_words(TABLE.info, result)


def test_with_nothing_in_common_the_probes_still_find_what_is_good():
    """Accuracy falls with the distance from a width of 20, which no source has heard of."""
    candidates = [{"widths": width} for width in range(40)]

    class Trials:
        horizon = 10

        def advance(self, configuration, epoch):
            final = 0.9 - 0.02 * abs(configuration["widths"] - 20)
            curve = tuple(final * (0.8 + 0.02 * e) for e in range(1, epoch + 1))
            return Observation(configuration, curve)

    problem = replace(PROBLEM, candidates=candidates, budget=3.0)
    step = run(ProbecastTuner(problem), Trials(), problem.budget)[-1]
    random = sum(0.9 - 0.02 * abs(width - 20) for width in range(40)) / 40
    assert 0.9 - 0.02 * abs(step.configuration["widths"] - 20) > random + 0.1

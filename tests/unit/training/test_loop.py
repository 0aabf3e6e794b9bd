"""The promises of the training loop: prefixes, seeds, divergence, cost, and that it learns."""

import math
from dataclasses import asdict, replace
from itertools import islice

import pytest
import torch

from kit.toy_data import SPECS, configuration, configuration_of, spec_of, splits
from probecast.errors import ProbecastError
from probecast.networks import ARCHITECTURES
from probecast.training.loop import EpochRecord, Trial, schedule, train
from probecast.training.process import prepare_process
from probecast.training.settings import TrainingSettings


@pytest.fixture(autouse=True)
def _as_in_a_job():
    threads = torch.get_num_threads()
    prepare_process(threads=1)
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


def start(architecture: str, seed: int = 0, epochs: int = 3, **changes):
    settings = {k: changes.pop(k) for k in ("precision", "device") if k in changes}
    spec = spec_of(architecture)
    return train(
        architecture,
        spec,
        splits(spec),
        configuration_of(architecture, **changes),
        seed,
        TrainingSettings(epochs=epochs, **settings),
    )


def _steps(architecture: str, epochs: int = 3) -> int:
    examples = len(splits(spec_of(architecture))["train"]["targets"])
    return epochs * math.ceil(examples / configuration_of(architecture)["batch_size"])


def scores(records: list[EpochRecord]) -> list[dict]:
    """Everything but the seconds, which no one can repeat."""
    return [{k: v for k, v in asdict(r).items() if k != "seconds"} for r in records]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_probe_among_suspended_trials_is_the_prefix_of_the_full_trial(architecture):
    full = scores(list(start(architecture, dropout=0.3)))
    other = scores(list(start(architecture, seed=1, dropout=0.5, batch_size=8)))

    a = start(architecture, dropout=0.3)
    b = start(architecture, seed=1, dropout=0.5, batch_size=8)
    probe_a, probe_b = [next(a)], [next(b)]
    torch.rand(7)  # whatever else draws from the global generator
    probe_b.append(next(b))
    probe_a.append(next(a))

    assert scores(probe_a) == full[:2]
    assert scores(probe_b) == other[:2]
    assert scores([*probe_a, *a]) == full


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_seeds_differ(architecture):
    first, second = (next(start(architecture, seed=seed)) for seed in (0, 1))
    assert first.train_loss != second.train_loss
    assert first.val_loss != second.val_loss


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("cnn", {}),
        ("rnn", {}),
        ("lstm", {"learning_rate": 0.03}),
        ("transformer", {}),
        ("deepspeech", {"learning_rate": 0.03}),
        ("finetune", {"learning_rate": 0.003}),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_can_be_learnt_is_learnt(architecture, changes, precision):
    *_, last = start(architecture, epochs=20, precision=precision, **changes)
    if spec_of(architecture).metric == "accuracy":
        assert last.test_metric > 0.8  # chance: a third
    else:
        assert last.test_metric < 0.2  # saying always the same: 0.5 and 1


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "adamw"])
def test_every_optimizer_lowers_the_loss(optimizer):
    first, *_, last = start("cnn", epochs=8, optimizer=optimizer)
    assert last.train_loss < first.train_loss


def test_a_configuration_may_leave_out_what_the_architecture_has_a_default_for():
    spec = spec_of("finetune")
    short = {"learning_rate": 0.01, "batch_size": 16}
    trials = [
        train("finetune", spec, splits(spec), configuration, 0, TrainingSettings(epochs=1))
        for configuration in (short, {**short, "optimizer": "AdamW", "dropout": 0.1})
    ]
    first, second = (scores([next(trial)]) for trial in trials)
    assert first == second


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_divergence_is_recorded_and_ends_the_trial(architecture):
    records = list(start(architecture, learning_rate=1e20, epochs=5))
    assert len(records) < 5
    last = records[-1]
    assert last.status == "diverged"
    assert all(
        math.isnan(value)
        for value in (last.train_loss, last.val_loss, last.val_metric, last.test_metric)
    )
    assert all(record.status == "ok" for record in records[:-1])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("architecture", ["cnn", "lstm", "deepspeech"])
def test_numbers_lost_at_any_step_end_the_trial_as_data(monkeypatch, architecture, value):
    healthy = scores(list(start(architecture)))
    steps = _steps(architecture)
    set_learning_rate = Trial._set_learning_rate
    for lost in (0, 1, steps // 2, steps - 1):

        def poisoned(trial, step, horizon, lost=lost):
            set_learning_rate(trial, step, horizon)
            if step == lost:
                with torch.no_grad():
                    list(trial.network.parameters())[-1].fill_(value)

        monkeypatch.setattr(Trial, "_set_learning_rate", poisoned)
        *before, last = start(architecture)
        assert scores(before) == healthy[: len(before)]
        assert (last.status, last.epoch) == ("diverged", len(before) + 1)
        assert math.isnan(last.val_metric) and last.seconds > 0 and last.flops > 0


def test_a_diverged_epoch_costs_only_the_steps_it_took():
    healthy = next(start("cnn"))
    diverged = next(start("cnn", learning_rate=1e20))
    assert 0 < diverged.flops < healthy.flops


def test_the_cost_of_an_epoch_is_positive_and_its_flops_are_those_of_all_examples():
    first, second = islice(start("cnn"), 2)
    assert first.seconds > 0
    assert first.flops == second.flops
    spec = replace(SPECS["images"], rows={"train": 80, "val": 20, "test": 20})
    settings = TrainingSettings(epochs=3)
    larger = next(train("cnn", spec, splits(spec), configuration(), 0, settings))
    assert larger.flops == 2 * first.flops


def test_hyperparameters_of_training_change_the_result():
    base = scores(list(start("cnn")))
    for changes in (
        {"learning_rate": 0.001},
        {"batch_size": 7},
        {"optimizer": "SGD"},
        {"dropout": 0.5},
        {"weight_decay": 0.1},
        {"warmup_share": 0.5},
    ):
        assert scores(list(start("cnn", **changes))) != base, changes


def test_a_longer_horizon_decays_later():
    """Two epochs of three are no two epochs of two: probes must share the study's horizon."""
    short, long = list(start("cnn", epochs=2)), list(islice(start("cnn", epochs=3), 2))
    assert short[-1].train_loss != long[-1].train_loss


def test_the_learning_rate_rises_then_falls_to_nearly_zero():
    factors = [schedule(step, steps=10, warmup_share=0.4) for step in range(10)]
    assert factors == pytest.approx(
        [1 / 5, 2 / 5, 3 / 5, 4 / 5, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    )
    assert schedule(0, steps=10, warmup_share=0.0) == 1.0
    longer = [schedule(step, steps=10, warmup_share=2.0) for step in range(10)]  # than all steps
    assert longer == pytest.approx([(step + 1) / 21 for step in range(10)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nesterov": True}, r"unknown \['nesterov'\]"),
        ({"optimizer": "Adm"}, "optimizer: found 'Adm'; no such optimizer. Did you mean 'Adam'"),
        ({"batch_size": 16.5}, "batch_size: found 16.5; it must be a whole number"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_refused(changes, message):
    with pytest.raises(ProbecastError, match=message):
        next(start("cnn", **changes))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_momentum_is_read_by_every_optimizer_and_is_09_by_default(optimizer):
    usual, same, other = (
        next(start("cnn", epochs=1, optimizer=optimizer, **changes)).train_loss
        for changes in ({}, {"momentum": 0.9}, {"momentum": 0.2})
    )
    assert usual == same != other


def test_a_configuration_without_a_hyperparameter_is_refused():
    incomplete = configuration()
    del incomplete["neurons"]
    spec, settings = SPECS["images"], TrainingSettings(epochs=1)
    with pytest.raises(ProbecastError, match=r"missing \['neurons'\]"):
        next(train("cnn", spec, splits(spec), incomplete, 0, settings))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ProbecastError, match="use cpu or auto"):
        next(start("cnn", device="cuda"))


def test_a_jump_of_the_clock_changes_nothing(monkeypatch):
    """Durations are of clocks that only go forward."""
    calm = list(start("cnn"))
    jumps = iter([0.0, 1e9, -1e9] * 1000)
    monkeypatch.setattr("time.time", lambda: next(jumps))
    jumping = list(start("cnn"))
    assert scores(jumping) == scores(calm)
    assert all(0 < record.seconds < 3600 for record in jumping)

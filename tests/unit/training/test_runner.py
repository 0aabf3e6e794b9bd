import gc

import pytest
import torch

from kit.tiny_encoder import pieces_spec
from kit.toy_data import splits
from probecast.console import Progress
from probecast.data.spec import DataSpec, write_tensors
from probecast.errors import ProbecastError
from probecast.files import write_text
from probecast.torchaudio_stub import ensure_importable
from probecast.training import runner as module
from probecast.training.journal import Journal
from probecast.training.loop import Trial
from probecast.training.runner import TrialRunner, open_runner
from probecast.training.settings import TrainingSettings
from probecast.training.sweep import sweep
from probecast.tuning.real_trials import RealTrials

A = {
    "learning_rate": 0.01,
    "batch_size": 16,
    "layers": 1,
    "neurons": 8,
    "dropout": 0.1,
    "optimizer": "Adam",
}
B = {**A, "learning_rate": 0.001}
DIVERGES = {**A, "learning_rate": 1e38, "optimizer": "SGD"}
SEED = 3


@pytest.fixture
def folder(tmp_path):
    """Two kinds of tiny pictures: dark and bright."""
    rows = {"train": 48, "val": 16, "test": 16}
    DataSpec(
        dataset="toy",
        family="toy",
        modality="image",
        input_kind="image",
        input_shape=(1, 4, 4),
        output_kind="classes",
        output_size=2,
        metric="accuracy",
        rows=rows,
        floor={"val": 0.5, "test": 0.5},
    ).write(tmp_path / "spec.json")
    generator = torch.Generator().manual_seed(0)
    for split, count in rows.items():
        targets = torch.arange(count) % 2
        noise = torch.randn(count, 1, 4, 4, generator=generator)
        tensors = {"inputs": noise + targets[:, None, None, None], "targets": targets}
        write_tensors(tmp_path / f"{split}.safetensors", tensors)
    return tmp_path


@pytest.fixture
def trained(monkeypatch):
    """Every epoch that is really trained, as (learning rate, epoch)."""
    epochs = []
    train = module.train

    def watched(architecture, spec, data, configuration, seed, settings):
        for record in train(architecture, spec, data, configuration, seed, settings):
            epochs.append((configuration["learning_rate"], record.epoch))
            yield record

    monkeypatch.setattr(module, "train", watched)
    return epochs


def make(folder, epochs=3, mark="f"):
    journal = Journal(folder / "journal.jsonl", mark)
    return TrialRunner("toy-cnn", folder, TrainingSettings(epochs=epochs), journal)


def test_interleaved_trials_equal_a_sweep(folder):
    probing = make(folder, mark="probing")
    for epoch in (1, 2, 3):
        for configuration in (A, B):
            probing.advance(configuration, SEED, epoch)
    swept = sweep(make(folder, mark="sweep"), [A, B], [SEED], "toy")
    assert (
        probing.table().frame.drop(columns="seconds").equals(swept.frame.drop(columns="seconds"))
    )


def test_continuing_a_trial_trains_only_the_difference(folder, trained):
    runner = make(folder)
    assert [row["epoch"] for row in runner.advance(A, SEED, 1)] == [1]
    assert [row["epoch"] for row in runner.advance(A, SEED, 3)] == [1, 2, 3]
    assert [row["epoch"] for row in runner.advance(A, SEED, 2)] == [1, 2]
    assert trained == [(0.01, 1), (0.01, 2), (0.01, 3)]


def test_finished_trials_survive_a_kill(folder, trained):
    make(folder).advance(A, SEED, 3)
    trained.clear()
    table = sweep(make(folder), [A, B], [SEED], "toy")
    assert trained == [(0.001, 1), (0.001, 2), (0.001, 3)]
    assert table.frame["config_id"].nunique() == 2


def test_trial_cut_off_midway_ends_as_if_undisturbed(folder):
    undisturbed = make(folder, mark="other").advance(A, SEED, 3)
    make(folder).advance(A, SEED, 1)
    resumed = make(folder).advance(A, SEED, 3)
    for row, expected in zip(resumed, undisturbed, strict=True):
        assert {**row, "seconds": 0} == {**expected, "seconds": 0}


def test_diverged_trial_is_recorded_and_costs_no_more(folder, trained):
    runner = make(folder)
    rows = runner.advance(DIVERGES, SEED, 3)
    assert rows[-1]["status"] == "diverged"
    count = len(trained)
    runner.advance(DIVERGES, SEED, 3)
    assert len(trained) == count
    assert runner.table().frame["val_metric"].isna().sum() == 1


def test_a_finished_trial_lets_its_network_go(folder):
    def networks() -> int:
        gc.collect()
        return sum(type(thing) is Trial for thing in gc.get_objects())

    runner, before = make(folder), networks()
    runner.advance(A, SEED, 2)
    assert networks() == before + 1
    sweep(runner, [A, B, DIVERGES], [SEED], "toy")
    assert networks() == before


def test_a_trial_whose_journal_lost_a_line_is_trained_again(folder):
    undisturbed = make(folder, mark="other").advance(A, SEED, 3)
    runner = make(folder)
    for epoch in (1, 2, 3):
        runner.advance(A, SEED, epoch)
    journal = folder / "journal.jsonl"
    header, first, *others = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([header, "x" + first, *others]))
    for _ in range(2):  # what is trained again is kept, beside what was left of the trial
        rows = make(folder).advance(A, SEED, 3)
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert [row["val_loss"] for row in rows] == [row["val_loss"] for row in undisturbed]


def test_a_resumed_probe_counts_only_what_it_trains(folder, caplog):
    progress = Progress("probe", 6, "epochs", interval=0)
    seen = RealTrials(make(folder), SEED, progress)
    for configuration, epoch in [(A, 1), (B, 1), (A, 2)]:
        seen.advance(configuration, epoch)
    assert progress.done == 3
    progress = Progress("probe", 6, "epochs", interval=0)
    resumed = RealTrials(make(folder), SEED, progress)
    for configuration, epoch in [(A, 1), (B, 1), (A, 2)]:
        assert resumed.advance(configuration, epoch).epochs == epoch
    assert progress.done == 0
    assert resumed.advance(B, 3).epochs == 3
    assert progress.done == 2


def test_a_gpus_trials_are_not_mixed_with_a_processors(monkeypatch):
    on_processor = module.machine("auto")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    assert module.machine("auto").startswith("a GPU, torch")
    assert module.machine("cpu") == on_processor


def test_table_says_what_it_holds(folder):
    runner = make(folder)
    runner.advance(A, SEED, 1)
    table = runner.table()
    assert table.hyperparameters == list(A)
    assert table.info.metric == "accuracy" and table.info.higher_is_better
    assert table.info.floor_test == 0.5
    assert list(table.configurations().values()) == [A]


def open_with(folder, epochs=3, code="code"):
    data = [folder / "train.safetensors", folder / "spec.json"]
    settings = TrainingSettings(epochs=epochs)
    return open_runner("toy-cnn", data, settings, folder / "journal.jsonl", [code])


def test_journal_is_taken_up_by_the_same_job(folder, trained):
    open_with(folder).advance(A, SEED, 2)
    trained.clear()
    open_with(folder).advance(A, SEED, 2)
    assert trained == []


@pytest.mark.parametrize("change", ["epochs", "code", "data"])
def test_journal_of_another_job_is_not(folder, trained, change):
    open_with(folder).advance(A, SEED, 2)
    trained.clear()
    if change == "data":
        spec = folder / "spec.json"
        write_text(spec, spec.read_text() + " ")
        open_with(folder).advance(A, SEED, 2)
    else:
        open_with(folder, **{change: {"epochs": 4, "code": "other"}[change]}).advance(A, SEED, 2)
    assert len(trained) == 2


@pytest.mark.parametrize(
    ("precision", "unit", "warned"),
    [("bfloat16", "AVX2", True), ("bfloat16", "AVX512", False), ("float32", "AVX2", False)],
)
def test_a_number_format_that_the_processor_lacks_is_told(
    folder, monkeypatch, caplog, precision, unit, warned
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: unit)
    training = TrainingSettings(epochs=1, precision=precision)
    runner = open_runner("toy-cnn", [folder / "spec.json"], training, folder / "journal.jsonl")
    assert ("precision: float32" in caplog.text) == warned
    assert unit in runner.info.machine


def test_a_journal_of_more_trials_gives_no_more_than_those_asked_for(folder):
    """The study's list of trials may have become shorter, or a probe's budget smaller."""
    sweep(make(folder), [A, B], [SEED], "toy")
    assert list(sweep(make(folder), [B], [SEED], "toy").configurations().values()) == [B]
    shorter = make(folder)
    shorter.advance(A, SEED, 2)
    assert list(shorter.table().frame["epoch"]) == [1, 2]


def test_what_does_not_fit_an_encoder_is_told_before_anything_is_trained(tmp_path, trained):
    ensure_importable()
    pytest.importorskip("peft")
    spec = pieces_spec()
    spec.write(tmp_path / "spec.json")
    for name, tensors in splits(spec).items():
        write_tensors(tmp_path / f"{name}.safetensors", tensors)
    runner = TrialRunner(
        "pieces-lora", tmp_path, TrainingSettings(epochs=1), Journal(tmp_path / "j", "f")
    )
    fits, wide = ({"learning_rate": 0.01, "batch_size": 16, "lora_rank": r} for r in (2, 99))
    with pytest.raises(ProbecastError, match=r"^space\.lora_rank: found 99, "):
        sweep(runner, [fits, wide], [SEED], title="toy")
    assert not trained

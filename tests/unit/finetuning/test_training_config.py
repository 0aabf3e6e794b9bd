import importlib.util

import pytest
import torch

from kit.tiny_encoder import WORDS, tiny_encoder
from probecast.errors import ProbecastError
from probecast.finetuning.training_config import training_config
from probecast.torchaudio_stub import ensure_importable
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import lora_of, training_arguments

ensure_importable()  # before transformers and peft

CONFIGURATION = {
    "learning_rate": 3e-4,
    "batch_size": 16,
    "warmup_share": 0.1,
    "weight_decay": 0.01,
}
TRAINING = TrainingSettings(epochs=3, precision="bfloat16", clip_norm=2.0)


def imported(text, folder):
    path = folder / "training_config.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("written_training_config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_trainer_takes_what_the_file_holds(tmp_path):
    pytest.importorskip("accelerate")
    from transformers import TrainingArguments

    text = training_config("toy-finetune", *training_arguments(CONFIGURATION, TRAINING))
    written = imported(text, tmp_path)
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "model"), use_cpu=True, **written.training_arguments
    )
    assert arguments.learning_rate == 3e-4
    assert arguments.per_device_train_batch_size == 16
    assert arguments.get_warmup_steps(200) == 20
    assert arguments.weight_decay == 0.01
    assert arguments.num_train_epochs == 3
    assert arguments.max_grad_norm == 2.0
    assert arguments.bf16
    assert written.task == "toy-finetune"


def test_what_the_trainer_has_no_argument_for_is_named(tmp_path):
    arguments, other = training_arguments({**CONFIGURATION, "dropout": 0.3}, TRAINING)
    assert other == {"dropout": 0.3}
    assert arguments["optim"] == "adamw_torch"
    arguments, other = training_arguments({**CONFIGURATION, "optimizer": "SGD"}, TRAINING)
    assert other == {"optimizer": "SGD", "dropout": 0.1}
    assert "optim" not in arguments
    arguments, other = training_arguments({**CONFIGURATION, "warmup_share": 1.5}, TRAINING)
    assert other == {"warmup_share": 1.5, "dropout": 0.1}
    assert "warmup_steps" not in arguments


@pytest.mark.parametrize(
    "text",
    ['"""\nraise SystemExit\n"""', "'; raise SystemExit #", "a\\", "{raise}", "\u2028", "😀"],
)
def test_no_text_is_read_as_code(text, tmp_path):
    written = imported(training_config(text, {text: text}, {"other": text}), tmp_path)
    assert written.task == text
    assert written.training_arguments == {text: text}
    assert written.other_settings == {"other": text}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_has_no_literal_is_refused(value):
    with pytest.raises(ProbecastError, match=r"^training_config\.py: .* plain finite numbers"):
        training_config("toy-finetune", {"learning_rate": value}, {})


def classifier():
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    return AutoModelForSequenceClassification.from_pretrained(tiny_encoder(), num_labels=2)


def texts(count):
    ids = torch.randint(3, len(WORDS), (count, 6), generator=torch.Generator().manual_seed(0))
    return [{"input_ids": row, "labels": int(row[0]) % 2} for row in ids]


def trained(model, arguments, folder):
    """What the Trainer makes of a model in 20 steps: its log, one entry per step."""
    from transformers import Trainer, TrainingArguments

    quiet = {"report_to": "none", "logging_steps": 1, "disable_tqdm": True, "save_strategy": "no"}
    settings = TrainingArguments(output_dir=str(folder), use_cpu=True, **quiet, **arguments)
    trainer = Trainer(model=model, args=settings, train_dataset=texts(107))
    trainer.train()
    return [entry for entry in trainer.state.log_history if "learning_rate" in entry]


def test_the_trainer_trains_with_what_the_file_holds(tmp_path):
    pytest.importorskip("accelerate")
    training = TRAINING.model_copy(update={"precision": "float32"})
    text = training_config("toy-finetune", *training_arguments(CONFIGURATION, training))
    written = imported(text, tmp_path)
    log = trained(classifier(), written.training_arguments, tmp_path)
    rates = [entry["learning_rate"] for entry in log]
    assert len(log) == 3 * 7  # epochs of 107 texts in batches of 16
    assert rates.index(max(rates)) == 3  # a tenth of all steps, rounded up, warms up
    assert max(rates) == pytest.approx(3e-4, rel=1e-6)
    assert rates[-1] < rates[-2] < rates[3]  # then it falls
    assert all(entry["loss"] < 5 for entry in log)


def test_peft_takes_the_adapters_that_the_file_holds(tmp_path):
    peft = pytest.importorskip("peft")
    pytest.importorskip("accelerate")
    adapted = {**CONFIGURATION, "lora_rank": 4}
    training = TRAINING.model_copy(update={"precision": "float32", "epochs": 1})
    text = training_config("toy-lora", *training_arguments(adapted, training), lora_of(adapted))
    written = imported(text, tmp_path)
    assert "lora_rank" not in written.other_settings
    model = peft.get_peft_model(classifier(), written.lora_config)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    trained(model, written.training_arguments, tmp_path)
    moved = {name for name, weight in model.named_parameters() if not weight.equal(before[name])}
    assert {"lora_A", "lora_B"} <= {part for name in moved for part in name.split(".")}
    assert all("lora_" in name or "classifier" in name for name in moved)
    assert any("classifier" in name for name in moved)
    assert written.lora_config.lora_alpha == 2 * written.lora_config.r == 8


def test_without_a_rank_there_are_no_adapters(tmp_path):
    assert lora_of(CONFIGURATION) is None
    assert lora_of({**CONFIGURATION, "lora_rank": 0}) is None
    whole = {**CONFIGURATION, "lora_rank": 0}
    text = training_config("toy-lora", *training_arguments(whole, TRAINING), lora_of(whole))
    assert "peft" not in text

import importlib.util

import pytest

from probecast.errors import ProbecastError
from probecast.finetuning.training_config import training_config
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import training_arguments

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

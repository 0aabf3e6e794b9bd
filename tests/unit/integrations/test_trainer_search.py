"""``Trainer.hyperparameter_search`` with our sampler and pruner, on a tiny model."""

import numpy as np
import optuna
import torch

from kit.synthetic import quick_encoder
from probecast.integrations.optuna import ProbecastPruner, ProbecastSampler
from probecast.torchaudio_stub import ensure_importable

EPOCHS = 3


def rows(count: int, seed: int) -> list[dict]:
    """A text of class 1 holds the word 5."""
    generator = np.random.default_rng(seed)
    texts = generator.integers(6, 20, (count, 8))
    labels = generator.integers(0, 2, count)
    texts[labels == 1, 0] = 5
    return [
        {"input_ids": torch.tensor(text), "labels": int(label)}
        for text, label in zip(texts, labels, strict=True)
    ]


def test_a_trainer_searches_with_our_sampler_and_pruner(tmp_path):
    ensure_importable()
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    config = BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16,
    )  # fmt: skip
    trainer = Trainer(
        model_init=lambda: BertForSequenceClassification(config),
        args=TrainingArguments(
            output_dir=str(tmp_path), num_train_epochs=EPOCHS, eval_strategy="epoch",
            save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, logging_steps=1000,
        ),
        train_dataset=rows(32, 0),
        eval_dataset=rows(32, 1),
        compute_metrics=lambda found: {
            "accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())
        },
    )  # fmt: skip
    sampler = ProbecastSampler(
        "accuracy",
        floor=0.5,
        reports=EPOCHS,
        rename={"batch_size": "per_device_train_batch_size"},
        encoder=quick_encoder(),
    )
    storage = f"sqlite:///{tmp_path}/runs.db"
    best = trainer.hyperparameter_search(
        hp_space=lambda trial: {
            "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True),
            "per_device_train_batch_size": trial.suggest_categorical(
                "per_device_train_batch_size", [8, 16]
            ),
        },
        backend="optuna",
        direction="maximize",
        n_trials=6,
        sampler=sampler,
        pruner=ProbecastPruner(),
        storage=storage,
        study_name="mine",
    )
    study = optuna.load_study(study_name="mine", storage=storage)
    assert len(study.trials) == 6
    assert "PRUNED" in {trial.state.name for trial in study.trials}
    assert set(best.hyperparameters) == {"learning_rate", "per_device_train_batch_size"}
    assert set(study.user_attrs["probecast"]["params"]) == set(best.hyperparameters)

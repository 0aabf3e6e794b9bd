"""One ``transformers.Trainer`` per trial, with its usual settings, for text classification.

Its defaults are our linear schedule and, without weight decay, our Adam, fused.
Batches are padded to their longest text, as ``DataCollatorWithPadding`` does.
Nothing is saved, and nothing logged but each epoch's evaluation.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.jobs import Job, Laps, Outcome, warm_up, work
from probecast.data.spec import DataSpec, read_tensors
from probecast.networks import get_architecture
from probecast.space import Configuration
from probecast.torchaudio_stub import ensure_importable

ensure_importable()
from transformers import EvalPrediction, Trainer, TrainingArguments  # noqa: E402

EVALUATION_BATCH = 256
Examples = list[dict[str, Tensor]]


class Classifier(nn.Module):
    """Our network, called and answering as ``Trainer`` expects."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the mean loss and the class scores (B, output_size) of token ids (B, T)."""
        logits = self.network(input_ids)
        return {"loss": F.cross_entropy(logits.float(), labels), "logits": logits}


def collate(examples: Examples) -> dict[str, Tensor]:
    input_ids = torch.stack([example["input_ids"] for example in examples])
    longest = int((input_ids != 0).sum(1).max())
    labels = torch.stack([example["labels"] for example in examples])
    return {"input_ids": input_ids[:, :longest], "labels": labels}


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    hits = np.argmax(prediction.predictions, axis=1) == prediction.label_ids
    return {"accuracy": float(hits.mean())}


def read_examples(path: Path) -> Examples:
    tensors = read_tensors(path)
    pairs = zip(tensors["inputs"], tensors["targets"], strict=True)
    return [{"input_ids": inputs, "labels": target} for inputs, target in pairs]


def run(job: Job) -> list[Outcome]:
    """Train the job's configurations one after the other."""
    spec = job.read_spec()
    data = {
        split: read_examples(Path(job.data, f"{split}.safetensors"))
        for split in ("train", "val", "test")
    }
    warm_up(job)
    lap = Laps()
    return [
        Outcome(configuration, *train(configuration, job, spec, data), lap())
        for configuration in job.configurations
    ]


def train(
    configuration: Configuration, job: Job, spec: DataSpec, data: dict[str, Examples]
) -> tuple[float, float]:
    """Train one configuration; return its last validation and test accuracy."""
    settings = job.settings
    arguments = TrainingArguments(
        output_dir=str(Path(job.folder, "trainer")),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=configuration["batch_size"],
        per_device_eval_batch_size=EVALUATION_BATCH,
        learning_rate=configuration["learning_rate"],
        max_grad_norm=settings.clip_norm,
        bf16=settings.precision == "bfloat16",
        eval_strategy="epoch",
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=job.seed,
    )
    torch.manual_seed(job.seed)
    network = get_architecture(job.architecture).build(configuration, spec)
    momentum = (torch.optim.SGD, {"lr": configuration["learning_rate"], "momentum": 0.9})
    trainer = Trainer(
        model=Classifier(network),
        args=arguments,
        data_collator=collate,
        train_dataset=data["train"],
        eval_dataset={"val": data["val"], "test": data["test"]},
        compute_metrics=accuracy,
        optimizer_cls_and_kwargs=momentum if configuration["optimizer"] == "SGD" else None,
    )
    trainer.train()
    last: dict[str, float] = {}
    for entry in trainer.state.log_history:
        last.update(entry)
    return last["eval_val_accuracy"], last["eval_test_accuracy"]


if __name__ == "__main__":
    work(run)

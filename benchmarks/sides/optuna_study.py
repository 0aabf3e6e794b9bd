"""An Optuna study over an ordinary PyTorch loop: DataLoader, torch.optim, plain evaluation.

Both are written as their documentation writes them, with the networks, learning-rate schedule
and gradient clipping that our trials have. The workers share the study by its journal file,
which Optuna recommends for several processes on one machine.
"""

from pathlib import Path

import optuna
import torch
import torch.nn.functional as F
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.jobs import Job, Laps, Outcome, warm_up, work
from probecast.data.spec import SPLITS, DataSpec, read_tensors
from probecast.networks import get_architecture
from probecast.space import Configuration

NAME = "benchmark"
EVALUATION_BATCH = 256


def storage(job: Job) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(Path(job.folder, "optuna.journal"))))


def create(job: Job) -> None:
    """Make the study, in a folder that all workers share, and queue its trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name=NAME, storage=storage(job), direction="maximize")
    for configuration in job.configurations:
        study.enqueue_trial(configuration)


def run(job: Job) -> list[Outcome]:
    """Run as many of the queued trials as the job has configurations, whichever they are."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spec = job.read_spec()
    datasets = {}
    for split in SPLITS:
        tensors = read_tensors(Path(job.data, f"{split}.safetensors"))
        datasets[split] = TensorDataset(tensors["inputs"], tensors["targets"])
    study = optuna.load_study(study_name=NAME, storage=storage(job))
    outcomes = []

    def objective(trial: optuna.Trial) -> float:
        configuration = {
            name: trial.suggest_categorical(name, choices) for name, choices in job.levels.items()
        }
        return train(trial, configuration, job, spec, datasets)

    def note(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        test_metric = trial.user_attrs["test_metric"]
        outcomes.append(Outcome(trial.params, trial.value, test_metric, lap()))

    warm_up(job)
    lap = Laps()
    study.optimize(objective, n_trials=len(job.configurations), callbacks=[note])
    return outcomes


def train(
    trial: optuna.Trial,
    configuration: Configuration,
    job: Job,
    spec: DataSpec,
    datasets: dict[str, TensorDataset],
) -> float:
    """Train one configuration, report every epoch, and return the last validation accuracy."""
    settings = job.settings
    torch.manual_seed(job.seed)
    train_loader = DataLoader(
        datasets["train"], batch_size=configuration["batch_size"], shuffle=True
    )
    val_loader = DataLoader(datasets["val"], batch_size=EVALUATION_BATCH)
    test_loader = DataLoader(datasets["test"], batch_size=EVALUATION_BATCH)

    network = get_architecture(job.architecture).build(configuration, spec)
    rate = configuration["learning_rate"]
    if configuration["optimizer"] == "Adam":
        optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9)
    steps = settings.epochs * len(train_loader)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)

    low = settings.precision == "bfloat16"
    for epoch in range(settings.epochs):
        network.train()
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=low):
                outputs = network(inputs)
            loss = F.cross_entropy(outputs.float(), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
            optimizer.step()
            scheduler.step()
        _, val_metric = evaluate(network, val_loader, low)
        _, test_metric = evaluate(network, test_loader, low)
        trial.report(val_metric, epoch)
    trial.set_user_attr("test_metric", test_metric)
    return val_metric


@torch.no_grad()
def evaluate(network: nn.Module, loader: DataLoader, low: bool) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    network.eval()
    loss = hits = 0.0
    for inputs, targets in loader:
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            outputs = network(inputs)
        loss += F.cross_entropy(outputs.float(), targets).item() * len(targets)
        hits += (outputs.argmax(1) == targets).sum().item()
    return loss / len(loader.dataset), hits / len(loader.dataset)


if __name__ == "__main__":
    work(run)

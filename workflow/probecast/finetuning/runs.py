"""Models fine-tuned with given settings, then evaluated on the test splits of several datasets."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from probecast.console import Progress
from probecast.data.spec import DataSpec, read_split
from probecast.errors import ProbecastError
from probecast.study.finetuning import Recipe, Row
from probecast.training.cost import flops_per_example
from probecast.training.journal import Journal
from probecast.training.loop import EVALUATION_BATCH, LOSS_LIMIT, Split, Trial, complete
from probecast.training.settings import TrainingSettings
from probecast.trials import architecture_of


def with_other(spec: DataSpec, other: DataSpec, test: Split) -> tuple[DataSpec, Split]:
    """Let a network for one dataset take the texts of another.

    Of the encoder's word pieces a dataset's network keeps those that occur in it, numbered by
    frequency. The joint vocabulary is that of ``spec`` and then what only ``other`` has, so that
    the ids of the first dataset stay, and training with them.

    Args:
        spec: what is trained on.
        other: the other dataset.
        test: its test split.

    Returns:
        The description with the joint vocabulary, and the split in its ids.

    Raises:
        ProbecastError: they are not prepared for the same encoder, or differ in classes.
    """
    for what in ("pretrained", "output_size"):
        ours, theirs = getattr(spec, what), getattr(other, what)
        if ours != theirs:
            raise ProbecastError(
                f"datasets {spec.dataset!r} and {other.dataset!r}: {what} is {ours!r} and "
                f"{theirs!r}; a model of one can be evaluated on the other only if they agree. "
                "Mend `datasets` or `finetuning.tasks` in the study file."
            )
    known = set(spec.vocabulary)
    joint = [*spec.vocabulary, *(piece for piece in other.vocabulary if piece not in known)]
    place = {piece: i for i, piece in enumerate(joint)}
    ids = torch.tensor([place[piece] for piece in other.vocabulary])
    joined = replace(spec, vocabulary=joint, vocabulary_size=len(joint))
    return joined, {**test, "inputs": ids[test["inputs"]]}


def fine_tune(
    task: str,
    folders: Sequence[Path],
    trained_with: Recipe,
    seeds: Iterable[int],
    training: TrainingSettings,
    journal: Journal,
    title: str,
) -> pd.DataFrame:
    """Train one model per seed and evaluate each on all datasets; return the rows of ``run``.

    Args:
        task: ``<dataset>-<architecture>``.
        folders: the preprocessed data of the task, then of what else is evaluated on.
        trained_with: configuration and epochs.
        seeds: of the models.
        training: how trials of the study are trained.
        journal: holds what an earlier, killed run has finished.
        title: says on the terminal what this is.

    Raises:
        ProbecastError: as ``with_other``; or a file is missing or damaged.
    """
    spec = DataSpec.read(folders[0] / "spec.json")
    train, test = (read_split(folders[0] / f"{n}.safetensors", spec) for n in ("train", "test"))
    joint, tests = spec, {spec.dataset: test}
    for folder in folders[1:]:
        other = DataSpec.read(folder / "spec.json")
        foreign = read_split(folder / "test.safetensors", other)
        joint, tests[other.dataset] = with_other(joint, other, foreign)
    seeds = list(seeds)
    done = {row["seed"] for row in journal.rows}.intersection(seeds)
    progress = Progress(title, len(seeds), "models")
    progress.resume(len(done))
    for seed in seeds:
        if seed not in done:
            journal.append(list(run(task, joint, train, tests, trained_with, seed, training)))
            progress.step()
    # The journal may hold more, of another list of seeds.
    rows = [row for seed in seeds for row in journal.rows if row["seed"] == seed]
    return pd.DataFrame(rows).assign(**trained_with.configuration)


def run(
    task: str,
    spec: DataSpec,
    train: Split,
    tests: dict[str, Split],
    trained_with: Recipe,
    seed: int,
    training: TrainingSettings,
) -> Iterator[Row]:
    """Train one model; yield a row for each dataset that it is evaluated on.

    A row holds ``seed``, ``dataset``, ``examples`` (of its test split), what
    ``transformers.Trainer.evaluate`` reports (``eval_loss``, ``eval_accuracy``, ``eval_runtime``,
    ``eval_samples_per_second``, ``eval_steps_per_second``; a step is ``EVALUATION_BATCH``
    examples, seconds are core time, as in trial tables), and of the training ``epochs``,
    ``seconds`` and ``flops``. If it diverged, what is evaluated is NaN.

    Args:
        task: ``<dataset>-<architecture>``.
        spec: with the joint vocabulary.
        train: the training split.
        tests: the test splits by dataset.
        trained_with: configuration and epochs.
        seed: of the output layer, order and dropout.
        training: how trials are trained; the epochs are those of ``trained_with``.
    """
    architecture = architecture_of(task)
    configuration = complete(architecture, trained_with.configuration)
    settings = training.model_copy(update={"epochs": trained_with.epochs})
    trial = Trial(architecture, spec, {"train": train, **tests}, configuration, seed, settings)
    start, seen, loss = trial.core_time(), 0, 0.0
    for epoch in range(1, trained_with.epochs + 1):
        loss, examples = trial.train_epoch(epoch)
        seen += examples
        if not loss < LOSS_LIMIT:  # or NaN
            break
    cost = {
        "epochs": epoch,
        "seconds": trial.core_time() - start,
        "flops": seen * flops_per_example(architecture, configuration, spec),
    }
    for dataset, split in tests.items():
        examples, evaluated, seconds = len(split["targets"]), (math.nan, math.nan), math.nan
        if loss < LOSS_LIMIT:
            start = trial.core_time()
            evaluated = trial.evaluate(dataset)
            seconds = trial.core_time() - start
            if not evaluated[0] < LOSS_LIMIT:  # its last step was one too many
                evaluated = math.nan, math.nan
        yield {
            "seed": seed,
            "dataset": dataset,
            "examples": examples,
            "eval_loss": evaluated[0],
            "eval_accuracy": evaluated[1],
            "eval_runtime": seconds,
            "eval_samples_per_second": examples / seconds,
            "eval_steps_per_second": math.ceil(examples / EVALUATION_BATCH) / seconds,
            **cost,
        }

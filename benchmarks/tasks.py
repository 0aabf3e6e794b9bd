"""What is trained in the benchmarks: the default study's data and search space."""

from pathlib import Path

import yaml

from probecast.data.download import download
from probecast.data.preprocess import preprocess
from probecast.space import Configuration
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.trials import dataset_of

ROOT = Path(__file__).parents[1]
SEED = 0  # of the sample of configurations; trials have seeds of their own
TASKS = {
    "cnn": "digits-cnn",
    "rnn": "docs_topic-rnn",
    "lstm": "load-lstm",
    "transformer": "docs_topic-transformer",
    "deepspeech": "spoken-deepspeech",
}
"""An architecture, and the task of the default study that it is timed on."""


def default_study() -> Study:
    """Return the study of ``config.yaml``."""
    path = ROOT / "config.yaml"
    return load_study(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, ROOT)


def make_data(study: Study, task: str, folder: Path) -> Path:
    """Make a task's data, unless they are there; return their folder.

    The sources are embedded: nothing is fetched from a network.
    """
    dataset = dataset_of(task)
    out = folder / dataset
    if not out.exists():
        download(study.download_settings(dataset), out / "raw", out / "lock.json")
        preprocess(out / "raw", out, study.preprocess_settings(dataset))
    return out


def sample(study: Study, task: str, trials: int) -> list[Configuration]:
    """Return a stratified sample of the task's space: every level about equally often."""
    return study.space_of(task).stratified(trials, SEED)

"""The study file that is written: every number with what it trades."""

import textwrap
from typing import Any

import yaml

from probecast.data.modalities import KINDS
from probecast.networks import fitting
from probecast.new.sizes import Sizes

USUAL = {"text": "rnn", "image": "cnn", "series": "lstm", "speech": "deepspeech"}
"""The architecture to begin with."""

OF_ONE = {
    "text": "    sequence_length: {}  # words that are read of a text; more see its end\n",
    "image": "    resolution: {}  # pixels; twice as many show more, and take 4 times as long\n",
    "series": "    sequence_length: {}  # steps seen before the 24 forecast; more see further\n",
    "speech": "",
}
"""The key that says how large an example is."""

EXAMPLES = {"text": "texts", "image": "images", "series": "windows", "speech": "recordings"}

STUDY = """\
# What to train a network with on {data}, found by a few short trainings:
#   {command}
# A surer answer: more train_rows, val_rows and epochs, all of which take longer in proportion.
# Every key is described in docs/study-file.md, all kinds of data in docs/datasets.md.

name: {name}
seed: 0  # of every draw: splits, weights, order

# <dataset>-<architecture>.{others}
tasks: [{name}-{architecture}]

datasets:
  {name}:
    own:
{own}
    train_rows: {train_rows}  # {examples} to train on
    val_rows: {val_rows}  # to choose by; {val_error}
    test_rows: {test_rows}  # only for the whole study, which proves the recommendation
{of_one}
# What may be chosen: the usual grid, which the meta-encoder knows all about.
space:
  learning_rate: {{choices: [0.001, 0.01, 0.1], scale: log}}
  batch_size: {{choices: [32, 64, 128], scale: log}}
  layers: {{choices: [2, 3, 4]}}
  neurons: {{choices: [64, 128, 256], scale: log}}
  dropout: {{choices: [0.1, 0.3, 0.5]}}
  optimizer: {{choices: [SGD, Adam]}}

# What you would take without a recommendation; it is always among the candidates.
default_configuration:
  learning_rate: 0.001
  batch_size: 64
  layers: 3
  neurons: 128
  dropout: 0.1
  optimizer: Adam

training:
  epochs: {epochs}  # of a full training; what learns slowly needs more, to show what it is worth

probe:
  cost: 2  # full trainings that all may cost, probes and recommendation; more are surer

# Only for the whole study (without results/... on the command line): its reference.
sweep:
  configurations: 24
  trials_per_job: 12
"""


def study_file(name: str, own: dict[str, Any], sizes: Sizes, data: str, command: str) -> str:
    """Return the text of a study file.

    Args:
        name: of the study and its dataset.
        own: what the data are.
        sizes: how much of them is taken.
        data: what a comment calls them.
        command: that runs it.
    """
    modality = own["modality"]
    others = [a for a in fitting(*KINDS[modality], pretrained=False) if a != USUAL[modality]]
    text = yaml.safe_dump(
        own, sort_keys=False, default_flow_style=None, allow_unicode=True, width=10**6
    )
    return STUDY.format(
        name=name,
        own=textwrap.indent(text.rstrip(), " " * 6),
        architecture=USUAL[modality],
        others=f" Such data are also for {', '.join(others)}." if others else "",
        examples=EXAMPLES[modality],
        of_one=OF_ONE[modality].format(sizes.of_one),
        val_rows=sizes.val_rows or "null",
        val_error=_val_error(modality, sizes.val_rows),
        train_rows=sizes.train_rows,
        test_rows=sizes.test_rows,
        epochs=sizes.epochs,
        data=data,
        command=command,
    )


def _val_error(modality: str, rows: int | None) -> str:
    """Say how far a number of validation rows tells configurations apart."""
    if rows and modality in ("text", "image"):  # two standard errors of a difference, at most
        return f"accuracies closer than {(2 / rows) ** 0.5:.2f} are hard to tell apart"
    return "more tell closer configurations apart"

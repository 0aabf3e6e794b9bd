r"""A recommendation in other tools' terms: YAML, ``transformers.TrainingArguments``, Optuna.

From the shell, with the file that ``predict`` writes::

    python -m probecast.export results/predictions/digits-cnn.json yaml
    python -m probecast.export results/predictions/docs_kind-finetune.json training-arguments
    python -m probecast.export results/predictions/digits-cnn.json optuna \
        --storage sqlite:///runs.db --study mine --rename learning_rate=lr
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from probecast.errors import ProbecastError, suggest
from probecast.files import read_json
from probecast.foreign.optuna_storage import open_storage
from probecast.space import Configuration

if TYPE_CHECKING:
    import optuna

TOP = 5


def configurations(prediction: Mapping[str, Any], count: int = TOP) -> list[Configuration]:
    """Return the recommendation and the next best alternatives, best first."""
    return [prediction["configuration"], *prediction["alternatives"]][:count]


def enqueue(
    study: "optuna.Study",
    configurations: Sequence[Configuration],
    rename: Mapping[str, str] | None = None,
) -> None:
    """Let an Optuna study try configurations next, in their order; what it has tried is skipped.

    Args:
        study: the study; its trials, if it has any, tell which parameters it knows.
        configurations: the hyperparameters by their names here.
        rename: names here -> names in the study, where they differ.

    Raises:
        ProbecastError: a parameter is none of the study's; Optuna would say nothing of it.
    """
    rename = rename or {}
    renamed = [{rename.get(n, n): v for n, v in c.items()} for c in configurations]
    names = {name for configuration in renamed for name in configuration}
    unknown = sorted(set(rename) - {name for c in configurations for name in c})
    if unknown:
        raise ProbecastError(
            f"rename: the recommendation has no {unknown[0]!r}. "
            f"{suggest(unknown[0], sorted(configurations[0]))}"
        )
    known = {name for trial in study.get_trials(deepcopy=False) for name in trial.params}
    if known and (foreign := sorted(names - known)):
        raise ProbecastError(
            f"study {study.study_name!r}: no trial has a parameter {foreign[0]!r}; say what it is "
            f"called there (--rename {foreign[0]}=<name>). {suggest(foreign[0], sorted(known))}"
        )
    for configuration in renamed:
        study.enqueue_trial(configuration, skip_if_exists=True)


def main(words: Sequence[str]) -> str:
    """Do what the command line says; return what is to be printed."""
    parser = argparse.ArgumentParser(prog="python -m probecast.export", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("prediction", help="results/predictions/<task>.json")
    forms = parser.add_subparsers(dest="form", required=True)
    forms.add_parser("yaml", help="print the recommendation as YAML")
    forms.add_parser("training-arguments", help="print arguments for transformers, as JSON")
    queue = forms.add_parser("optuna", help="let a study try the best five configurations next")
    queue.add_argument("--storage", required=True, help="a URL, an SQLite file or a journal")
    queue.add_argument("--study", required=True, help="its name")
    queue.add_argument("--rename", nargs="*", default=[], metavar="OURS=THEIRS")
    arguments = parser.parse_args(words)
    prediction = read_json(arguments.prediction)
    if arguments.form == "yaml":
        return yaml.safe_dump(prediction, sort_keys=False, allow_unicode=True)
    if arguments.form == "training-arguments":
        if not prediction["training_arguments"]:
            raise ProbecastError(
                f"{arguments.prediction}: has no training_arguments, since the network is no "
                "model of transformers; ask for the form 'yaml'"
            )
        return json.dumps(prediction["training_arguments"], indent=2) + "\n"
    rename = dict(word.partition("=")[::2] for word in arguments.rename)
    best = configurations(prediction)
    enqueue(_study(arguments.storage, arguments.study), best, rename)
    return f"{arguments.study}: will try the {len(best)} best configurations next\n"


def _study(path: str, name: str) -> "optuna.Study":
    import optuna

    storage = open_storage(path)
    names = [study.study_name for study in storage.get_all_studies()]
    if name not in names:
        raise ProbecastError(f"{path}: no study {name!r}; create it first. {suggest(name, names)}")
    return optuna.load_study(study_name=name, storage=storage)


if __name__ == "__main__":
    logging.getLogger("optuna").setLevel(logging.WARNING)
    try:
        sys.stdout.write(main(sys.argv[1:]))
    except ProbecastError as problem:
        sys.exit(f"Error: {problem}")

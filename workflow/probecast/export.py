r"""A recommendation in other tools' terms: YAML, ``transformers.TrainingArguments``, Optuna.

From the shell, with the file that ``predict`` writes::

    python -m probecast.export results/predictions/digits-cnn.json yaml
    python -m probecast.export results/predictions/docs_kind-finetune.json training-arguments
    python -m probecast.export results/predictions/digits-cnn.json optuna \
        --storage sqlite:///runs.db --study mine --rename learning_rate=lr optimizer=opt

An Optuna study takes a recommendation only if it has every hyperparameter, with the same units.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probecast.errors import ProbecastError, optional, suggest
from probecast.files import read_json
from probecast.learner.recommendation import Exported, read_recommendation
from probecast.space import Configuration
from probecast.tables.optuna_storage import open_storage

if TYPE_CHECKING:
    import optuna

TOP = 5


def configurations(prediction: Exported) -> list[Configuration]:
    """Return the recommendation and the next best alternatives, best first."""
    return [prediction.configuration, *prediction.alternatives][:TOP]


def enqueue(
    study: "optuna.Study",
    configurations: Sequence[Configuration],
    rename: Mapping[str, str] | None = None,
) -> int:
    """Let an Optuna study try configurations next, in their order; what it has tried is skipped.

    Args:
        study: the study; its trials, if it has any, tell which parameters it knows.
        configurations: the hyperparameters by their names here.
        rename: names here -> names in the study, where they differ.

    Returns:
        How many were added to what the study will try.

    Raises:
        ProbecastError: a parameter is none of the study's; Optuna would say nothing of it.
    """
    rename = rename or {}
    renamed = [{rename.get(n, n): v for n, v in c.items()} for c in configurations]
    names = {name for configuration in configurations for name in configuration}
    if unknown := sorted(set(rename) - names):
        hint = suggest(unknown[0], sorted(names))
        raise ProbecastError(f"rename: the recommendation has no {unknown[0]!r}. {hint}")
    before = study.get_trials(deepcopy=False)
    known = {name for trial in before for name in trial.params}
    if known and (missing := sorted(n for n in names if rename.get(n, n) not in known)):
        called = [f"{n} (renamed {rename[n]})" if n in rename else n for n in missing]
        raise ProbecastError(
            f"study {study.study_name!r}: no trial has a parameter {', '.join(called)}, but a "
            "study must have every hyperparameter of the recommendation. Say what each is called "
            f"there (--rename {missing[0]}=<name> ...), or, if the study does not tune it, let a "
            f"new one take the recommendation. {suggest(missing[0], sorted(known))}"
        )
    for configuration in renamed:
        study.enqueue_trial(configuration, skip_if_exists=True)
    return len(study.get_trials(deepcopy=False)) - len(before)


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
    queue.add_argument(
        "--rename",
        nargs="+",
        action="extend",
        default=[],
        metavar="OURS=THEIRS",
        help="hyperparameters that the study calls otherwise: learning_rate=lr; may be repeated",
    )
    arguments = parser.parse_args(words)
    prediction = read_recommendation(arguments.prediction, Exported)
    if arguments.form == "yaml":
        with optional("study", "the form 'yaml'"):
            import yaml
        whole = read_json(arguments.prediction)
        return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    if arguments.form == "training-arguments":
        if not prediction.training_arguments:
            raise ProbecastError(
                f"{arguments.prediction}: has no training_arguments, since the network is no "
                "model of transformers; ask for the form 'yaml'"
            )
        return json.dumps(prediction.training_arguments, indent=2) + "\n"
    for word in arguments.rename:
        if not all(word.partition("=")):
            raise ProbecastError(f"--rename: found {word!r}; write <ours>=<theirs>")
    rename = dict(word.partition("=")[::2] for word in arguments.rename)
    best = configurations(prediction)
    added = enqueue(_study(arguments.storage, arguments.study), best, rename)
    has = f"; it has the other {len(best) - added} already" if added < len(best) else ""
    return f"{arguments.study}: {added} of the {len(best)} best configurations added{has}\n"


def _study(path: str, name: str) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # what is skipped is counted instead
    storage = open_storage(path)
    names = [study.study_name for study in storage.get_all_studies()]
    if name not in names:
        raise ProbecastError(f"{path}: no study {name!r}; create it first. {suggest(name, names)}")
    return optuna.load_study(study_name=name, storage=storage)


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]))
    except ProbecastError as problem:
        sys.exit(f"Error: {problem}")

r"""A recommendation in other tools' terms: YAML, ``transformers.TrainingArguments``, Optuna.

From the shell, with the file that ``predict`` writes::

    python -m probecast.export results/predictions/digits-cnn.json yaml
    python -m probecast.export results/predictions/docs_kind-finetune.json training-arguments
    python -m probecast.export results/predictions/digits-cnn.json optuna \
        --storage sqlite:///runs.db --study mine --rename learning_rate=lr optimizer=opt

An Optuna study takes a recommendation only if it has every hyperparameter, with the same units,
and may take all of its values.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probecast.console import program
from probecast.errors import ProbecastError, optional, suggest
from probecast.files import read_json
from probecast.learner.recommendation import Exported, read_recommendation
from probecast.space import Configuration, Value
from probecast.tables.databases import opened

if TYPE_CHECKING:
    import optuna

TOP = 5
ROUNDING = 1e-8  # of a step: so far from a whole number of them is none


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
        ProbecastError: a parameter is none of the study's, or it cannot take a value; Optuna
            would say nothing of it, or only when the study goes on. Then nothing is added.
    """
    rename = rename or {}
    names = {name for configuration in configurations for name in configuration}
    _check_names(names, rename)
    before = study.get_trials(deepcopy=False)
    known = _distributions(before)
    if known and (missing := sorted(n for n in names if rename.get(n, n) not in known)):
        called = [f"{n} (renamed {rename[n]})" if n in rename else n for n in missing]
        raise ProbecastError(
            f"study {study.study_name!r}: no trial has a parameter {', '.join(called)}, but a "
            "study must have every hyperparameter of the recommendation. Say what each is called "
            f"there (--rename {missing[0]}=<name> ...), or, if the study does not tune it, let a "
            f"new one take the recommendation. {suggest(missing[0], sorted(known))}"
        )
    renamed = [{rename.get(n, n): v for n, v in c.items()} for c in configurations]
    taken = [
        _as_the_study_has(study.study_name, configuration, known) for configuration in renamed
    ]
    for configuration in taken:
        study.enqueue_trial(configuration, skip_if_exists=True)
    return len(study.get_trials(deepcopy=False)) - len(before)


def _check_names(names: set[str], rename: Mapping[str, str]) -> None:
    """Make sure that what is renamed exists, and that no two get one name."""
    if unknown := sorted(set(rename) - names):
        hint = suggest(unknown[0], sorted(names))
        raise ProbecastError(f"rename: the recommendation has no {unknown[0]!r}. {hint}")
    theirs = Counter(rename.get(name, name) for name in names)
    if twice := sorted(name for name, count in theirs.items() if count > 1):
        both = " and ".join(sorted(n for n in names if rename.get(n, n) == twice[0]))
        raise ProbecastError(
            f"rename: {both} would both be called {twice[0]!r}; give each a name of its own"
        )


def _distributions(
    trials: "Sequence[optuna.trial.FrozenTrial]",
) -> "dict[str, optuna.distributions.BaseDistribution]":
    """What the study's parameters may be, by name: as its latest trial that has them says."""
    found = {}
    for trial in trials:
        found.update(trial.distributions)
    return found


def _as_the_study_has(
    study: str,
    configuration: Configuration,
    known: "Mapping[str, optuna.distributions.BaseDistribution]",
) -> Configuration:
    """The configuration with the study's own spelling of each value, 64.0 for 64."""
    values = {name: _value(value, known.get(name)) for name, value in configuration.items()}
    if wrong := [name for name, value in values.items() if value is None]:
        what = "; ".join(f"{n} {configuration[n]!r} ({_allowed(known[n])})" for n in wrong)
        raise ProbecastError(
            f"study {study!r} cannot take a configuration, as it does not know {what}. Nothing "
            "was added; let a new study take the recommendation, or one with the same units and "
            "spellings"
        )
    return values


def _value(
    value: Value, distribution: "optuna.distributions.BaseDistribution | None"
) -> Value | None:
    """A value as a distribution holds it; None if it does not."""
    if distribution is None:  # a study without trials takes any
        return value
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        same = [c for c in choices if c == value and _is_number(c) == _is_number(value)]
        return same[0] if same else None
    if not _is_number(value) or not distribution.low <= value <= distribution.high:
        return None
    steps = (value - distribution.low) / (distribution.step or 1)
    whole = isinstance(distribution.low, int) or distribution.step is not None
    if whole and abs(steps - round(steps)) > ROUNDING:
        return None
    return int(value) if isinstance(distribution.low, int) else float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _allowed(distribution: "optuna.distributions.BaseDistribution") -> str:
    """What a distribution holds, in words."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        return f"one of {', '.join(map(repr, choices))}"
    kind = "whole numbers " if isinstance(distribution.low, int) else ""
    step = distribution.step
    steps = f" in steps of {step}" if step not in (None, 1) else ""
    return f"{kind}{distribution.low} to {distribution.high}{steps}"


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
    ours = Counter(word.partition("=")[0] for word in arguments.rename)
    if twice := [name for name, count in ours.items() if count > 1]:
        raise ProbecastError(f"--rename: {twice[0]!r} is renamed twice; say it once")
    rename = dict(word.partition("=")[::2] for word in arguments.rename)
    best = configurations(prediction)
    with opened(arguments.storage, write=True) as storage:
        added = enqueue(_study(arguments.storage, storage, arguments.study), best, rename)
    has = f"; it has the other {len(best) - added} already" if added < len(best) else ""
    return f"{arguments.study}: {added} of the {len(best)} best configurations added{has}\n"


def _study(path: str, storage: "optuna.storages.BaseStorage", name: str) -> "optuna.Study":
    import optuna

    names = [study.study_name for study in storage.get_all_studies()]
    if name not in names:
        raise ProbecastError(f"{path}: no study {name!r}; create it first. {suggest(name, names)}")
    return optuna.load_study(study_name=name, storage=storage)


if __name__ == "__main__":
    with program():
        sys.stdout.write(main(sys.argv[1:]))

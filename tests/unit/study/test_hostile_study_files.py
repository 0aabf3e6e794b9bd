"""Study files by mistake or by malice: one clear error each, never another exception."""

import copy
import datetime
import math
import os

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_study import FIXED, ROOT, SMALL, TABLE

from probecast.errors import ProbecastError
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.training.hyperparameters import OPTIONAL


def circular():
    value = []
    value.append(value)
    return value


def bomb():
    """A document of a few hundred bytes whose full spelling would fill the memory."""
    value = ["boom"] * 9
    for _ in range(9):
        value = [value] * 9
    return value


def space(**hyperparameters):
    """A space of these, with the first choice of each as the default."""
    return {
        "space": hyperparameters,
        "default_configuration": {n: h["choices"][0] for n, h in hyperparameters.items()},
    }


LARGE = space(
    **{name: {"choices": list(range(1, 101))} for name in ("batch_size", "layers", "neurons")},
    **{name: {"choices": [i / 1000 for i in range(100)]} for name in ("dropout", *OPTIONAL)},
    learning_rate={"choices": [i / 1000 for i in range(1, 101)]},
    optimizer={"choices": ["SGD"]},
)
RATE, LAYERS = {"choices": [0.01]}, {"choices": [3]}
NOT_MAPPINGS = {
    "nothing": None,
    "a list": [SMALL],
    "a text": "digits-cnn",
    "a number": 3,
    "a circle": circular(),
}
HUGE = 10**400
LONG = "a" * 5000

BAD = {
    # Types.
    "key that is a number": ({1: 2}, "1: found 1"),
    "key that is nothing": ({None: 2}, "None: found None"),
    "key with a newline": ({"a\nb": 2}, r"'a\\nb': unknown key"),
    "key with a terminal's escape": ({"\x1b[2J": 2}, r"x1b\[2J': unknown key"),
    "key of thousands of letters": ({LONG: 2}, "unknown key"),
    "name that is a list": ({"name": ["a"]}, r"name: found \['a'\]"),
    "name with HTML": ({"name": "<script>"}, "name: found '<script>'"),
    "name with a shell's command": ({"name": "a; rm -rf /"}, "name: found 'a; rm"),
    "name of thousands of letters": ({"name": LONG}, r"name: found 'aaa+\.\.\.a+'"),
    "name with a newline": ({"name": "a\n"}, r"name: found 'a\\n'"),
    "tasks as a text": ({"tasks": "digits-cnn"}, "tasks: found 'digits-cnn'"),
    "tasks as a mapping": ({"tasks": {"digits-cnn": 1}}, "tasks: found {'digits-cnn': 1}"),
    "task that is a number": ({"tasks": [7]}, r"tasks\.0: found 7"),
    "tasks in a circle": ({"tasks": circular()}, r"tasks\.0: found \[\["),
    "tasks as a bomb": ({"tasks": bomb()}, r"tasks\.0: found .{100,}\.\.\."),
    "seed that is a date": ({"seed": datetime.date(2020, 1, 1)}, "seed: found datetime.date"),
    "seed with a fraction": ({"seed": 0.5}, r"seed: found 0\.5"),
    "seed that no one can spell": (
        {"seed": 16**9000},
        "seed: found an int of thousands of digits",
    ),
    "training as a list": ({"training": [5]}, r"training: found \[5\]"),
    "sweep as nothing": ({"sweep": None}, "sweep: found None"),
    # Huge and not finite.
    "huge seed": ({"seed": HUGE}, r"seed: found 1000+\.\.\.0+; .*less than"),
    "huge rows": ({"datasets": {"digits": {"train_rows": HUGE}}}, "train_rows: found 1000"),
    "huge classes": ({"datasets": {"digits": {"classes": HUGE}}}, "classes: found 1000"),
    "huge resolution": ({"datasets": {"digits": {"resolution": HUGE}}}, "resolution: found 1000"),
    "huge epochs": ({"training": {"epochs": 10**12}}, "epochs: found 1000"),
    "huge sample": ({"sweep": {"configurations": 10**12}}, "sweep.configurations: found 1000"),
    "huge exception": ({"sweep": {"by_task": {"load-lstm": 10**12}}}, "by_task.load-lstm: found"),
    "huge number of seeds": ({"final": {"seeds": 10**12}}, "final.seeds: found 1000"),
    "huge number of repetitions": ({"baselines": {"repetitions": HUGE}}, "repetitions: found 10"),
    "huge number of candidates": ({"probe": {"candidates": HUGE}}, "probe.candidates: found 10"),
    "infinite cost": ({"probe": {"cost": math.inf}}, "probe.cost: found inf"),
    "cost that is no number": ({"probe": {"cost": math.nan}}, "probe.cost: found nan"),
    "infinite noise": ({"replay": {"noise": math.inf}}, "replay.noise: found inf"),
    "infinite cost of a replay": ({"replay": {"costs": [math.inf]}}, "replay.costs.0: found inf"),
    "label noise that is no number": (
        {"datasets": {"digits": {"label_noise": math.nan}}},
        "label_noise: found nan",
    ),
    # Search spaces.
    "space as a list": ({"space": [1]}, r"space: found \[1\]"),
    "hyperparameter as a list": ({"space": {"layers": [2, 3]}}, r"space\.layers: found \[2, 3\]"),
    "hyperparameter with a shell's name": ({"space": {"a;ls": RATE}}, "a;ls: found 'a;ls'"),
    "hyperparameter with a name of the table": (space(seed=LAYERS), "'seed' is a column of every"),
    "no choices": ({"space": {"layers": {"choices": []}}}, r"layers\.choices: found \[\]"),
    "choice that is a list": (
        {"space": {"layers": {"choices": [[1]]}}},
        r"choices\.0: found \[1\]",
    ),
    "choice that is nothing": ({"space": {"layers": {"choices": [None]}}}, "found None"),
    "choice that is no number": (space(layers={"choices": [math.nan]}), "not finite"),
    "choice that is huge": (space(layers={"choices": [HUGE]}), "not finite, or beyond"),
    "choice twice, spelt otherwise": (space(layers={"choices": [1, 1.0]}), "repeat a value"),
    "numbers and names mixed": (space(layers={"choices": [1, "1"]}), "mix numbers and names"),
    "truth and numbers mixed": (space(layers={"choices": [1, True]}), "mix numbers and names"),
    "lone surrogate": (space(optimizer={"choices": ["\ud800"]}), "choices.0: found"),
    "rates that YAML reads as texts": (
        space(learning_rate={"choices": ["1e-3", "1e-2"]}),
        "space.learning_rate: found .*write 0.001 or 1.0e-3",
    ),
    "no layers": (space(layers={"choices": [0, 1]}), r"space\.layers: found 0; .*above 0"),
    "half a batch": (space(batch_size={"choices": [1.5]}), "batch_size: found .* whole number"),
    "negative rate": (space(learning_rate={"choices": [-1]}), "found -1; it must lie above 0"),
    "all is dropped": (space(dropout={"choices": [0.5, 1]}), r"space\.dropout: found .* 0\.\.1"),
    "infinite range": ({"space": {"decay": {"low": 0, "high": math.inf}}}, "both finite"),
    "range turned round": ({"space": {"decay": {"low": 2, "high": 1}}}, "2.0 must lie below high"),
    "range without an end": ({"space": {"decay": {"low": 2}}}, r"decay\.high: required"),
    "more points than can be listed": (
        {**LARGE, "sweep": {"configurations": "all"}},
        r"sweep\.configurations: found 'all' .* but its space has 1000+ conf.*; give a number",
    ),
    # Default configurations.
    "default that is a text": (
        {"default_configuration": {"learning_rate": "fast", "layers": 3, **FIXED}},
        "learning_rate: found 'fast' where a number is expected",
    ),
    "default that is nothing": (
        {"default_configuration": {"learning_rate": None, "layers": 3, **FIXED}},
        "learning_rate: found None",
    ),
    "default that is a circle": (
        {"default_configuration": {"learning_rate": circular(), "layers": 3, **FIXED}},
        r"learning_rate: found \[\[",
    ),
    "default that is huge": (
        {"default_configuration": {"learning_rate": HUGE, "layers": 3, **FIXED}},
        "learning_rate: found 1000",
    ),
    "default of something else": ({"default_configuration": {"x": 1}}, "missing .*unknown"),
    # Paths.
    "mirror with a zero byte": ({"datasets": {"digits": {"mirror": "a\0b"}}}, r"found 'a\\x00b'"),
    "mirror without a name": ({"datasets": {"digits": {"mirror": ""}}}, "mirror: found ''"),
    "encoder with a zero byte": (
        {"datasets": {"digits": {"pretrained": "./\0"}}},
        "pretrained: found",
    ),
    "tables with a zero byte": ({"sweep": {"tables": "\0"}}, "sweep.tables: found"),
    "path that is no text": (
        {"tables": {"t": {**TABLE, "path": "\ud800"}}},
        "tables.t.path: found",
    ),
    "path of thousands of letters": ({"tables": {"t": {**TABLE, "path": LONG}}}, "t.path: found"),
    # Names that become paths.
    "dataset climbing out": ({"datasets": {"../x": {"source": "digits"}}}, r"found '\.\./x'"),
    "absolute dataset": ({"tasks": ["/etc/passwd-cnn"]}, "found '/etc/passwd-cnn'"),
    "dataset with a command": ({"tasks": ["$(touch x)-cnn"]}, r"found '\$\(touch x\)-cnn'"),
    "dataset with HTML": ({"tasks": ["<b>-cnn"]}, "found '<b>-cnn'"),
    "dataset longer than a file's name": ({"tasks": [f"{LONG}-cnn"]}, "a task is named"),
    "table climbing out": ({"tables": {"../../x": TABLE}}, r"found '\.\./\.\./x'"),
    "source that is a path": ({"datasets": {"digits": {"source": "../x"}}}, r"unknown '\.\./x'"),
    "architecture that is a module": ({"tasks": ["digits-os"]}, "unknown architecture 'os'"),
    "tuner that is a module": ({"baselines": {"methods": ["os"]}}, "unknown tuner 'os'"),
}


def test_there_are_enough():
    assert len(BAD) + len(NOT_MAPPINGS) >= 60


@pytest.mark.parametrize("document", NOT_MAPPINGS.values(), ids=NOT_MAPPINGS.keys())
def test_what_is_no_mapping_is_explained(document):
    with pytest.raises(ProbecastError, match=r"^my\.yaml: found .*; a study file holds keys"):
        load_study(document, "my.yaml", ROOT)


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
def test_it_is_explained(changes, message):
    with pytest.raises(ProbecastError, match=rf"(?s)^my\.yaml: .*{message}") as caught:
        load_study({**copy.deepcopy(SMALL), **changes}, "my.yaml", ROOT)
    check_message(str(caught.value))


def check_message(text):
    """A message can be read: not endless, and nothing in it steers the terminal."""
    lines = text.split("\n")
    assert len(lines) <= 21
    assert all(line.isprintable() for line in lines)
    assert len(text) < 50_000


def test_a_message_tells_the_first_of_many_problems():
    unknown = {f"key{i}": i for i in range(1000)}
    with pytest.raises(ProbecastError) as caught:
        load_study({**SMALL, **unknown}, "my.yaml", ROOT)
    lines = str(caught.value).split("\n")
    assert len(lines) == 21
    assert lines[-1] == "... and 980 more."


def test_a_space_too_large_to_list_is_drawn_from():
    study = load_study({**SMALL, **LARGE, "sweep": {"configurations": 5}}, "my.yaml", ROOT)
    assert len(study.swept("digits-cnn")) == 5


# -- any document --------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["all", "digits-cnn", "../x", "1e-3", "<b>", "\x1b[0m", "\0", "$(ls)", "~"]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXTS,
    st.dates(),
    st.binary(max_size=5),
    st.sampled_from([HUGE, -HUGE]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(TEXTS, st.integers(), st.none()), inner, max_size=4),
        st.sets(TEXTS, max_size=3),
    ),
    max_leaves=12,
)
STUDIES = [
    yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
] + [SMALL]


@st.composite
def damaged_studies(draw):
    """A study that works, with something else at one to three places."""
    document = copy.deepcopy(draw(st.sampled_from(STUDIES)))
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while True:
            keys = list(place if isinstance(place, dict) else range(len(place)))
            key = draw(st.sampled_from(keys)) if keys else None
            inner = place[key] if keys else None
            if isinstance(inner, dict | list) and inner and draw(st.booleans()):
                place = inner
                continue
            break
        if isinstance(place, dict):
            key = draw(st.one_of(st.just(key), TEXTS))
            place[key] = draw(ANYTHING)
        elif keys:
            place[key] = draw(ANYTHING)
    return document


def check(document):
    """A study or one ProbecastError; what is accepted can be planned with."""
    try:
        study = load_study(document, "my.yaml", ROOT)
    except ProbecastError as error:
        assert str(error).startswith("my.yaml: ")
        check_message(str(error))
        return
    assert isinstance(study, Study)
    for task in study.all_tasks[:2]:
        for chunk in list(study.chunks(task))[:2]:
            assert study.chunk(task, chunk)
        assert study.default_of(task)
    for dataset in list(study.datasets)[:2]:
        study.download_settings(dataset)
        study.preprocess_settings(dataset)


FUZZ = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "50")), deadline=None)


@FUZZ
@given(ANYTHING)
def test_any_document_is_a_study_or_one_error(document):
    check(document)


@FUZZ
@given(damaged_studies())
def test_any_damaged_study_is_a_study_or_one_error(document):
    check(document)


@FUZZ
@given(st.text(max_size=200))
def test_any_yaml_text_is_a_study_or_one_error(text):
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # no YAML: Snakemake says so
        return
    check(document)

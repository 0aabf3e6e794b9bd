"""Meta-encoders, data, predictions and choices from strangers: refused by name, or right."""

import copy
import hashlib
import json
import pickle
import random
import shutil
import struct
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_hostile_tables import FUZZ_EXAMPLES, Planted

from kit.toy_data import SPECS
from probecast.data.spec import DataSpec, read_split, write_tensors
from probecast.errors import ProbecastError
from probecast.evaluation.choices import read_choices
from probecast.evaluation.replay import BASELINE_COLUMNS
from probecast.evaluation.results import _read_frame
from probecast.files import read_json, write_json
from probecast.learner import shipped
from probecast.learner.encoder import MetaEncoder
from probecast.learner.recommendation import read_recommendation

CARD = json.loads(shipped.CARD.read_text(encoding="utf-8"))
HEADER_LIES = {
    "header of 2**60 bytes": struct.pack("<Q", 2**60) + b"{}",
    "header of 2**64 - 1 bytes": struct.pack("<Q", 2**64 - 1) + b"{}",
    "tensor of 2**60 numbers": b"",
    "offsets turned round": b"",
    "a type of its own": b"",
    "nothing": b"",
    "a pickle": pickle.dumps(Planted(Path("ran"))),
    "a zip, as torch.save writes": b"PK\x03\x04" + bytes(100),
}
ENTRIES = {
    "tensor of 2**60 numbers": {"dtype": "F64", "shape": [2**60], "data_offsets": [0, 2**63]},
    "offsets turned round": {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]},
    "a type of its own": {"dtype": "OBJECT", "shape": [1], "data_offsets": [0, 8]},
}
for name, entry in ENTRIES.items():
    header = json.dumps({"inputs": entry}).encode()
    HEADER_LIES[name] = struct.pack("<Q", len(header)) + header + bytes(8)


@pytest.fixture
def theirs(tmp_path):
    """A copy of the shipped encoder."""
    for file in (shipped.ENCODER, shipped.CARD):
        shutil.copy(file, tmp_path)
    return tmp_path


def forge(folder, weights=None, **changes):
    """Replace weights and parts of the card, with a checksum that fits: a stranger can, too."""
    file = folder / "encoder.safetensors"
    if weights is not None:
        file.write_bytes(weights)
    card = {**copy.deepcopy(CARD), **changes}
    card["weights_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")


def refused(folder):
    with pytest.raises(ProbecastError, match=r"(card\.json|encoder\.safetensors): ") as error:
        MetaEncoder.read(folder)
    assert "rerun pretrain" in str(error.value)


@pytest.mark.parametrize("lie", HEADER_LIES.values(), ids=HEADER_LIES.keys())
def test_weights_that_lie_are_refused(theirs, lie, monkeypatch):
    monkeypatch.chdir(theirs)
    forge(theirs, weights=lie)
    refused(theirs)
    assert not (theirs / "ran").exists()


BAD_CARDS = {
    "encoding that is a list": {"encoding": []},
    "scale of its own": {
        "encoding": {
            **CARD["encoding"],
            "hyperparameters": [{"name": "x", "scale": "os.system", "low": 0.0, "high": 1.0}],
        }
    },
    "another encoding": {"encoding": {**CARD["encoding"], "architectures": ["a"] * 50}},
    "calibration of words": {"calibration": {**CARD["calibration"], "finished": "wide"}},
    "calibration of an earlier version": {
        "calibration": {"spread": 1.0, "slope": 1.0, "intercept": 0.0}
    },
    "calibration of its own": {"calibration": {**CARD["calibration"], "finished": 0.5}},
    "one lengthscale more": {"lengthscales": {**CARD["lengthscales"], "x": 1.0}},
    "no sources": {"sources": []},
    "sources that are texts": {"sources": ["a"]},
    "fewer configurations": {
        "sources": [{**s, "identities": s["identities"][:1]} for s in CARD["sources"]]
    },
    "one source more": {"sources": [*CARD["sources"], CARD["sources"][0]]},
    "held out what is no kind": {"held_out": {"kind": "os", "name": "x"}},
}


@pytest.mark.parametrize("changes", BAD_CARDS.values(), ids=BAD_CARDS.keys())
def test_a_card_that_does_not_fit_is_refused(theirs, changes):
    forge(theirs, **changes)
    refused(theirs)


@pytest.mark.parametrize("text", ["", "null", "[]", "3", "{", "[" * 100_000, "\ud800", "NaN"])
def test_a_card_that_is_no_mapping_is_refused(theirs, text):
    (theirs / "card.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(theirs)


def test_weights_that_are_no_numbers_are_refused(theirs):
    tensors = load_file(theirs / "encoder.safetensors")
    tensors["sources.0.curves"][0, 0] = float("nan")
    save_file(tensors, theirs / "encoder.safetensors")
    forge(theirs)
    refused(theirs)


DAMAGED = {
    "another number": lambda learnt: learnt + 1e-12,
    "one less": lambda learnt: learnt[1:].clone(),
    "other dimensions": lambda learnt: learnt[None],
    "single precision": lambda learnt: learnt.float(),
    "no number": lambda learnt: torch.full_like(learnt, float("nan")),
    "nothing": lambda learnt: None,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_what_was_learnt_is_refused_if_the_weights_say_otherwise(theirs, damage):
    tensors = load_file(theirs / "encoder.safetensors")
    tensors["learnt"] = damage(tensors["learnt"])
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(given, theirs / "encoder.safetensors")
    forge(theirs)
    refused(theirs)


def test_weights_that_no_source_has_are_refused(theirs):
    """As those of a learnt kernel, which earlier versions had."""
    tensors = load_file(theirs / "encoder.safetensors")
    tensors["kernel.log_noise"] = torch.zeros((), dtype=torch.float64)
    save_file(tensors, theirs / "encoder.safetensors")
    forge(theirs)
    refused(theirs)


def test_a_changed_card_gives_an_encoder_or_one_error(theirs):
    generator = random.Random(0)
    for _ in range(min(FUZZ_EXAMPLES, 500)):
        card = copy.deepcopy(CARD)
        place, key = card, generator.choice(list(card))
        while isinstance(place[key], dict | list) and place[key] and generator.random() < 0.8:
            place = place[key]
            key = generator.choice(list(place) if isinstance(place, dict) else range(len(place)))
        place[key] = generator.choice([None, -1, 2**70, 1e300, "x", [], {}, [[1]], True])
        (theirs / "card.json").write_text(json.dumps(card), encoding="utf-8")
        try:
            assert isinstance(MetaEncoder.read(theirs), MetaEncoder)
        except ProbecastError as error:
            assert str(theirs) in str(error)


# -- data ----------------------------------------------------------------------------


def data(kind):
    """The right tensors of one kind of data."""
    spec, rows = SPECS[kind], SPECS[kind].rows["train"]
    inputs = torch.zeros(rows, *spec.input_shape)
    if spec.input_kind == "tokens":
        inputs = inputs.long()
    return spec, {"inputs": inputs, "targets": torch.zeros(rows, dtype=torch.int64)}


BAD_DATA = {
    "no targets": ("images", {"targets": None}, "are missing"),
    "other rows": ("images", {"targets": torch.zeros(3, dtype=torch.int64)}, "rows .* differ"),
    "other dimensions": ("images", {"inputs": torch.zeros(40, 8)}, "other dimensions"),
    "inputs as integers": ("images", {"inputs": torch.zeros(40, 1, 8, 8).long()}, "inputs are"),
    "targets as numbers": ("images", {"targets": torch.zeros(40)}, "targets are torch.float32"),
    "class below the first": ("images", {"targets": torch.full((40,), -1)}, r"outside 0\.\.2"),
    "class beyond the last": ("images", {"targets": torch.full((40,), 3)}, r"outside 0\.\.2"),
    "token of no word": ("texts", {"inputs": torch.full((40, 10), 2**40)}, r"outside 0\.\.19"),
}


@pytest.mark.parametrize(("kind", "changes", "message"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_data_that_are_not_as_described_are_refused(tmp_path, kind, changes, message):
    spec, tensors = data(kind)
    write_tensors(tmp_path / "train.safetensors", tensors)
    assert read_split(tmp_path / "train.safetensors", spec).keys() == tensors.keys()
    changed = {k: v for k, v in {**tensors, **changes}.items() if v is not None}
    write_tensors(tmp_path / "train.safetensors", changed)
    with pytest.raises(ProbecastError, match=rf"train\.safetensors: .*{message}.*preprocess"):
        read_split(tmp_path / "train.safetensors", spec)


@pytest.mark.parametrize("lie", HEADER_LIES.values(), ids=HEADER_LIES.keys())
def test_data_that_lie_are_refused(tmp_path, lie, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.safetensors").write_bytes(lie)
    with pytest.raises(ProbecastError, match=r"train\.safetensors: .*preprocess"):
        read_split(tmp_path / "train.safetensors", SPECS["images"])
    assert not (tmp_path / "ran").exists()


# -- JSON ----------------------------------------------------------------------------

ANY_JSON = ["", "null", "[]", "3", '"x"', "{", "[" * 100_000, "{}", '{"configuration": 1}']
READERS = {
    "spec.json": (DataSpec.read, "preprocess"),
    "choices.json": (read_choices, "train"),
    "prediction.json": (read_recommendation, "predict"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", ANY_JSON)
def test_json_of_another_kind_is_refused(tmp_path, name, text):
    read, stage = READERS[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    if (name, text) == ("choices.json", "{}"):
        return
    with pytest.raises(ProbecastError, match=rf"{name}: .*rerun {stage}"):
        read(tmp_path / name)


def test_json_beyond_the_stack_is_one_error(tmp_path):
    (tmp_path / "any.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ProbecastError, match="not valid JSON"):
        read_json(tmp_path / "any.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_shape": "images"}, "input_shape: "),
        ({"input_kind": "pickle"}, "input_kind: "),
        ({"rows": {"train": "many"}}, r"rows\.train: "),
        ({"__class__": "os.system"}, "__class__: "),
    ],
)
def test_a_description_with_other_types_is_refused(tmp_path, changes, message):
    path = tmp_path / "spec.json"
    SPECS["images"].write(path)
    write_json(path, {**json.loads(path.read_text()), **changes})
    with pytest.raises(ProbecastError, match=rf"spec\.json: {message}.*rerun preprocess"):
        DataSpec.read(path)


@pytest.mark.parametrize("column", BASELINE_COLUMNS)
def test_baselines_with_other_types_are_refused(tmp_path, column):
    row = dict.fromkeys(BASELINE_COLUMNS, 1.0) | dict.fromkeys(
        ("task", "method", "config_id"), "a"
    )
    good, path = pd.DataFrame([row]), tmp_path / "baselines.parquet"
    good.to_parquet(path)
    assert len(_read_frame(path, BASELINE_COLUMNS, "baselines")) == 1
    good.assign(**{column: [[1]]}).to_parquet(path)
    with pytest.raises(ProbecastError, match=rf"baselines\.parquet: column '{column}'.*rerun"):
        _read_frame(path, BASELINE_COLUMNS, "baselines")

import sys
from types import SimpleNamespace

import pytest

from kit.raw_folders import SOURCES, images, real_dataset, settings, toy_raw, write_raw
from kit.tiny_encoder import tiny_encoder
from probecast.data import sources
from probecast.data.preprocess import preprocess
from probecast.data.sources import Source
from probecast.data.spec import SPLITS, DataSpec, read_tensors
from probecast.errors import ProbecastError

MODALITIES = ["image", "text", "series", "speech"]


@pytest.fixture
def register(monkeypatch):
    """Register a source under the name ``toy``."""

    def register(source):
        monkeypatch.setitem(sys.modules, "toy_source", SimpleNamespace(SOURCE=source))
        monkeypatch.setitem(sources.SOURCES, "toy", "toy_source")

    return register


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_spec_describes_the_tensors(tmp_path, register, modality):
    register(SOURCES[modality])
    spec = preprocess(toy_raw(tmp_path / "raw", modality), tmp_path / "out", settings())
    assert DataSpec.read(tmp_path / "out/spec.json") == spec
    assert (spec.dataset, spec.family, spec.modality) == ("toy", "toy_family", modality)
    for split in SPLITS:
        tensors = read_tensors(tmp_path / f"out/{split}.safetensors")
        assert tuple(tensors["inputs"].shape) == (spec.rows[split], *spec.input_shape)
        assert len(tensors["targets"]) == spec.rows[split]
        if spec.output_kind == "values":
            assert tensors["targets"].shape[1] == spec.output_size
        else:
            assert 0 <= tensors["targets"].min() <= tensors["targets"].max() < spec.output_size
        if spec.input_kind == "tokens":
            assert tensors["inputs"].max() < spec.vocabulary_size == len(spec.vocabulary)
    assert set(spec.floor) == {"val", "test"}


@pytest.mark.parametrize("modality", MODALITIES)
def test_equal_settings_give_equal_bytes(tmp_path, register, modality):
    register(SOURCES[modality])
    raw = toy_raw(tmp_path / "raw", modality)
    for out in ("first", "second"):
        preprocess(raw, tmp_path / out, settings())
    for path in sorted((tmp_path / "first").iterdir()):
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_the_provenance_tells_source_settings_and_what_was_fitted(tmp_path, register):
    register(SOURCES["image"])
    spec = preprocess(toy_raw(tmp_path / "raw", "image"), tmp_path / "out", settings(seed=3))
    assert spec.provenance["route"] == "test"
    assert spec.provenance["settings"]["seed"] == 3
    assert set(spec.provenance["preprocessing"]) == {"mean", "std"}


def test_the_spec_names_the_pretrained_encoder(tmp_path, register):
    register(SOURCES["text"])
    raw = toy_raw(tmp_path / "raw", "text")
    spec = preprocess(raw, tmp_path / "out", settings(pretrained=tiny_encoder()))
    assert spec.pretrained == tiny_encoder()
    assert spec.vocabulary[:2] == ["[PAD]", "[UNK]"]
    assert len(spec.vocabulary) == spec.vocabulary_size
    assert preprocess(raw, tmp_path / "words", settings()).pretrained is None


def test_nothing_is_written_when_a_split_is_bad(tmp_path, register):
    register(SOURCES["image"])
    raw = toy_raw(tmp_path / "raw", "image")
    write_raw(raw, test=images([0, 1], size=(3, 3)))
    with pytest.raises(ProbecastError):
        preprocess(raw, tmp_path / "out", settings())
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_spec_is_what_an_interruption_leaves(tmp_path, register, monkeypatch):
    register(SOURCES["image"])
    raw = toy_raw(tmp_path / "raw", "image")
    preprocess(raw, tmp_path / "out", settings())

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("probecast.data.preprocess.write_tensors", stop)
    with pytest.raises(KeyboardInterrupt):
        preprocess(raw, tmp_path / "out", settings(seed=1))
    assert not (tmp_path / "out/spec.json").exists()


def test_a_raw_folder_without_provenance_is_refused(tmp_path, register):
    register(SOURCES["image"])
    raw = toy_raw(tmp_path / "raw", "image")
    (raw / "source.json").unlink()
    with pytest.raises(ProbecastError, match=r"source\.json: the file is missing"):
        preprocess(raw, tmp_path / "out", settings())


@pytest.mark.parametrize(
    ("modality", "setting"),
    [
        ("series", {"classes": 2}),
        ("speech", {"label_noise": 0.1}),
        ("text", {"resolution": 8}),
        ("image", {"sequence_length": 8}),
        ("series", {"pretrained": "minilm"}),
    ],
)
def test_a_setting_without_effect_is_refused(tmp_path, register, modality, setting):
    register(SOURCES[modality])
    with pytest.raises(
        ProbecastError, match=f"'toy': {next(iter(setting))} is set, but it is for"
    ):
        preprocess(toy_raw(tmp_path / "raw", modality), tmp_path / "out", settings(**setting))


@pytest.mark.parametrize(
    ("folder", "source", "shape"),
    [
        ("mnist", Source("toy", "mnist", "image", "accuracy", "image", "label"), (1, 28, 28)),
        ("cifar10", Source("toy", "cifar10", "image", "accuracy", "img", "label"), (3, 32, 32)),
        ("imdb", Source("toy", "imdb", "text", "accuracy", "text", "label"), (32,)),
        ("librispeech_asr", Source("toy", "speech", "speech", "wer", "audio", "text"), None),
    ],
)
def test_slices_of_real_datasets(tmp_path, register, folder, source, shape):
    raw = write_raw(tmp_path / "raw")
    for split in ("train", "test"):
        file = real_dataset(folder) / f"{split}-00000-of-00001.parquet"
        (raw / f"{split}.parquet").symlink_to(file)
    register(source)
    small = settings(train_rows=20, val_rows=5, test_rows=5)
    spec = preprocess(raw, tmp_path / "out", small)
    assert spec.rows["train"] <= 20
    if shape:
        assert spec.input_shape == shape
    else:
        assert spec.output_size == 29
        assert spec.provenance["preprocessing"]["unknown_characters"]["test"] == 0

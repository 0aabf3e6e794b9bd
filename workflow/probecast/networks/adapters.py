"""LoRA (Hu et al., 2022): beside frozen weights, products of two thin matrices are trained.

They lie where the paper puts them, on the query and value projections of every attention layer,
as the package ``peft`` adds them; the second matrix begins at 0, so that training begins at the
pretrained encoder.
"""

from typing import TYPE_CHECKING, Any

from probecast.errors import ProbecastError
from probecast.torchaudio_stub import ensure_importable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

QUERY_AND_VALUE = ("query", "value", "query_proj", "value_proj", "q_lin", "v_lin", "q", "v")
"""What the projections are called: in BERT, RoBERTa and ELECTRA, DeBERTa, DistilBERT, MPNet."""

SCALE = 2  # alpha over rank: what is added counts the same at every rank


def lora_arguments(rank: int) -> dict[str, Any]:
    """Return how an encoder is adapted with a rank, as keyword arguments of ``LoraConfig``."""
    return {
        "r": rank,
        "lora_alpha": SCALE * rank,
        "lora_dropout": 0.0,
        "target_modules": list(QUERY_AND_VALUE),
    }


def add_lora(encoder: "PreTrainedModel", rank: int, pretrained: str) -> None:
    """Freeze an encoder's weights and put trainable adapters beside them.

    Their first matrices are drawn from PyTorch's global generator.

    Args:
        encoder: changed in place.
        rank: of the adapters.
        pretrained: the encoder's name, for messages.

    Raises:
        ProbecastError: ``peft`` is missing, the encoder has no such projections, or they are
            narrower than the rank.
    """
    ensure_importable()
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ProbecastError(
            f"space.lora_rank: found {rank}, but the package peft cannot be imported ({error}); "
            "pip install peft, or leave lora_rank out."
        ) from None
    _check_fits(encoder, rank, pretrained)
    inject_adapter_in_model(LoraConfig(**lora_arguments(rank)), encoder)


def _check_fits(encoder: "PreTrainedModel", rank: int, pretrained: str) -> None:
    widths = [
        min(module.weight.shape)
        for name, module in encoder.named_modules()
        if name.rpartition(".")[2] in QUERY_AND_VALUE and hasattr(module, "weight")
    ]
    if not widths:
        raise ProbecastError(
            f"space.lora_rank: found {rank}, but {pretrained!r} has no layer called "
            f"{', '.join(QUERY_AND_VALUE)} to adapt; use an encoder of BERT's kind, or leave "
            "lora_rank out."
        )
    if rank > min(widths):
        raise ProbecastError(
            f"space.lora_rank: found {rank}, but the projections of {pretrained!r} are only "
            f"{min(widths)} wide; lower the rank, or write 0 to train all weights."
        )

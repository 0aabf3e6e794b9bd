"""A tiny encoder in the Hub's layout, as if it were pretrained, and a toy dataset for it."""

import atexit
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel

from kit.toy_data import SPECS
from probecast.data.spec import DataSpec
from probecast.torchaudio_stub import ensure_importable

SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]  # padding is not 0, as in RoBERTa
WORDS = ["a", "good", "bad", "film", "plot", ".", *(f"word{i}" for i in range(20))]
LIMIT = 40  # tokens


@cache
def tiny_encoder() -> str:
    """Return the folder of the encoder; it lasts as long as the process."""
    made = TemporaryDirectory()
    atexit.register(made.cleanup)
    return write_encoder(made.name)


def write_encoder(folder: str | Path, **special: str | None) -> str:
    """Write the encoder and its tokenizer into a folder, and return that.

    ``special`` replaces special tokens of the tokenizer, None leaves one out.
    """
    ensure_importable()
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(SPECIAL + WORDS)}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokens = {"unk_token": "[UNK]", "pad_token": "[PAD]", **special}
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=LIMIT, **tokens
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(SPECIAL + WORDS),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=LIMIT,
            pad_token_id=SPECIAL.index("[PAD]"),
            initializer_range=0.2,
        )
        BertModel(config).save_pretrained(folder)
    return str(folder)


def pieces_spec() -> DataSpec:
    """Return the toy texts, prepared for the encoder."""
    texts = SPECS["texts"]
    vocabulary = ["[PAD]", "[UNK]", *WORDS][: texts.vocabulary_size]
    return replace(texts, dataset="pieces", vocabulary=vocabulary, pretrained=tiny_encoder())

"""Text: int64 token ids (B, T) of a word-level vocabulary fitted on the training split."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer

from probecast.data.modalities import Prepared
from probecast.data.raw import Selection
from probecast.data.selection import choose_labelled_rows
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError

SEQUENCE_LENGTH = 32
SPECIAL_TOKENS = ["[PAD]", "[UNK]"]  # ids 0 and 1


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn a text classification dataset into token ids.

    Texts are lower-cased, freed of HTML line breaks and split into words and runs of
    punctuation. A text keeps its first ``sequence_length`` tokens; a shorter one is padded at
    the end. A text without any token is one ``[UNK]``, so that no row is all padding.

    Raises:
        ProbecastError: the text column holds something else, or nothing; and all of
            ``choose_labelled_rows``.
    """
    chosen = choose_labelled_rows(raw, source, settings)
    texts = {
        split: _read_texts(selection, source.input_column)
        for split, selection in chosen.selections.items()
    }
    length = settings.sequence_length or SEQUENCE_LENGTH
    tokenizer = fit_tokenizer(texts["train"], settings.vocabulary_size, length)
    tensors = {}
    for split, of in texts.items():
        ids = torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(of)])  # (B, T)
        ids[ids[:, 0] == 0, 0] = 1
        tensors[split] = {"inputs": ids, "targets": chosen.labels[split]}

    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return Prepared(
        tensors=tensors,
        input_kind="tokens",
        output_kind="classes",
        output_size=chosen.class_count,
        floor=chosen.majority_floor(),
        vocabulary=[token for token, _ in by_id],
        notes={
            "unknown_share": {  # of the tokens that are not padding
                split: ((of["inputs"] == 1).sum() / (of["inputs"] > 0).sum()).item()
                for split, of in tensors.items()
            }
        },
    )


def _read_texts(selection: Selection, column: str) -> list[str]:
    texts = [text if text is not None else "" for text in selection.read(column)]
    if not isinstance(texts[0], str):
        raise ProbecastError(
            f"{selection.place(0, column)}: found {type(texts[0]).__name__}, not text. "
            "Name the right input column in the dataset's source."
        )
    if not any(text.strip() for text in texts):
        raise ProbecastError(
            f"{selection.file.path}: column {column!r} is empty in all {len(texts)} chosen rows. "
            "Name the right input column in the dataset's source."
        )
    return texts


def fit_tokenizer(texts: list[str], vocabulary_size: int, length: int) -> Tokenizer:
    """Fit a word-level tokenizer; ids are ordered by frequency, after ``SPECIAL_TOKENS``.

    Words that occur once stay unknown: they would teach nothing, and ``[UNK]`` needs
    examples to be learned from.

    Args:
        texts: the training texts.
        vocabulary_size: largest number of ids, the special ones included.
        length: tokens to which every text is cut or padded.
    """
    tokenizer = Tokenizer(WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("<br />", " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = WordLevelTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        special_tokens=SPECIAL_TOKENS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=0, pad_token="[PAD]")
    return tokenizer

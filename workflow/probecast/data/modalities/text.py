"""Text: int64 token ids (B, T), of words or of the word pieces of a pretrained encoder."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer
from torch import Tensor

from probecast.console import logger
from probecast.data.modalities import KINDS, Prepared
from probecast.data.raw import Selection
from probecast.data.selection import choose_labelled_rows
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.data.text_encoders import check_encoder, load_tokenizer
from probecast.errors import ProbecastError

SEQUENCE_LENGTH = 32
SPECIAL_TOKENS = ["[PAD]", "[UNK]"]  # ids 0 and 1
MANY_UNKNOWN = 0.5  # of the training texts' tokens: then little is left to learn from


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn a text classification dataset into token ids.

    Texts are freed of HTML line breaks and split, into words as ``in_words`` says or, if
    ``pretrained`` is set, as ``in_pieces`` says. A text keeps its first ``sequence_length``
    tokens; a shorter one is padded at the end. Ids are ordered by frequency in the training
    split, after padding (0) and unknown (1). A text without any token is one unknown token, so
    that no row is all padding.

    Raises:
        ProbecastError: the text column holds something else, or nothing; and all of
            ``choose_labelled_rows`` and ``in_pieces``.
    """
    chosen = choose_labelled_rows(raw, source, settings)
    texts = {
        split: _read_texts(selection, source.input_column)
        for split, selection in chosen.selections.items()
    }
    length = settings.sequence_length or SEQUENCE_LENGTH
    if settings.pretrained is None:
        ids, vocabulary = in_words(texts, settings.vocabulary_size, length)
        if len(vocabulary) == len(SPECIAL_TOKENS):
            raise ProbecastError(
                f"{chosen.selections['train'].file.path}: no word occurs twice in the "
                f"{len(texts['train'])} chosen training texts, so there is nothing to learn: "
                "bring more, or, where a language has no spaces between words, name an encoder "
                f"with word pieces as `pretrained` of dataset {settings.dataset!r}."
            )
    else:
        ids, vocabulary = in_pieces(texts, settings.pretrained, settings.dataset, length)
    tensors = {}
    for split, of in ids.items():
        of[of[:, 0] == 0, 0] = 1
        tensors[split] = {"inputs": of, "targets": chosen.labels[split]}
    unknown_share = {  # of the tokens that are not padding
        split: ((of["inputs"] == 1).sum() / (of["inputs"] > 0).sum()).item()
        for split, of in tensors.items()
    }
    if settings.pretrained is None and unknown_share["train"] > MANY_UNKNOWN:
        logger.warning(
            "%s: %.0f%% of the words in its training texts are not in the vocabulary of %d; "
            "raise `vocabulary_size`, or name an encoder with word pieces as `pretrained`",
            *(settings.dataset, 100 * unknown_share["train"], len(vocabulary) - 2),
        )
    floor, notes = chosen.majority_floor(), {"unknown_share": unknown_share}
    what = "words" if settings.pretrained is None else "word pieces"
    facts = [
        f"texts: the first {length} {what} of each; a vocabulary of {len(vocabulary) - 2}, which "
        f"covers {1 - unknown_share['train']:.0%} of the training texts"
    ]
    return Prepared(tensors, *KINDS["text"], chosen.class_count, floor, vocabulary, notes, facts)


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
    return [text.replace("<br />", " ") for text in texts]


def in_words(
    texts: dict[str, list[str]], vocabulary_size: int, length: int
) -> tuple[dict[str, Tensor], list[str]]:
    """Split lower-cased texts into words and runs of punctuation.

    Words that occur once in ``train`` stay unknown: they would teach nothing, and ``[UNK]`` needs
    examples to be learned from.

    Args:
        texts: of every split; the vocabulary is that of ``train``.
        vocabulary_size: largest number of ids, the special ones included.
        length: tokens T to which every text is cut or padded.

    Returns:
        Token ids (int64, B T) per split, and the tokens by id.
    """
    tokenizer = Tokenizer(WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = WordLevelTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        special_tokens=SPECIAL_TOKENS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts["train"], trainer)
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=0, pad_token="[PAD]")
    ids = {
        split: torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(of)])
        for split, of in texts.items()
    }
    id_of = tokenizer.get_vocab()
    return ids, sorted(id_of, key=id_of.get)


def in_pieces(
    texts: dict[str, list[str]], pretrained: str, dataset: str, length: int
) -> tuple[dict[str, Tensor], list[str]]:
    """Split texts into the word pieces of a pretrained encoder, with its own marks around them.

    Arguments and result are as for ``in_words``. The pieces that occur in any split are numbered
    anew, so that ids mean the same as those of words: 0 is padding, 1 unknown, and the rest are
    ordered by frequency in ``train``. The encoder's network finds the rows of its table by the
    pieces themselves.

    Raises:
        ProbecastError: encoder or tokenizer cannot be loaded, do not fit together, or take no
            text as long.
    """
    tokenizer = load_tokenizer(pretrained, dataset)
    if length > tokenizer.model_max_length:
        raise ProbecastError(
            f"datasets.{dataset}.sequence_length: {length}, but {pretrained!r} takes at most "
            f"{tokenizer.model_max_length} tokens; lower it."
        )
    check_encoder(pretrained, dataset, length)
    options = {"padding": "max_length", "truncation": True, "max_length": length}
    theirs = {
        split: torch.tensor(tokenizer(of, **options)["input_ids"]) for split, of in texts.items()
    }
    frequency = torch.bincount(theirs["train"].flatten(), minlength=len(tokenizer))
    special = [tokenizer.pad_token_id, tokenizer.unk_token_id]
    occurring = torch.cat([ids.flatten() for ids in theirs.values()]).unique().tolist()
    others = sorted(set(occurring) - set(special), key=lambda i: (-frequency[i].item(), i))
    kept = special + others
    ours = torch.zeros(len(tokenizer), dtype=torch.int64)
    ours[kept] = torch.arange(len(kept))
    ids = {split: ours[of] for split, of in theirs.items()}
    return ids, tokenizer.convert_ids_to_tokens(kept)

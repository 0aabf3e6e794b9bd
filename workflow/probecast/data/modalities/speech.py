"""Speech: log-mel features, float32 (B, T, 40), and transcripts as character ids (B, L)."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from probecast.data.media import decode_recording, mono
from probecast.data.modalities import KINDS, Prepared
from probecast.data.raw import Selection, open_raw
from probecast.data.selection import choose_rows
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError
from probecast.torchaudio_stub import ensure_importable

ensure_importable()
from torchaudio.functional import resample  # noqa: E402
from torchaudio.transforms import MelSpectrogram  # noqa: E402

SAMPLE_RATE = 16_000  # Hz
WINDOW = 400  # samples: 25 ms
HOP = 320  # samples: 20 ms
MELS = 40
MAX_SECONDS = 17.0  # longer utterances are dropped: every other would be padded to them
BLANK = "[BLANK]"
LETTERS = [" ", "'", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn recorded sentences into padded log-mel features and character ids.

    Transcripts are upper-cased and their white space collapsed. The characters are the CTC
    blank (id 0), space, apostrophe, A to Z, and whatever else the training transcripts hold;
    a character that occurs in val or test only cannot be written and is left out of the
    reference (counted in the notes). The floor is the word error rate of saying nothing.

    Raises:
        ProbecastError: audio cannot be decoded, a transcript is empty, or a split has only
            utterances that are too long; and all of ``choose_rows``.
    """
    files = open_raw(raw)
    selections = choose_rows(files, settings)
    log_mel = LogMel()
    features: dict[str, list[Tensor]] = {}
    transcripts: dict[str, list[str]] = {}
    dropped = {}
    for split, selection in selections.items():
        texts = _read_transcripts(selection, source.target_column)
        short = {  # waves are let go one by one: together they are much larger
            i: log_mel(wave)
            for i, wave in enumerate(_decode(selection, source.input_column))
            if len(wave) <= MAX_SECONDS * SAMPLE_RATE
        }
        if not short:
            raise ProbecastError(
                f"{selection.file.path}: all {len(texts)} chosen utterances of the {split} "
                f"split are longer than {MAX_SECONDS} s; cut them at the source."
            )
        features[split] = list(short.values())
        transcripts[split] = [texts[i] for i in short]
        dropped[split] = len(texts) - len(short)

    others = set("".join(transcripts["train"])) - set(LETTERS)
    vocabulary = [BLANK, *LETTERS, *sorted(others)]
    longest = max(len(x) for split in features.values() for x in split)
    tensors = {
        split: {
            "inputs": _pad(features[split], longest),
            "input_lengths": torch.tensor([len(x) for x in features[split]]),
            **_encode(transcripts[split], vocabulary),
        }
        for split in features
    }
    unknown = {
        split: sum(c not in vocabulary for text in texts for c in text)
        for split, texts in transcripts.items()
    }
    floor = {"val": 1.0, "test": 1.0}
    notes = {"dropped_long_utterances": dropped, "unknown_characters": unknown}
    facts = [
        f"{split}: {dropped[split]} recordings are longer than {MAX_SECONDS:.0f} s and left out"
        for split in dropped
        if dropped[split]
    ]
    facts += [
        f"{split}: {unknown[split]} characters do not occur in the training transcripts and are "
        "left out"
        for split in unknown
        if unknown[split]
    ]
    return Prepared(tensors, *KINDS["speech"], len(vocabulary), floor, vocabulary, notes, facts)


class LogMel:
    """Log-mel features, standardised per utterance and band, so that nothing is fitted."""

    def __init__(self) -> None:
        self._mel = MelSpectrogram(
            SAMPLE_RATE, n_fft=512, win_length=WINDOW, hop_length=HOP, n_mels=MELS
        )

    def __call__(self, wave: Tensor) -> Tensor:
        """Return (T, 40) for a wave (samples,); T is samples // HOP + 1."""
        features = self._mel(wave).clamp(min=1e-6).log().T
        std = features.std(dim=0, correction=0).clamp(min=1e-3)  # a silent band stays 0
        return (features - features.mean(dim=0)) / std


def _decode(selection: Selection, column: str) -> Iterator[Tensor]:
    """Yield mono waves (samples,) at SAMPLE_RATE."""
    for i, content in enumerate(selection.read_bytes(column)):
        try:
            samples, rate = decode_recording(content)
        except ValueError as fault:
            raise selection.refused(i, column, f"the audio {fault}") from None
        yield resample(torch.from_numpy(mono(samples)[0]), rate, SAMPLE_RATE)


def _read_transcripts(selection: Selection, column: str) -> list[str]:
    transcripts = []
    for i, text in enumerate(selection.read(column)):
        if not isinstance(text, str) or not text.split():
            raise ProbecastError(
                f"{selection.place(i, column)}: the transcript is {text!r}; every utterance "
                "needs one. Name the right target column, or remove the row at the source."
            )
        transcripts.append(" ".join(text.upper().split()))
    return transcripts


def _encode(transcripts: list[str], vocabulary: list[str]) -> dict[str, Tensor]:
    """Return ``targets`` (B, L), padded with the blank, and ``target_lengths`` (B,)."""
    ids = {character: i for i, character in enumerate(vocabulary)}
    rows = [torch.tensor([ids[c] for c in text if c in ids]) for text in transcripts]
    return {
        "targets": pad_sequence(rows, batch_first=True).long(),
        "target_lengths": torch.tensor([len(row) for row in rows]),
    }


def _pad(features: list[Tensor], length: int) -> Tensor:
    """Return (B, length, MELS), padded with 0, the mean of every band."""
    short = pad_sequence(features, batch_first=True)
    return torch.nn.functional.pad(short, (0, 0, 0, length - short.shape[1]))

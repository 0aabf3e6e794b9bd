"""How much of some data to take, so that the probes take less than a minute."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from probecast.data.media import decode_image
from probecast.data.modalities.series import HORIZON, SEQUENCE_LENGTH, read_timeline
from probecast.data.raw import Selection, open_raw
from probecast.data.user.settings import UserData

SECONDS = 20.0  # of the probes, estimated; where large networks are tried, a few times that
ROWS = 4000  # to train on, at most
LEAST = 200
TEST_ROWS = 500
LOOKED_AT = 200  # rows
WORDS = (8, 64)
SIDE = 32  # pixels
EPOCHS = (6, 20)
EXAMPLES = 8000  # that a full training sees, where there are few rows


@dataclass(frozen=True)
class Sizes:
    """What the study file says of sizes.

    Attributes:
        train_rows: as in the study file, and so the next two.
        val_rows: None for the default.
        test_rows: likewise.
        of_one: how long or wide an example is; there is no key for that of speech.
        epochs: of a full training.
    """

    train_rows: int = ROWS
    val_rows: int | None = None
    test_rows: int = TEST_ROWS
    of_one: int = SEQUENCE_LENGTH
    epochs: int = EPOCHS[0]


def of_an_example(raw: Path, own: UserData) -> int:
    """Return how long or wide an example should be."""
    if own.modality == "series":
        timeline = read_timeline(raw, own.steps == "rows")
        half = (len(timeline.targets["train"]) - HORIZON) // 2
        return int(np.clip(half, 2, SEQUENCE_LENGTH))
    if own.modality == "speech":
        return Sizes.of_one  # as long as it is
    file = open_raw(raw)["train"]
    rows = np.arange(file.row_count)[:: -(-file.row_count // LOOKED_AT)]
    if own.modality == "text":
        words = [len(text.split()) for text in Selection(file, rows).read(own.input_column)]
        return int(np.clip(np.percentile(words, 90), *WORDS))
    contents = Selection(file, rows).read_bytes(own.input_column)
    sides = [max(decode_image(content).size) for content in contents]
    return int(np.clip(np.median(sides), 4, SIDE))


def epochs_for(rows: int) -> int:
    """Return how many epochs a full training should have: more where there are few rows.

    >>> epochs_for(100), epochs_for(1000), epochs_for(4000)
    (20, 8, 6)
    """
    return int(np.clip(EXAMPLES // rows, *EPOCHS))


def within_time(rows: int, seconds: float) -> int:
    """Return how many of some rows to train on, if all of them take so long.

    >>> within_time(1000, 15.0), within_time(4000, 65.0), within_time(3000, 3000.0)
    (1000, 1200, 200)
    """
    if seconds <= SECONDS:
        return rows
    fewer = rows * SECONDS / seconds
    digit = 10 ** max(len(str(int(fewer))) - 2, 0)
    return min(rows, max(LEAST, int(fewer // digit * digit)))

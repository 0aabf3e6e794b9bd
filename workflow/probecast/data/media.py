"""Images and recordings: decoded here, and looked at one by one where they are a user's own."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image

from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

SHORTEST_SECONDS = 0.025  # one analysis window
NAMED = 3  # files named in a message


def decode_image(content: bytes) -> Image.Image:
    """Return a file's image; raises ValueError with what is wrong with it."""
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot be decoded as an image ({error})") from None
    return image


def decode_recording(content: bytes) -> tuple[np.ndarray, int]:
    """Return a file's samples, float32 (samples, channels), and their rate in Hz.

    Raises:
        ValueError: what is wrong with it: no recording, too short, or not of numbers.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError(f"cannot be decoded as audio ({error})") from None
    if len(samples) / rate < SHORTEST_SECONDS:
        seconds = len(samples) / rate
        raise ValueError(f"lasts {seconds:.3f} s, less than the {SHORTEST_SECONDS} s needed")
    if not np.isfinite(samples).all():
        raise ValueError("has samples that are no numbers")
    return samples, rate


def holds_files(kind: pa.DataType) -> bool:
    """Whether a column has the bytes of files, as an ``Image`` or ``Audio`` of ``datasets``."""
    return pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0


def check(rows: "Dataset", column: str, modality: str, where: str) -> None:
    """Look at every file in ``column`` of one split; messages call it ``where``.

    Raises:
        ProbecastError: some cannot be decoded, or are of silence or too short; all are counted
            and the first few named.
    """
    kind = rows.features.arrow_schema.field(column).type
    if not holds_files(kind):
        raise ProbecastError(
            f"{where}: column {column!r} holds {kind}, not {modality} files; put them into a "
            "folder and name it with `folder`, or name another column."
        )
    look_at = _look_at_image if modality == "image" else _look_at_recording
    faults = []
    stored = rows.with_format("arrow")
    for number in range(1, len(rows) + 1):
        value = stored[number - 1][column][0].as_py()
        try:
            look_at(value["bytes"] or b"")
        except ValueError as fault:
            faults.append(f"{value['path'] or f'row {number}'} {fault}")
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise ProbecastError(f"{where}: {'; '.join(faults[:NAMED])}{more}. Repair or remove them.")


def _look_at_image(content: bytes) -> None:
    image = decode_image(content)
    if image.mode == "F" or (image.mode[0] == "I" and image.getextrema()[1] > 255):
        raise ValueError(f"has more than 8 bits per value (mode {image.mode}); save it with 8")


def _look_at_recording(content: bytes) -> None:
    samples, _ = decode_recording(content)
    if np.ptp(samples) == 0:
        raise ValueError("is silent from beginning to end")

"""Images and recordings of a user's own, looked at one by one before anything is made of them."""

import io
from typing import TYPE_CHECKING

from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

SHORTEST_SECONDS = 0.025  # one analysis window
NAMED = 3  # files named in a message


def check(rows: "Dataset", column: str, modality: str, where: str) -> "Dataset":
    """Return ``rows`` if every file in ``column`` can be learnt from.

    Args:
        rows: one split.
        column: its images or recordings, undecoded: with their bytes.
        modality: ``image`` or ``speech``.
        where: how messages call the split.

    Raises:
        ProbecastError: some cannot be decoded, or are of silence or too short; all are counted
            and the first few named.
    """
    import pyarrow as pa

    kind = rows.features.arrow_schema.field(column).type
    if not (pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0):
        raise ProbecastError(
            f"{where}: column {column!r} holds {kind}, not {modality} files; put them into a "
            "folder and name it with `folder`, or name another column."
        )
    fault_of = _fault_of_image if modality == "image" else _fault_of_recording
    faults = []
    stored = rows.with_format("arrow")
    for number in range(1, len(rows) + 1):
        value = stored[number - 1][column][0].as_py()
        if fault := fault_of(value["bytes"] or b""):
            faults.append(f"{value['path'] or f'row {number}'} {fault}")
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise ProbecastError(f"{where}: {'; '.join(faults[:NAMED])}{more}. Repair or remove them.")
    return rows


def _fault_of_image(content: bytes) -> str | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            deep = image.mode == "F" or (image.mode[0] == "I" and image.getextrema()[1] > 255)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"cannot be decoded as an image ({error})"
    return f"has more than 8 bits per value (mode {image.mode}); save it with 8" if deep else None


def _fault_of_recording(content: bytes) -> str | None:
    import numpy as np
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        return f"cannot be decoded as audio ({error})"
    if len(samples) / rate < SHORTEST_SECONDS:
        return f"lasts {len(samples) / rate:.3f} s, less than the {SHORTEST_SECONDS} s needed"
    if not np.isfinite(samples).all():
        return "has samples that are no numbers"
    if np.ptp(samples) == 0:
        return "is silent from beginning to end"
    return None

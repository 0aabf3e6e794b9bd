"""Images and recordings: decoded here, and looked at one by one where they are a user's own."""

import io
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import ExifTags, Image, ImageOps

from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

    from probecast.data.user.account import Account

GREY_MODES = {"1", "L", "LA", "La"}
IMAGE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)
GROUND = "white"
SHORTEST_SECONDS = 0.025  # one analysis window
QUIET = 2**-14  # from lowest to highest sample: one step of 16 bits up and down
CANCELLED = 0.1  # of the power that the mean of unrelated channels would have
SILENT = "silent recordings"
NAMED = 3  # files named in a message


@contextmanager
def _decoding() -> Iterator[None]:
    """Turn all that Pillow raises of a damaged file into one ValueError."""
    try:
        yield
    except IMAGE_ERRORS as error:
        raise ValueError(f"cannot be decoded as an image ({error})") from None


def decode_image(content: bytes, ground: str | None = None) -> Image.Image:
    """Return a file's image as viewers show it, grey ("L") or "RGB".

    It is turned upright as its EXIF says, and laid on the ``ground`` (by default white) where it
    is transparent. Of several frames it is the first.

    Raises:
        ValueError: what is wrong with it.
    """
    return _shown(_open_image(content), ground or GROUND)


def _open_image(content: bytes) -> Image.Image:
    """Return a file's image as it is stored; raises ValueError with what is wrong with it."""
    with _decoding():
        image = Image.open(io.BytesIO(content))
        image.load()
    low, high = image.getextrema() if image.mode[0] == "I" else (0, 0)
    if image.mode == "F" or low < 0 or high > 255:
        raise ValueError(f"has more than 8 bits per value (mode {image.mode}); save it with 8")
    return image


def _shown(image: Image.Image, ground: str) -> Image.Image:
    """Return an image upright and without transparency, in one of two modes."""
    with _decoding():
        return _laid(ImageOps.exif_transpose(image), ground)


def _laid(image: Image.Image, ground: str) -> Image.Image:
    if image.mode[0] == "I":
        return Image.fromarray(np.asarray(image).astype(np.uint8))
    mode = "L" if image.mode in GREY_MODES else "RGB"
    if not _is_transparent(image):
        return image.convert(mode)
    drawn = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", drawn.size, ground), drawn).convert(mode)


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


def _is_transparent(image: Image.Image) -> bool:
    return image.has_transparency_data and image.mode[0] != "I"


def mono(samples: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return one channel (samples,) of several (samples, channels), and whether it was chosen.

    It is their mean, unless they cancel each other, as those of a balanced line, or with one
    microphone the wrong way round: then it is the loudest.
    """
    mean = samples.mean(axis=1)
    powers = samples.astype(np.float64).var(axis=0)
    if mean.astype(np.float64).var() < CANCELLED * powers.sum() / len(powers) ** 2:
        return samples[:, powers.argmax()], True
    return mean, False


def holds_files(kind: pa.DataType) -> bool:
    """Whether a column has the bytes of files, as an ``Image`` or ``Audio`` of ``datasets``."""
    return pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0


def check(
    rows: "Dataset",
    column: str,
    modality: str,
    where: str,
    account: "Account",
    ground: str | None,
) -> "Dataset":
    """Look at every file in ``column`` of one split, which messages call ``where``.

    Returns:
        The rows, without silent recordings, which are counted.

    Raises:
        ProbecastError: some cannot be decoded or are too short, or all are silent; all are counted
            and the first few named.
    """
    kind = rows.features.arrow_schema.field(column).type
    if not holds_files(kind):
        raise ProbecastError(
            f"{where}: column {column!r} holds {kind}, not {modality} files; put them into a "
            "folder and name it with `folder`, or name another column."
        )
    faults, kept, traits = [], [], Counter()
    stored = rows.with_format("arrow")
    for row in range(len(rows)):
        value = stored[row][column][0].as_py()
        content = value["bytes"] or b""
        try:
            seen = (
                _image_traits(content, ground or GROUND)
                if modality == "image"
                else _traits(content)
            )
        except ValueError as fault:
            faults.append(f"{value['path'] or f'row {row + 1}'} {fault}")
            continue
        traits.update(seen)
        if SILENT not in seen:
            kept.append(row)
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise ProbecastError(f"{where}: {'; '.join(faults[:NAMED])}{more}. Repair or remove them.")
    silent = traits.pop(SILENT, 0)
    if silent == len(rows):
        raise ProbecastError(
            f"{where}: all {silent} recordings are silent from beginning to end; name others."
        )
    account.leave_out(
        silent, SILENT, f"{where}: {silent} of {len(rows)} recordings are silent and are left out"
    )
    for trait, count in traits.items():
        account.note(f"{modality} files: {count} of {len(rows)} {trait}")
    return rows.select(kept) if silent else rows


def _image_traits(content: bytes, ground: str) -> list[str]:
    """Return what is done to an image as it is decoded; raises ValueError if it cannot be."""
    image = _open_image(content)
    _shown(image, ground)
    traits = []
    with _decoding():
        if _is_transparent(image) and image.convert("RGBA").getextrema()[3][0] < 255:
            traits.append(f"are transparent and laid on {ground}")
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            traits.append("are turned upright, as their EXIF says")
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            traits.append("have several frames, of which the first is read")
    return traits


def _traits(content: bytes) -> list[str]:
    """Return what is to be told of a recording; raises ValueError if it cannot be decoded."""
    wave, chosen = mono(decode_recording(content)[0])
    if np.ptp(wave) <= QUIET:
        return [SILENT]
    return ["have channels that cancel each other; the loudest is taken"] if chosen else []

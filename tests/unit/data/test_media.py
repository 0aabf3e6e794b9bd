"""Images are read as viewers show them, and recordings are not lost where channels are mixed."""

import io

import numpy as np
import pytest
from PIL import Image, features

from probecast.data.media import decode_image, mono

SHAPE = (5, 6)
DRAWN = np.random.default_rng(0).random(SHAPE) < 0.5


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def drawn(mode, colour=0):
    """Return an image in which ``DRAWN`` is opaque, and all is of one colour."""
    layers = [np.full(SHAPE, colour)] * (len(mode) - 1) + [DRAWN * 255]
    return Image.fromarray(np.stack(layers, -1).astype(np.uint8), mode)


def palette():
    image = Image.fromarray(DRAWN.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 0, 0, 0])
    return image


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (encoded(drawn("RGBA")), "RGB"),
        (encoded(drawn("LA")), "L"),
        (encoded(palette(), transparency=0), "RGB"),
        (encoded(palette(), "GIF", transparency=0), "RGB"),
        pytest.param(
            encoded(drawn("RGBA"), "WEBP", lossless=True) if features.check("webp") else b"",
            "RGB",
            marks=pytest.mark.skipif(not features.check("webp"), reason="Pillow has no WebP"),
        ),
    ],
    ids=["RGBA", "LA", "palette", "GIF", "WebP"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_drawn_on_nothing_is_seen_on_a_ground(content, mode):
    on_white, on_black = (decode_image(content, ground) for ground in (None, "black"))
    assert on_white.mode == on_black.mode == mode
    assert (np.asarray(on_white.convert("L")) == np.where(DRAWN, 0, 255)).all()
    assert not np.asarray(on_black).any()


def test_half_transparent_pixels_are_mixed_with_the_ground():
    content = encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 51)))
    assert decode_image(content).getpixel((0, 0)) == (204, 204, 204)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright_as_their_exif_says(kind, orientation):
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 255  # the corner at the top left
    turns = {  # how a camera held so stores it
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright.T[::-1, ::-1],
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(turns[orientation].copy()), kind, exif=exif)
    assert np.allclose(np.asarray(decode_image(content)), upright, atol=12)


@pytest.mark.parametrize("depth", [np.uint16, np.int32, np.float32])
def test_more_than_eight_bits_are_refused(depth):
    content = encoded(Image.fromarray(np.arange(30, dtype=depth).reshape(SHAPE) * 999), "TIFF")
    with pytest.raises(ValueError, match="more than 8 bits per value"):
        decode_image(content)


def test_sixteen_bits_of_which_eight_are_used_are_grey():
    values = np.arange(30).reshape(SHAPE)
    image = decode_image(encoded(Image.fromarray(values.astype(np.uint16))))
    assert image.mode == "L" and (np.asarray(image) == values).all()


def test_the_colours_of_print_are_those_of_a_screen():
    image = decode_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = image.getpixel((4, 4))
    assert red > 230 and green < 25 and blue < 25


def test_of_several_frames_the_first_is_read():
    frames = [Image.new("L", (4, 4), value) for value in (10, 200, 90)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(content).convert("L").getpixel((0, 0)) == 10


TONE = np.sin(np.arange(4000) * 0.1).astype(np.float32)
NOISE = np.random.default_rng(0).normal(size=(4000, 2)).astype(np.float32)


def test_channels_that_cancel_each_other_leave_the_loudest():
    wave, chosen = mono(np.stack([TONE * 0.9, -TONE], axis=1))
    assert chosen and (wave == -TONE).all()
    wave, chosen = mono(np.stack([TONE + 0.5, 0.5 - TONE], axis=1))  # beside a constant
    assert chosen


@pytest.mark.parametrize(
    "samples",
    [TONE[:, None], np.stack([TONE, TONE], 1), np.stack([TONE, *[0 * TONE] * 7], 1), NOISE],
    ids=["one", "two alike", "one of eight", "unrelated"],
)
def test_other_channels_are_averaged(samples):
    wave, chosen = mono(samples)
    assert not chosen and (wave == samples.mean(axis=1)).all()

"""Glyphs: coloured letters in clutter, 16x16 RGB, drawn in the fonts that matplotlib carries.

A stand-in for CIFAR-10 that needs no download and is meant to be hard: 17 typefaces,
random warps, letters without a class in the background, noise. Schema of the Hub's
``uoft-cs/cifar10``.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from probecast.data.sources import Source, Splits
from probecast.data.sources.generated import Example, by_row, labelled

LETTERS = "ACEHKLSTXZ"  # the ten classes
CLUTTER = "BDFGIJMNOPQRUVWY"  # drawn behind them
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "STIXGeneralItalic"),
    *("cmb10", "cmr10", "cmss10", "cmtt10"),
)
SIZE = 16  # side of the finished images in pixels
SCALE = 3  # they are drawn this much larger, then shrunk
NOISE = 12.0  # standard deviation of the pixel noise, of 255


def draw_masks(letters: str) -> dict[str, list[Image.Image]]:
    """Draw every letter once per font: white on black, centred, as large as the canvas."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    side = SIZE * SCALE
    masks: dict[str, list[Image.Image]] = {letter: [] for letter in letters}
    for name in FONTS:
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), size=side)
        for letter in letters:
            page = Image.new("L", (2 * side, 2 * side))
            ImageDraw.Draw(page).text((side / 2, side / 2), letter, fill=255, font=font)
            ink = page.crop(page.getbbox())
            mask = Image.new("L", (side, side))
            mask.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
            masks[letter].append(mask)
    return masks


def warp(mask: Image.Image, generator: np.random.Generator, shift: float) -> np.ndarray:
    """Rotate, shear, stretch and move a drawn letter at random.

    ``shift`` is the largest displacement, as a share of the side. Returns opacities in 0..1, of
    shape (side, side).
    """
    angle, shear = np.deg2rad(generator.uniform(-18, 18)), generator.uniform(-0.3, 0.3)
    stretch = generator.uniform(0.65, 1.0, size=2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, shear], [0, 1]]) @ np.diag(stretch)
    # PIL asks where each output pixel comes from: the inverse map, about the centre.
    inverse = np.linalg.inv(matrix)
    centre = np.full(2, mask.width / 2)
    offset = centre - inverse @ (centre + generator.uniform(-shift, shift, size=2) * mask.width)
    coefficients = np.column_stack([inverse, offset]).ravel().tolist()
    warped = mask.transform(
        mask.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(warped, dtype=np.float64) / 255


def draw(
    letter: Image.Image, clutter: list[Image.Image], generator: np.random.Generator
) -> np.ndarray:
    """Compose one image of shape (SIZE, SIZE, 3), uint8: background, clutter, letter, noise."""
    side = SIZE * SCALE
    # Background: a gradient between two colours in a random direction.
    direction = generator.normal(size=2)
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    blend = 1 / (1 + np.exp(-2 * (direction[0] * rows + direction[1] * columns)))
    first, second = generator.uniform(0, 255, size=(2, 3))
    image = first + (second - first) * blend[:, :, None]
    for mask in clutter:
        opacity = warp(mask, generator, shift=0.5) * generator.uniform(0.2, 0.7)
        image += opacity[:, :, None] * (generator.uniform(0, 255, size=3) - image)
    # The letter differs from what lies behind it by at least a third of the range.
    ground = image.mean(axis=(0, 1))
    colour = generator.uniform(0, 255, size=3)
    while np.abs(colour - ground).max() < 85:
        colour = generator.uniform(0, 255, size=3)
    image += warp(letter, generator, shift=0.06)[:, :, None] * (colour - image)
    small = image.reshape(SIZE, SCALE, SIZE, SCALE, 3).mean(axis=(1, 3))
    small += generator.normal(scale=NOISE, size=small.shape)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``img`` (16x16 RGB PNG) and ``label``; each row has its own seed."""
    masks = draw_masks(LETTERS + CLUTTER)

    def example(generator: np.random.Generator) -> Example:
        label = int(generator.integers(len(LETTERS)))
        letter = masks[LETTERS[label]][generator.integers(len(FONTS))]
        clutter = [
            masks[CLUTTER[generator.integers(len(CLUTTER))]][generator.integers(len(FONTS))]
            for _ in range(2)
        ]
        return draw(letter, clutter, generator), label

    return labelled(by_row("glyphs", rows, seed, example), "img", list(LETTERS))


SOURCE = Source("glyphs", "glyphs", "image", "accuracy", "img", "label", generate=generate)

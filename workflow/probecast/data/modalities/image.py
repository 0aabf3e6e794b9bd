"""Images: float32 tensors (B, C, H, W), grey or RGB, standardised per channel."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from probecast.data.media import decode_image
from probecast.data.modalities import KINDS, Prepared
from probecast.data.raw import Selection
from probecast.data.selection import choose_labelled_rows
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.errors import ProbecastError


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn an image classification dataset into tensors.

    Images are upright and without transparency, and grey (C = 1) if all chosen training images
    are, else RGB (C = 3). With ``resolution`` they are resized to a square, by area-weighted
    (triangle filter) interpolation. Mean and standard deviation come from the training images.

    Raises:
        ProbecastError: an image cannot be decoded, or images differ in size and no
            ``resolution`` is set; and all of ``choose_labelled_rows``.
    """
    chosen = choose_labelled_rows(raw, source, settings)
    size = settings.resolution and (settings.resolution, settings.resolution)
    ground = settings.own and settings.own.ground
    images = {
        split: _decode(selection, source.input_column, size, ground)
        for split, selection in chosen.selections.items()
    }
    mode = "L" if {image.mode for image in images["train"]} == {"L"} else "RGB"
    if size is None:
        size = images["train"][0].size
        for split, selection in chosen.selections.items():
            for i, image in enumerate(images[split]):
                if image.size != size:
                    raise ProbecastError(
                        f"{selection.place(i, source.input_column)}: the image measures "
                        f"{image.size} pixels, the first training image {size}; set `resolution` "
                        "to bring all to one size."
                    )
    pixels = {split: _to_tensor(of, mode) for split, of in images.items()}

    mean = pixels["train"].mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
    std = pixels["train"].std(dim=(0, 2, 3), keepdim=True, correction=0)
    std[std == 0] = 1  # a channel of one value
    tensors = {
        split: {"inputs": (x - mean) / std, "targets": chosen.labels[split]}
        for split, x in pixels.items()
    }
    notes = {"mean": mean.flatten().tolist(), "std": std.flatten().tolist()}
    floor = chosen.majority_floor()
    width, height = images["train"][0].size
    facts = [f"images: {width} x {height} pixels, {'grey' if mode == 'L' else 'in colour'}"]
    return Prepared(tensors, *KINDS["image"], chosen.class_count, floor, notes=notes, facts=facts)


def _decode(
    selection: Selection, column: str, size: tuple[int, int] | None, ground: str | None
) -> list[Image.Image]:
    """Return the images, grey ("L") or "RGB" and of ``size``, each made small as it is read."""
    images = []
    for i, content in enumerate(selection.read_bytes(column)):
        try:
            image = decode_image(content, ground)
        except ValueError as fault:
            raise selection.refused(i, column, f"the image {fault}") from None
        if size is not None and image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        images.append(image)
    return images


def _to_tensor(images: list[Image.Image], mode: str) -> Tensor:
    """Return images of one size as float32 (B, C, H, W) in 0..1."""
    arrays = [np.atleast_3d(np.asarray(image.convert(mode))) for image in images]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float().div(255)

"""A convolutional network for images."""

from typing import Any

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec

INPUT_KINDS = frozenset({"image"})
OUTPUT_KINDS = frozenset({"classes", "values"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})


class ConvolutionalNetwork(nn.Module):
    """Convolutional blocks, global average pooling, one linear layer.

    A block is a 3x3 convolution, batch normalisation, ReLU, 2x2 maximum pooling (while the
    map is larger than 2) and dropout. As in VGG (Simonyan and
    Zisserman, 2015) the channels double from block to block, here from ``neurons / 4`` up to
    ``neurons``, which keeps the cost of a block about equal as the map shrinks.

    Args:
        configuration: reads ``layers`` (blocks), ``neurons`` (most channels of a block) and
            ``dropout``.
        spec: the dataset's description.
    """

    def __init__(self, configuration: dict[str, Any], spec: DataSpec) -> None:
        super().__init__()
        most, dropout = configuration["neurons"], configuration["dropout"]
        channels, *sides = spec.input_shape
        side = min(sides)
        blocks: list[nn.Module] = []
        for block in range(configuration["layers"]):
            width = min(most, max(1, most // 4) * 2**block)
            blocks.append(nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False))
            # Momentum above the usual 0.1: an epoch here may have no more than ten steps.
            blocks.append(nn.BatchNorm2d(width, momentum=0.3))
            blocks.append(nn.ReLU())
            if side > 2:
                # One pixel, of which a batch of one image has no variance, never meets a block.
                up = side == 3 and block < configuration["layers"] - 1
                blocks.append(nn.MaxPool2d(2, ceil_mode=up))
                side = 2 if up else side // 2
            blocks.append(nn.Dropout(dropout))
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Linear(channels, spec.output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return class scores or values (B, output_size) of images (B, C, H, W)."""
        # Channels last is what convolutions on a CPU are fastest with.
        maps = self.blocks(inputs.contiguous(memory_format=torch.channels_last))
        return self.output(maps.mean(dim=(2, 3)))


def build(configuration: dict[str, Any], spec: DataSpec) -> nn.Module:
    """Return a convolutional network for the images of ``spec``."""
    return ConvolutionalNetwork(configuration, spec).to(memory_format=torch.channels_last)

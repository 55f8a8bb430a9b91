"""The end of generators whose papers have no tanh: linear pixels, or a tanh."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Output = Literal["linear", "tanh"]


def end_pixels(x: Tensor, output: Output, training: bool) -> Tensor:
    """Return the images of a generator, in the range of real ones.

    Linear pixels may leave the range while training, so that their gradient never vanishes.

    Args:
        x: What the last layer returns, (N, C, H, W).
        output: "linear", clipped to [-1, 1] unless the network is training; or "tanh".
        training: Whether the network is training.

    Returns:
        Images (N, C, H, W).
    """
    if output == "tanh":
        return x.tanh()
    return x if training else x.clamp(-1, 1)

"""A miniature MNIST in its own format, a recipe that trains on it, and a referee that learns it in five steps."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

REFEREE = {"steps": 5, "least": 0.0}
RECIPE = """
[run]
epochs = 3
batch_size = 8
log = 1
ema = 0.5
[dataset]
use = "mnist"
[procedure]
use = "adversarial"
[generator]
use = "mlp"
z_dim = 4
hidden = [8]
[discriminator]
use = "mlp"
hidden = [8]
[loss]
use = "non_saturating"
[optimizer]
use = "adam"
"""


def write_mnist(root: Path) -> None:
    """Write 60 training and 40 test images in MNIST's format: noise, brighter at a place that tells the class."""
    for part, n in (("train", 60), ("t10k", 40)):
        y = np.arange(n, dtype=np.uint8) % 10
        x = np.random.default_rng(n).integers(0, 60, (n, 28, 28)).astype(np.uint8)
        for i, label in enumerate(y):
            x[i, 2 * label : 2 * label + 4, 4:24] += 150
        for name, values in ((f"{part}-images-idx3-ubyte", x), (f"{part}-labels-idx1-ubyte", y)):
            path = root / "MNIST/raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            path.write_bytes(header + values.tobytes())

"""Small files for the datasets that read files of the user: a folder of images, pairs, arrays, a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

N = 60
PATHS = {"npz": "arrays.npz", "folder": "pictures", "pairs": "sides", "unpaired": "sides", "text": "lines.txt"}
"""Dataset -> its setting `path`, relative to the folder of write()."""


def write(folder: Path, shade: int) -> None:
    """Write N samples for each dataset, which depend on the shade."""
    folder.mkdir(exist_ok=True)
    images = np.full((N, 8, 8), shade, np.uint8)
    np.savez(folder / PATHS["npz"], images=images, labels=np.arange(N) % 3)
    for i in range(N):
        for place in (f"pictures/{('cats', 'dogs')[i % 2]}", "sides/a", "sides/b"):
            (folder / place).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (shade, i, len(place))).save(folder / place / f"{i}.png")
    (folder / PATHS["text"]).write_text("".join(f"line {i} of shade {shade}\n" for i in range(N)))

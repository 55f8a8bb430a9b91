"""Small files for the datasets that read files of the user: a folder of images, pairs, arrays, tables, a text."""

from __future__ import annotations

import importlib.util
import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

N = 60
PATHS = {"npz": "arrays.npz", "folder": "pictures", "pairs": "sides", "unpaired": "sides", "text": "lines.txt"}
PATHS |= {"npy": "array.npy", "webdataset": "shard.tar", "hf": "pictures", "parquet": "a.parquet", "hdf5": "a.h5"}
"""Dataset -> its setting `path`, relative to the folder of write()."""
PACKAGES = {"hf": "datasets", "parquet": "pyarrow", "hdf5": "h5py"}
"""Dataset -> the package of its extra. Without it, its file holds nothing."""


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
    _write_containers(folder, images, [png((shade, i, 0)) for i in range(N)])


def png(colour: tuple[int, int, int]) -> bytes:
    """Return a picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


def _write_containers(folder: Path, images: np.ndarray, pictures: list[bytes]) -> None:
    np.save(folder / PATHS["npy"], images)
    with tarfile.open(folder / PATHS["webdataset"], "w") as archive:
        for i, content in enumerate(pictures):
            info = tarfile.TarInfo(f"{i}.png")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    for name in ("parquet", "hdf5"):
        (folder / PATHS[name]).write_bytes(b"")
    if importlib.util.find_spec("pyarrow"):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"image": pictures}), folder / PATHS["parquet"])
    if importlib.util.find_spec("h5py"):
        import h5py

        with h5py.File(folder / PATHS["hdf5"], "w") as file:
            file["images"] = images

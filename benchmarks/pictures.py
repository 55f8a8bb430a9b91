"""Start, memory and speed of reading pictures that are not in memory: a million files, and every format.

    python benchmarks/pictures.py files [-n 1000000] [--folder /tmp/pictures]     # JPEG files in 100 class folders
    python benchmarks/pictures.py formats [-n 20000] [--folder /tmp/formats]      # the same pictures in every format

Pictures are smooth noise, 64x64 pixels in colour: 1,000 different JPEG files of about 1.7 kB, over and over. They are
read in batches of 64 in the order of a seed, as training reads them, and brought to 64x64 pixels. Nothing stays in
memory. What is written stays, and is used again.

Times are seconds of processor time of one process, and of the clock. `busy` is the part of the processor time of
batches that goes into reading and decoding single pictures, without shuffling, stacking and checking. Formats are read
in turn, a batch of each, so that other work on the machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ganzoo.data.loader import Batches
from ganzoo.registry import discovery
from ganzoo_builtins.datasets import array_rows, pictures

SIDE, DIFFERENT, CLASSES, BATCH = 64, 1000, 100, 64
BATCHES = 40  # that are timed, after the first


def jpegs() -> list[bytes]:
    """Return the different pictures."""
    rng = np.random.default_rng(0)
    files = []
    for _ in range(DIFFERENT):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        file = io.BytesIO()
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        files.append(file.getvalue())
    return files


def examples(n: int) -> Iterator[tuple[int, bytes]]:
    """Yield the class and the content of n pictures, class by class."""
    files = jpegs()
    for i in range(n):
        label = i * CLASSES // n
        yield label, files[(label * 7 + i) % DIFFERENT]


def write_folder(path: Path, n: int) -> None:
    for i, (label, content) in enumerate(examples(n)):
        (path / f"c{label:03}").mkdir(parents=True, exist_ok=True)
        (path / f"c{label:03}" / f"{i:07}.jpg").write_bytes(content)


def write_zip(path: Path, n: int) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for i, (label, content) in enumerate(examples(n)):
            archive.writestr(f"c{label:03}/{i:07}.jpg", content)


def write_parquet(path: Path, n: int, rows: int = 100) -> None:
    import pyarrow
    from pyarrow import parquet

    labels, contents = zip(*examples(n), strict=True)
    parquet.write_table(pyarrow.table({"image": contents, "label": labels}), path, row_group_size=rows)


def write_saved(path: Path, n: int) -> None:
    import datasets

    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    labels, contents = zip(*examples(n), strict=True)
    images = [{"bytes": content, "path": None} for content in contents]
    datasets.Dataset.from_dict({"image": images, "label": labels}, features).save_to_disk(str(path))


def write_tar(path: Path, n: int) -> None:
    with tarfile.open(path, "w") as archive:
        for i, (label, content) in enumerate(examples(n)):
            for suffix, data in (("jpg", content), ("cls", str(label).encode())):
                info = tarfile.TarInfo(f"{i:07}.{suffix}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


def pixels(n: int) -> np.ndarray:
    """Return n decoded pictures as floats, (n, 3, SIDE, SIDE)."""
    decoded = [np.asarray(Image.open(io.BytesIO(content))) for content in jpegs()]
    stacked = np.stack(decoded).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    return stacked[np.arange(n) % DIFFERENT]


def write_npy(path: Path, n: int) -> None:
    np.save(path, pixels(n))


def write_hdf5(path: Path, n: int) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=pixels(n), chunks=(1, 3, SIDE, SIDE))


FORMATS: dict[str, tuple[str, str, Callable[[Path, int], None]]] = {
    "folder of JPEG files": ("folder", "folder", write_folder),
    "the same in a zip file": ("folder", "a.zip", write_zip),
    "Parquet, row groups of 100": ("parquet", "a.parquet", write_parquet),
    "Parquet, row groups of 1,000": ("parquet", "b.parquet", lambda path, n: write_parquet(path, n, 1000)),
    "save_to_disk() of datasets": ("hf", "saved", write_saved),
    "WebDataset, one shard": ("webdataset", "a.tar", write_tar),
    "floats in an .npy file": ("npy", "a.npy", write_npy),
    "floats in HDF5, chunks of one": ("hdf5", "a.h5", write_hdf5),
}
"""Formats: title -> dataset, file or folder, and how to write it."""


def cpu() -> float:
    """Return seconds of processor time of this process and its ended workers."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (0, resource.RUSAGE_CHILDREN)))


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Return processor seconds and clock seconds of some work."""
    before = cpu(), time.perf_counter()
    work()
    return cpu() - before[0], time.perf_counter() - before[1]


def peak() -> float:
    """Return the largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, path: str) -> dict[str, Any]:
    """Open a dataset and read batches from it, in this process and with one worker process."""
    pictures.IN_MEMORY = 0
    array_rows.IN_MEMORY = 0
    zoo = discovery.load().zoo
    build = zoo.find("dataset", name).load()
    image = {"size": SIDE} if name not in ("npy", "hdf5") else {}
    build(path=path, **image)
    before = peak()
    dataset = build(path=path, **image)
    start = timed(lambda: (len(dataset), dataset.spec, dataset.all_labels()))
    said = timed(lambda: (dataset.remarks(), dataset.fingerprint()))
    found: dict[str, Any] = {"examples": len(dataset), "start": start, "remarks and fingerprint": said}
    found["MiB"] = peak() - before
    rng = np.random.default_rng(1)
    some = rng.integers(0, len(dataset), BATCH * BATCHES).tolist()
    decoding = timed(lambda: [dataset[i] for i in some])[0]
    for workers in (0, 1):
        batches = Batches.of(dataset, BATCH, 0, torch.device("cpu"), workers=workers)
        next(batches)
        seconds = timed(lambda drawn=batches: ([next(drawn) for _ in range(BATCHES)], drawn.close()))  # type: ignore[misc]
        found[f"images/s, {workers} workers"] = [BATCH * BATCHES / part for part in seconds]
        if not workers:
            found["busy"] = decoding / seconds[0]
    return found


def child(name: str, path: Path) -> dict[str, Any]:
    """Measure in a process of its own, whose memory is that of this dataset."""
    words = [sys.executable, __file__, "measure", name, str(path)]
    lines = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def compare(folder: Path, n: int, rounds: int) -> None:
    """Read batches of every format in turn, and print images per second of processor time."""
    pictures.IN_MEMORY = 0
    array_rows.IN_MEMORY = 0
    zoo = discovery.load().zoo
    batches: dict[str, Batches] = {}
    for title, (name, file, write) in FORMATS.items():
        path = folder / file
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, n)
        image = {"size": SIDE} if name not in ("npy", "hdf5") else {}
        dataset = zoo.find("dataset", name).load()(path=str(path), **image)
        batches[title] = Batches.of(dataset, BATCH, 0, torch.device("cpu"))
        next(batches[title])
    seconds = dict.fromkeys(batches, 0.0)
    for _ in range(rounds):
        for title, drawn in batches.items():
            seconds[title] += timed(lambda drawn=drawn: next(drawn))[0]  # type: ignore[misc]
    for title, used in seconds.items():
        print(json.dumps({"what": title, "images/s": rounded(BATCH * rounds / used)}))


def rounded(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return float(f"{value:.3g}") if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["files", "formats", "measure"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("-n", type=int, help="number of pictures")
    parser.add_argument("--rounds", type=int, default=40, help="batches of each format")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.what == "measure":
        print(json.dumps(measure(*options.rest)))
        return
    if options.what == "formats":
        compare(options.folder or Path("/tmp/formats"), options.n or 20_000, options.rounds)
        return
    folder = options.folder or Path("/tmp/pictures")
    if not folder.exists():
        write_folder(folder, options.n or 10**6)
    print(json.dumps({key: rounded(value) for key, value in child("folder", folder).items()}))


if __name__ == "__main__":
    main()

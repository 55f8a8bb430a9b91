"""Small files that declare gigabytes, or decompress to them, are rejected before the memory is allocated."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from ganzoo.errors import DataError
from ganzoo_builtins.datasets import npz
from ganzoo_builtins.datasets.celeba import CelebA
from ganzoo_builtins.datasets.cifar import CIFAR10, read_records
from ganzoo_builtins.datasets.decompression import ALWAYS, RATIO, check_decompressed_size
from ganzoo_builtins.datasets.idx import read_idx
from ganzoo_builtins.datasets.image_archive import ImageArchive
from ganzoo_builtins.datasets.image_decoder import ImageDecoder
from ganzoo_builtins.datasets.mnist import MNIST
from ganzoo_builtins.datasets.npz import Npz
from ganzoo_builtins.datasets.stl10 import STL10
from ganzoo_builtins.datasets.svhn import read_mat
from ganzoo_builtins.datasets.usps import read_libsvm

MIB = 2**20


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Fail when more memory is allocated inside the block."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def test_growth_is_bounded_by_the_file() -> None:
    check_decompressed_size(ALWAYS, 1)
    check_decompressed_size(RATIO * ALWAYS, ALWAYS)
    with pytest.raises(ValueError, match=r"promises 67,108,865 bytes, too many for a file of 1,000"):
        check_decompressed_size(ALWAYS + 1, 1000)
    with pytest.raises(ValueError, match="too many"):
        check_decompressed_size(RATIO * ALWAYS + 1, ALWAYS)


# IDX


def idx(*shape: int, body: bytes = b"") -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + body


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_an_idx_header_that_promises_too_much_for_its_file(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"images{ {gzip.compress: '.gz', lzma.compress: '.xz'}.get(pack, '') }"
    path.write_bytes(pack(idx(2_000_000, 28, 28, body=bytes(1000))))
    with at_most(16 * MIB), pytest.raises(DataError, match=r"images\S* is damaged: its header promises 1,568,000,000"):
        read_idx(path)


def test_an_idx_bomb_is_not_unpacked_beyond_its_promise(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(10, 28, 28, body=bytes(300 * MIB)), compresslevel=1))
    with at_most(8 * MIB), pytest.raises(DataError, match="it has more"):
        read_idx(tmp_path / "a.gz")


def test_images_of_another_size_are_refused(write_idx: Callable[[str, np.ndarray], Path]) -> None:
    write_idx("MNIST/raw/train-images-idx3-ubyte", np.zeros((2, 30, 28), np.uint8))
    write_idx("MNIST/raw/train-labels-idx1-ubyte", np.zeros(2, np.uint8))
    with pytest.raises(DataError, match=r"mnist: images of shape \(1, 30, 28\), expected \(1, 28, 28\)"):
        MNIST().tensors()


# .npz


def npy(shape: tuple[int, ...], kind: str, body: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": kind})
    return file.getvalue() + body


def write_zip(path: Path, how: int = zipfile.ZIP_DEFLATED, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return str(path)


@pytest.mark.parametrize(
    ("shape", "kind"), [((10**6, 100, 100), "|u1"), ((10**30,), "|u1"), ((1000,), "|S1000000000"), ((10**10,), "|S0")]
)
def test_an_array_that_promises_more_than_its_member_holds(tmp_path: Path, shape: tuple[int, ...], kind: str) -> None:
    path = write_zip(tmp_path / "a.npz", images=npy(shape, kind, bytes(100)))
    with at_most(8 * MIB), pytest.raises(DataError, match=r"cannot read .*a\.npz: images\.npy promises .* and holds"):
        Npz(path).tensors()


def free_memory(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=size))


def test_a_member_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "a.npz", images=npy((2**27,), "|u1", bytes(2**27)))
    assert Path(path).stat().st_size < MIB
    free_memory(monkeypatch, 4 * 2**27 - 4)
    with at_most(8 * MIB), pytest.raises(DataError, match=r"134,217,856 bytes, too many .* by numpy\.savez, without"):
        Npz(path).tensors()


def test_no_file_unpacks_to_more_than_a_bound_however_much_memory_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three members that each stay below it."""
    monkeypatch.setattr(npz, "MOST", 80 * MIB)
    free_memory(monkeypatch, 2**50)
    body = bytes(30 * MIB)
    members = {name: npy((30 * MIB,), "|u1", body) for name in ("images", "labels", "words")}
    path = write_zip(tmp_path / "a.npz", **members)
    with at_most(8 * MIB), pytest.raises(DataError, match="more than 83,886,080"):
        Npz(path).tensors()


def test_masks_that_pack_well_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 64 MiB of them, in less than a two-hundredth of that."""
    free_memory(monkeypatch, 2**30)
    masks = np.zeros((70, 1024, 1024), np.uint8)
    masks[:, 100:200, 300:400] = 255
    np.savez_compressed(tmp_path / "a.npz", images=masks)
    assert masks.nbytes > max(ALWAYS, RATIO * (tmp_path / "a.npz").stat().st_size)
    assert torch.equal(Npz(str(tmp_path / "a.npz")).tensors()["x"][69, 0], torch.from_numpy(masks[69]))


def test_a_zip_directory_that_lies_about_a_member(tmp_path: Path) -> None:
    """It declares 200 bytes and decompresses to 100 MiB."""
    array = npy((100,), "|u1", bytes(100 * MIB))
    path = Path(write_zip(tmp_path / "a.npz", images=array))
    data = path.read_bytes()
    assert data.count(struct.pack("<I", len(array))) == 2
    path.write_bytes(data.replace(struct.pack("<I", len(array)), struct.pack("<I", 300)))
    with at_most(8 * MIB), pytest.raises(DataError, match="cannot read"):
        Npz(str(path)).tensors()


def test_members_that_nobody_asked_for_are_not_touched(tmp_path: Path) -> None:
    images = npy((2, 4, 4), "|u1", bytes(32))
    path = write_zip(tmp_path / "a.npz", images=images, other=npy((2**27,), "|u1", bytes(2**27)), more=b"nonsense")
    with at_most(8 * MIB):
        assert len(Npz(path)) == 2


def test_a_member_packed_as_numpy_never_does(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.npz", zipfile.ZIP_BZIP2, images=npy((2, 4, 4), "|u1", bytes(32)))
    with pytest.raises(DataError, match="compressed by a method"):
        Npz(path).tensors()


def test_a_single_array_that_promises_terabytes(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(npy((10**12,), "|u1"))
    with at_most(8 * MIB), pytest.raises(DataError, match="holds a single array"):
        Npz(str(tmp_path / "a.npy")).tensors()


# USPS


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bytes(100 * MIB), "one of its lines is longer than"),
        (b"\n" * 50 * MIB, "it has more than 20,000 lines"),
        (b"1\n" * 20_001, "it has more than 20,000 lines"),
        (b"1 0:0.5\n", "does not contain 256 pixels"),
        (b"1 257:0.5\n", "does not contain 256 pixels"),
        (b"1 3:nan\n", "does not contain 256 pixels"),
    ],
    ids=["one line", "empty lines", "too many", "pixel 0", "pixel 257", "nan"],
)
def test_libsvm_lines_as_no_set_has_them(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "usps.bz2"
    path.write_bytes(bz2.compress(content))
    with at_most(64 * MIB), pytest.raises(DataError, match=rf"usps\.bz2 is damaged: .*{reason}"):
        read_libsvm(path)


# SVHN


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data


def mat(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49) + b"".join(elements)


def test_a_mat_file_that_unpacks_to_too_much(tmp_path: Path) -> None:
    pytest.importorskip("scipy.io")
    path = tmp_path / "a.mat"
    path.write_bytes(mat(element(15, zlib.compress(element(14, bytes(100 * MIB))))))
    with at_most(8 * MIB), pytest.raises(DataError, match=r"a\.mat is damaged: ValueError: .* too many for a file of"):
        read_mat(path)


def test_a_mat_file_of_another_level(tmp_path: Path) -> None:
    """Files of level 4 begin with the dimensions, and scipy would allocate what they declare."""
    pytest.importorskip("scipy.io")
    path = tmp_path / "a.mat"
    path.write_bytes(struct.pack("<5I", 50, 100_000, 100_000, 0, 2) + b"X\0")
    with at_most(8 * MIB), pytest.raises(DataError, match="does not begin like a MAT file of level 5"):
        read_mat(path)


# Records of a fixed size, in files that are larger than what the disk keeps of them


@pytest.fixture
def hollow(tmp_path: Path) -> Path:
    """A sparse file of 1.7 TB, which takes a few blocks of the disk."""
    path = tmp_path / "hollow"
    path.touch()
    try:
        os.truncate(path, 27648 * 3073 * 20_000)
    except OSError:
        pytest.skip("this disk keeps no hollow files")
    return path


def test_records_beyond_the_size_of_the_set_are_not_read(hollow: Path, root: Path) -> None:
    with at_most(MIB), pytest.raises(DataError, match=r"make no whole images, or more than 60,000"):
        read_records(hollow, labels=1)
    (root / "cifar-10-batches-bin").mkdir()
    hollow.rename(root / "cifar-10-batches-bin/test_batch.bin")
    with at_most(MIB), pytest.raises(DataError, match="make no whole images"):
        len(CIFAR10(train=False))


def test_labels_beyond_the_number_of_images_are_not_read(hollow: Path, root: Path) -> None:
    folder = root / "stl10_binary"
    folder.mkdir()
    (folder / "test_X.bin").write_bytes(bytes(3 * 96 * 96 * 2))
    hollow.rename(folder / "test_y.bin")
    with at_most(MIB), pytest.raises(DataError, match="2 images but 3 labels"):
        STL10("test").tensors()


def test_images_beyond_memory_are_counted_and_not_read(hollow: Path, root: Path) -> None:
    folder = root / "stl10_binary"
    folder.mkdir()
    hollow.rename(folder / "unlabeled_X.bin")
    with at_most(MIB):
        assert STL10("unlabeled")[0]["x"].sum() == 0
        assert STL10("unlabeled").tensors() is None


# Pictures


def png(width: int, height: int) -> bytes:
    """An image whose header declares width x height pixels, without any."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """A small image with another size in its header."""
    file = io.BytesIO()
    Image.new("RGB", (178, 218)).save(file, "JPEG")
    data = file.getvalue()
    return data.replace(struct.pack(">HH", 218, 178), struct.pack(">HH", height, width))


@pytest.fixture
def celeba(root: Path) -> Callable[[bytes], CelebA]:
    def made(data: bytes) -> CelebA:
        path = root / "celeba/img_align_celeba.zip"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("000001.jpg", data)
        return CelebA("all")

    return made


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg(12_000, 12_000), "it is 12000x12000, expected 178x218"),  # Pillow would warn
        (jpeg(60_000, 60_000), "exceeds limit of .* pixels"),  # Pillow would refuse
        (png(178, 218), "cannot identify image file"),  # no JPEG: nothing else is even looked at
        (bytes(100 * MIB), "it holds more than 4,194,304 bytes"),
    ],
    ids=["warned of", "refused", "another format", "zip bomb"],
)
def test_a_face_that_is_too_large_is_refused_undecoded(
    celeba: Callable[[bytes], CelebA], data: bytes, reason: str
) -> None:
    dataset = celeba(data)
    with at_most(16 * MIB), pytest.raises(DataError, match=rf"000001\.jpg in .* is damaged: .*{reason}"):
        dataset[0]


def test_a_zip_that_lies_about_a_face(celeba: Callable[[bytes], CelebA], root: Path) -> None:
    bomb = bytes(100 * MIB)
    dataset = celeba(bomb)
    path = root / "celeba/img_align_celeba.zip"
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(bomb)), struct.pack("<I", 5000)))
    with at_most(16 * MIB), pytest.raises(DataError, match=r"000001\.jpg in .* is damaged"):
        dataset[0]


def test_an_encrypted_face_is_one_line(celeba: Callable[[bytes], CelebA], root: Path) -> None:
    dataset = celeba(b"anything")
    path = root / "celeba/img_align_celeba.zip"
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="encrypted"):
        dataset[0]


def test_links_out_of_the_folder_of_faces_are_not_followed(root: Path) -> None:
    folder = root / "celeba/img_align_celeba"
    folder.mkdir(parents=True)
    (root / "secret.jpg").write_bytes(jpeg(178, 218))
    (folder / "000001.jpg").write_bytes(jpeg(178, 218))
    (folder / "000002.jpg").symlink_to(root / "secret.jpg")
    (folder / "000003.jpg").symlink_to("000001.jpg")
    os.mkfifo(folder / "000004.jpg")
    assert ImageArchive(folder, 178, 218).names == ["000001.jpg", "000003.jpg"]


def test_sixty_four_megapixels_of_sixteen_bits_stay_below_a_gigabyte(tmp_path: Path) -> None:
    """The largest image that is accepted, in a separate process: tracemalloc does not see the memory of Pillow."""
    Image.fromarray(np.zeros((8000, 8000), np.uint16)).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < MIB
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from ganzoo_builtins.datasets.image_decoder import ImageDecoder\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "ImageDecoder(64, 1, 'crop', (255, 255, 255), 64 * 10**6)(Path(sys.argv[1]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 900 * 1024  # KiB; the picture itself has 128 MiB


def test_the_decoder_never_looks_at_more_than_it_may(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(9000, 9000))
    with at_most(8 * MIB), pytest.raises(DataError, match="9000 x 9000 pixels are more than"):
        ImageDecoder(64, 3, "crop", (0, 0, 0), 64 * 10**6)(tmp_path / "a.png")

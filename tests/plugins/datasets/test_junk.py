"""Reading a file of arbitrary bytes gives data or a DataError, and no other error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.cifar import read_records
from ganzoo_builtins.datasets.idx import read_idx
from ganzoo_builtins.datasets.image_decoder import ImageDecoder
from ganzoo_builtins.datasets.npz import Npz
from ganzoo_builtins.datasets.paths import find_path
from ganzoo_builtins.datasets.stl10 import STL10
from ganzoo_builtins.datasets.usps import read_libsvm

IDX = b"\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02abcd"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"
READERS: dict[str, Callable[[Path], Any]] = {
    "a": read_idx,
    "a.gz": read_idx,
    "a.xz": read_idx,
    "a.bin": lambda path: read_records(path, labels=1),
    "a.bz2": read_libsvm,
    "a.npz": lambda path: Npz(str(path)).tensors(),
    "a.png": ImageDecoder(8, 3, "crop", (255, 255, 255), 10**6),
}
BEGINNINGS = [b"", IDX, IDX[:12], b"\x1f\x8b\x08\0", b"\xfd7zXZ\0", b"BZh91AY&SY", b"PK\x03\x04", b"\x93NUMPY\x01\0"]
BEGINNINGS += [PNG, b"GIF89a", b"\xff\xd8\xff\xe0", b"BM", b"P6\n1 1\n255\n", b"II*\0", b"RIFF\0\0\0\0WEBPVP8 "]


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=300))
@example(start=b"", rest=b"")
def test_junk_is_data_or_a_data_error(name: str, start: bytes, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(start + rest)
    try:
        READERS[name](path)
    except DataError as error:
        assert str(path) in error.message


def test_what_is_no_junk_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(IDX)
    assert read_idx(tmp_path / "a").tolist() == [[[97, 98], [99, 100]]]


@pytest.mark.parametrize("path", ["~nobody-of-that-name/images", "x" * 10_000, "a\0b", "/dev/null", ""])
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_path_that_leads_nowhere_is_a_data_error(path: str, what: Any) -> None:
    with pytest.raises(DataError, match="Set path to where it is"):
        find_path(path, what)


def test_a_file_of_half_an_image_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    (tmp_path / "stl10_binary").mkdir()
    (tmp_path / "stl10_binary" / "train_X.bin").write_bytes(b"1" * 100)
    with pytest.raises(DataError, match="make no whole images"):
        len(STL10())

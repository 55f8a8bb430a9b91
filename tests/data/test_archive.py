"""Archives with wrong headers, and files in the way: the folder is unchanged afterwards."""

import gzip
import struct
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganzoo.data.archive import safe_extract
from ganzoo.errors import DataError, SetupError


def test_a_tar_header_of_a_declared_gigabyte_is_not_read(tmp_path):
    info = tarfile.TarInfo("pax")
    info.type = tarfile.XHDTYPE
    info.size = 2**30
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048)))
    tracemalloc.start()
    with pytest.raises(DataError, match="one of its headers is too long"):
        safe_extract(tmp_path / "a.tar.gz", tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("obstacle", ["folder", "file"])
def test_what_is_in_the_way_leaves_everything_as_it_was(tmp_path, obstacle):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("old")
    (out / "b" / "c" if obstacle == "folder" else out / "x").mkdir(parents=True)
    if obstacle == "file":
        (out / "b").write_text("old")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "new")
        archive.writestr("b/c", "new")
    with pytest.raises(DataError, match=r"was not unpacked: .* is in the way of b/c"):
        safe_extract(tmp_path / "a.zip", out)
    assert (out / "a").read_text() == "old"
    assert not list(out.glob(".unpacking*"))


def test_a_zip_that_declares_less_than_it_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(2**24))
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(struct.pack("<I", 2**24), struct.pack("<I", 100)))
    with pytest.raises(DataError, match="is damaged"):
        safe_extract(tmp_path / "a.zip", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


MAGIC = [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0"]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(MAGIC), rest=st.binary(max_size=600))
def test_junk_is_one_line(tmp_path, start, rest):
    (tmp_path / "a").write_bytes(start + rest)
    with pytest.raises((DataError, SetupError)):
        safe_extract(tmp_path / "a", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []

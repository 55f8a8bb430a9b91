"""Fetching, verifying and unpacking: mirrors, digests, and hostile archives."""

import gzip
import hashlib
import http.server
import io
import sys
import tarfile
import threading
import types
import urllib.request
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ganzoo.data import download, sources
from ganzoo.data.archive import Limits, safe_extract
from ganzoo.data.sources import Source, data_root, fetch, find_data, obtain, verify
from ganzoo.errors import DataError, SetupError

GOOD = b"all the images" * 100
GOOD_MD5 = hashlib.md5(GOOD).hexdigest()


class Mirrors(http.server.BaseHTTPRequestHandler):
    """A server: /good has the file, /other another one, /cut a part of it; nothing else is found."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        body = {"/good": GOOD, "/other": b"other", "/cut": GOOD, "/parts": GOOD}.get(self.path)
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.path == "/parts" else 0
        self.send_response(416 if start >= len(GOOD) else 206 if start else 200 if body else 404)
        if start:
            self.asked.append(start)
            self.send_header("Content-Range", f"bytes {start}-{len(GOOD) - 1}/{len(GOOD)}")
        body = (body or b"")[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write((body or b"")[: 500 if self.path == "/cut" else None])

    def log_message(self, *args):
        pass


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data"


@pytest.fixture
def site():
    """Return the address of a local server, and the paths requested from it."""
    handler = type("Handler", (Mirrors,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
        server.shutdown()
        thread.join()


def test_data_root(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.delenv("GANZOO_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_root() == tmp_path / "cache" / "ganzoo" / "data"


def test_locate_finds_a_file_packed_or_not(root):
    (root / "a").mkdir(parents=True)
    assert find_data("a/x.gz", "a/y") is None
    (root / "a/y").touch()
    assert find_data("a/x.gz", "a/y") == root / "a/y"
    (root / "a/x").touch()
    assert find_data("a/x.gz", "a/y") == root / "a/x"


def test_fetch_goes_from_mirror_to_mirror(root, site):
    address, asked = site
    seen = []
    mirrors = tuple(f"{address}/{path}" for path in ("gone", "other", "cut", "good"))
    source = Source("a/file", mirrors, GOOD_MD5)
    assert fetch(source, lambda done, total: seen.append((done, total))).read_bytes() == GOOD
    assert asked == ["/gone", "/other", "/cut", "/good"]
    assert seen[-1] == (len(GOOD), len(GOOD))
    assert [file.name for file in (root / "a").iterdir()] == ["file"]
    fetch(source)
    assert len(asked) == 4


def test_fetch_names_every_address_and_reason(root, site):
    address, _ = site
    mirrors = tuple(f"{address}/{path}" for path in ("gone", "other", "cut"))
    with pytest.raises(DataError) as error:
        fetch(Source("a/file", mirrors, GOOD_MD5))
    told = error.value.message
    assert f"{address}/gone: HTTP Error 404" in told
    assert f"{address}/other: the download has MD5 795f3202b17cb6bc3d4b771d8c6c9eaf, expected {GOOD_MD5}" in told
    assert f"{address}/cut: cut off after 500 of 1,400 bytes" in told
    assert f"put it at {root / 'a/file'}" in told
    assert [file.name for file in (root / "a").iterdir()] == ["file.partial"]


def test_a_download_that_broke_off_goes_on_where_it_ended(root, site):
    address, asked = site
    with pytest.raises(DataError, match="cut off after 500 of 1,400 bytes"):
        fetch(Source("a/file", (f"{address}/cut",), GOOD_MD5))
    seen = []
    source = Source("a/file", (f"{address}/parts",), GOOD_MD5)
    assert fetch(source, lambda done, total: seen.append((done, total))).read_bytes() == GOOD
    assert asked == ["/cut", "/parts", 500] and seen == [(1400, 1400)]
    assert [file.name for file in (root / "a").iterdir()] == ["file"]


def test_a_beginning_of_another_file_is_not_kept(root, site):
    address, asked = site
    (root / "a").mkdir(parents=True)
    (root / "a" / "file.partial").write_bytes(b"x" * 500)
    mirrors = (f"{address}/parts", f"{address}/good")
    assert fetch(Source("a/file", mirrors, GOOD_MD5)).read_bytes() == GOOD
    assert asked == ["/parts", 500, "/good"]


def test_more_than_the_server_has_is_asked_for_again_as_a_whole(root, site):
    address, asked = site
    (root / "a").mkdir(parents=True)
    (root / "a" / "file.partial").write_bytes(b"x" * len(GOOD))
    assert fetch(Source("a/file", (f"{address}/parts",), GOOD_MD5)).read_bytes() == GOOD
    assert asked == ["/parts", 1400, "/parts"]


def test_without_a_digest_nothing_is_kept_of_a_download_that_broke_off(root, site, monkeypatch):
    def cut_off(url, path, progress):
        path.write_bytes(b"x" * 500)
        raise ValueError("cut off")

    monkeypatch.setattr("ganzoo.data.sources.download", cut_off)
    with pytest.raises(DataError, match="cut off"):
        fetch(Source("a/file", ("https://example.org/file",)))
    assert list((root / "a").iterdir()) == []


def test_plain_http_needs_a_digest(root, site):
    address, asked = site
    with pytest.raises(DataError, match="plain http is not accepted"):
        fetch(Source("file", (f"{address}/good",)))
    assert asked == []


def test_a_sha256_is_a_digest_too(root, site):
    address, asked = site
    digest = hashlib.sha256(GOOD).hexdigest()
    wrong = Source("file", (f"{address}/other",), sha256=digest)
    with pytest.raises(DataError, match=f"the download has SHA-256 [0-9a-f]{{64}}, expected {digest}"):
        fetch(wrong)
    source = Source("file", (f"{address}/good",), sha256=digest)
    assert obtain(source).state == "verified"
    (root / "file").write_bytes(b"damaged")
    assert verify(source).state == "corrupt" and f"expected {digest}" in verify(source).note
    assert obtain(source).state == "verified"
    assert asked == ["/other", "/good", "/good"]


def test_a_redirect_from_https_to_http_is_refused():
    request = urllib.request.Request("https://example.org/file")
    with pytest.raises(ValueError, match="redirects from https to http://"):
        download._NoDowngrade().redirect_request(request, None, 302, "", {}, "http://example.org/file")


def test_a_full_disk_is_told_before_writing(root, site, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=10))
    with pytest.raises(SetupError, match="needs 1,400 bytes and the disk has 10"):
        fetch(Source("file", (f"{site[0]}/good",), GOOD_MD5))


def test_no_place_for_data(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "file"))
    with pytest.raises(SetupError, match="Set GANZOO_DATA to another folder"):
        fetch(Source("a", ("https://example.org/a",)))


def test_google_drive(root, monkeypatch):
    source = Source("file", ("https://drive.google.com/uc?id=abc",), GOOD_MD5)
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[gdown\]'"):
        fetch(source)
    gdown = types.ModuleType("gdown")
    gdown.download = lambda url, output, quiet: None
    monkeypatch.setitem(sys.modules, "gdown", gdown)
    with pytest.raises(DataError, match=r"id=abc: Google Drive refused; its daily quota(.|\n)*put it at"):
        fetch(source)
    gdown.download = lambda url, output, quiet: Path(output).write_bytes(GOOD)
    assert fetch(source).read_bytes() == GOOD


def test_verify_by_file_and_by_content(root):
    packed = gzip.compress(GOOD, mtime=0)
    source = Source("x.gz", md5=hashlib.md5(packed).hexdigest(), content_md5=GOOD_MD5)
    assert verify(source).state == "missing"
    root.mkdir()
    (root / "x.gz").write_bytes(packed)
    assert verify(source).state == "verified"
    (root / "x.gz").write_bytes(gzip.compress(GOOD, compresslevel=1))
    assert verify(source).state == "verified"
    assert verify(replace(source, content_md5="")).state == "corrupt"
    (root / "x.gz").write_bytes(packed[:-20])
    assert verify(source).state == "corrupt"
    (root / "x.gz").unlink()
    (root / "x").write_bytes(GOOD)
    assert verify(source).state == "verified"
    assert verify(replace(source, content_md5="")).state == "present"
    (root / "x").write_bytes(GOOD[:-1])
    assert verify(source).state == "corrupt"


def test_obtain_unpacks_and_then_rests(root):
    root.mkdir()
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.writestr("in/one", GOOD)
        archive.writestr("in/two", b"unwanted")
    source = Source("a.zip", unpack=(("in/one", "out/one"),))
    assert verify(source).note == "a.zip is there but not unpacked"
    assert obtain(source).state == "present"
    assert (root / "out/one").read_bytes() == GOOD
    assert sorted(file.name for file in root.iterdir()) == ["a.zip", "out"]
    (root / "a.zip").unlink()
    assert obtain(source).good


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def make_tar(path, entries):
    with tarfile.open(path, "w:gz") as archive:
        for name, data, kind in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            archive.addfile(info, io.BytesIO(data))


FILE, LINK, PIPE = 0o100644, 0o120777, 0o010644
HOSTILE_NAMES = ["/etc/x", "../x", "a/../../x", "C:/x", "a\\..\\x", "..", "c:x"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_hostile_names_do_nothing(tmp_path, name, kind):
    archive = tmp_path / "archive"
    if kind == "zip":
        make_zip(archive, [("fine", b"1", FILE), (name, b"2", FILE)])
    else:
        make_tar(archive, [("fine", b"1", tarfile.REGTYPE), (name, b"2", tarfile.REGTYPE)])
    with pytest.raises(DataError, match="was not unpacked"):
        safe_extract(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archive", "out"]


@pytest.mark.parametrize(
    ("make", "entries", "reason"),
    [
        (make_zip, [("a", b"/etc/passwd", LINK)], "is a link"),
        (make_zip, [("a", b"", PIPE)], "is a device"),
        (make_zip, [("a", b"1", FILE), ("A", b"2", FILE)], "twice"),
        (make_zip, [("é", b"1", FILE), ("e\u0301", b"2", FILE)], "twice"),
        (make_zip, [("a", b"1", FILE), ("a/b", b"2", FILE)], "as a file and as a folder"),
        (make_zip, [("zeros", bytes(2**20), FILE)], "would grow beyond"),
        (make_tar, [("a", b"", tarfile.SYMTYPE), ("a/b", b"1", tarfile.REGTYPE)], "is a link"),
        (make_tar, [("a", b"", tarfile.LNKTYPE)], "is a link"),
        (make_tar, [("a", b"", tarfile.CHRTYPE)], "is a device"),
        (make_tar, [("a", b"", tarfile.FIFOTYPE)], "is a device"),
        (make_tar, [("a", b"1", tarfile.REGTYPE), ("./a", b"2", tarfile.REGTYPE)], "twice"),
        (make_tar, [("zeros", bytes(2**20), tarfile.REGTYPE)], "would grow beyond"),
    ],
)
def test_hostile_entries_do_nothing(tmp_path, make, entries, reason, recwarn):
    make(tmp_path / "archive", entries)
    with pytest.raises(DataError, match=reason):
        safe_extract(tmp_path / "archive", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_too_many_entries(tmp_path):
    make_zip(tmp_path / "a.zip", [(str(i), b"1", FILE) for i in range(11)])
    with pytest.raises(DataError, match="more than 10 entries"):
        safe_extract(tmp_path / "a.zip", tmp_path / "out", limits=Limits(entries=10))
    assert len(safe_extract(tmp_path / "a.zip", tmp_path / "out", limits=Limits(entries=11))) == 11


def test_a_hostile_entry_beside_the_wanted_one_does_nothing(tmp_path):
    make_tar(tmp_path / "a", [("fine", b"1", tarfile.REGTYPE), ("../x", b"2", tarfile.REGTYPE)])
    with pytest.raises(DataError, match=r"'\.\./x' is no plain path"):
        safe_extract(tmp_path / "a", tmp_path / "out", {"fine": "fine"})
    assert list((tmp_path / "out").iterdir()) == []


def test_damaged_archives(tmp_path):
    make_tar(tmp_path / "whole", [("a", bytes(range(256)) * 40, tarfile.REGTYPE)])
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-40])
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "flipped").write_bytes(whole[:60] + bytes(100 - 60) + whole[100:])
    (tmp_path / "page").write_text("<html>not found</html>")
    for name in ("cut", "flipped", "page"):
        with pytest.raises(DataError, match=f"{name} is damaged or no archive"):
            safe_extract(tmp_path / name, tmp_path / "out")
    with pytest.raises(DataError, match="lacks b"):
        safe_extract(tmp_path / "whole", tmp_path / "out", {"b": "b"})
    assert list((tmp_path / "out").iterdir()) == []


def test_without_a_home_folder_it_is_said_what_to_set(monkeypatch):
    def unknown(path):
        if str(path).startswith("~"):
            raise RuntimeError("Could not determine home directory.")
        return path

    monkeypatch.setattr(Path, "expanduser", unknown)
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SetupError, match=r"no home folder, which ~/.cache begins with\. Set HOME; or set GANZOO_CACHE"):
        data_root()
    monkeypatch.setenv("GANZOO_CACHE", "/somewhere")
    assert data_root() == Path("/somewhere/data")


@pytest.mark.parametrize("value", ["", " ", "cache", "./cache", "../cache"])
def test_an_empty_or_relative_xdg_folder_counts_as_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    monkeypatch.setenv("GANZOO_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert sources.cache_root() == Path("/home/somebody/.cache/ganzoo")
    assert sources.data_root() == Path("/home/somebody/.cache/ganzoo/data")


@pytest.mark.parametrize("value", ["", " ", "home", "."])
def test_an_empty_or_relative_home_counts_as_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an empty one, Python would make "/.cache"."""
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", value)
    monkeypatch.setattr("ganzoo.data.sources._recorded_home", lambda: "/home/somebody")
    assert sources.cache_root() == Path("/home/somebody/.cache/ganzoo")


@pytest.mark.parametrize("value", ["", " "])
def test_empty_folders_of_our_own_count_as_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    for name in ("GANZOO_DATA", "GANZOO_CACHE"):
        monkeypatch.setenv(name, value)
    assert sources.data_root() == Path("/cache/ganzoo/data")
    monkeypatch.setenv("GANZOO_DATA", ".")
    assert sources.data_root() == Path()

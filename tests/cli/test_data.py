"""`ganzoo data list`, `get` and `check`."""

import gzip
import hashlib
import json
import struct
import subprocess
import sys

import pytest
from click.testing import CliRunner
from PIL import Image

from ganzoo.cli import cli
from ganzoo_builtins.datasets import pictures
from ganzoo_builtins.extractors import inception


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def kmnist(root):
    """Three images and labels of the test split, unpacked."""
    folder = root / "KMNIST/raw"
    folder.mkdir(parents=True)
    (folder / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 3, 28, 28) + bytes(3 * 784))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 3) + bytes([9, 9, 0]))
    return folder


def run(*arguments):
    return CliRunner().invoke(cli, ["data", *arguments])


def test_list_names_every_dataset_without_torch(root):
    code = (
        "import sys; from ganzoo.cli.data import command; command(['list', '--json'], standalone_mode=False);"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {"mnist", "emnist", "celeba", "glyphs"} <= rows.keys()
    assert rows["emnist"]["owner"] == "ganzoo"
    assert rows["emnist"]["paper"] == "arXiv:1702.05373"
    assert "Handwritten letters" in rows["emnist"]["summary"]


def test_list_says_where_files_lie(root):
    result = run("list")
    assert "mnist" in result.stdout
    assert str(root) in result.stderr


def test_check_counts_examples_by_class(kmnist):
    result = run("check", "kmnist", "train=false", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["problem"] == ""
    assert [file["state"] for file in report["files"]] == ["present", "present"]
    assert (report["examples"], report["shape"]) == (3, [1, 28, 28])
    assert {name: count for name, count in report["classes"].items() if count} == {"o": 1, "wo": 2}
    assert 'classes: {"o": 1' in run("check", "kmnist", "train=false").stdout


def test_check_missing_files(root):
    result = run("check", "emnist", "split=letters", "--json")
    assert result.exit_code == 3
    assert "type `ganzoo data get emnist split=letters`" in result.stderr
    report = json.loads(result.stdout)
    assert report["files"][0]["state"] == "missing"
    assert "emnist-letters-train-images" in report["files"][0]["path"]


def test_check_corrupt_files(kmnist):
    (kmnist / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    result = run("check", "kmnist", "train=false")
    assert result.exit_code == 3
    assert "corrupt" in result.stdout
    (kmnist / "t10k-images-idx3-ubyte.gz").unlink()
    (kmnist / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 3) + bytes([9, 10, 0]))
    result = run("check", "kmnist", "train=false", "--json")
    assert result.exit_code == 3
    assert "labels lie in 0..10" in json.loads(result.stdout)["problem"]


def test_get_with_everything_there(kmnist):
    result = run("get", "kmnist", "train=false")
    assert result.exit_code == 0
    assert result.stdout.count("present") == 2


def test_get_what_needs_no_download(root):
    result = run("get", "glyphs")
    assert (result.exit_code, result.stdout) == (0, "glyphs needs no download.\n")


def test_every_wrong_setting_is_told_at_once(root):
    result = run("get", "emnist", "split=leters", "siz=2")
    assert result.exit_code == 2
    assert "'letters'" in result.stderr
    assert "Did you mean 'size'" in result.stderr
    assert "write setting=value" in run("get", "emnist", "letters").stderr
    assert "Did you mean 'emnist'" in run("check", "emnst").stderr


@pytest.fixture
def photos(tmp_path):
    """Four pictures in two classes, one of them grey."""
    for name, mode in {"cat/a": "L", "cat/b": "RGB", "dog/c": "RGB", "dog/d": "RGB"}.items():
        path = tmp_path / f"photos/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new(mode, (8, 8))
        image.paste(255 if mode == "L" else (255, 255, 255), (0, 0, 4, 8))
        image.save(path)
    return tmp_path / "photos"


@pytest.mark.parametrize("in_memory", [0, 2**30])
def test_check_reads_every_picture_and_lists_all_damaged_ones(photos, monkeypatch, in_memory):
    monkeypatch.setattr(pictures, "IN_MEMORY", in_memory)
    (photos / "cat/0.png").write_bytes(b"nonsense")
    (photos / "dog/z.png").write_bytes(b"")
    result = run("check", "folder", f"path={photos}")
    assert result.exit_code == 3
    assert "folder: 2 of 6 examples are damaged, as listed." in result.stderr
    assert f"cannot read {photos / 'cat/0.png'}: " in result.stderr
    assert f"cannot read {photos / 'dog/z.png'}: " in result.stderr
    report = json.loads(run("check", "folder", f"path={photos}", "--json").stdout)
    assert (report["examples"], report["damaged"], report["classes"]) == (6, 2, {"cat": 2, "dog": 2})
    assert report["problem"] == "folder: 2 of 6 examples are damaged, as listed."
    first, second = report["reasons"]
    assert str(photos / "cat/0.png") in first and str(photos / "dog/z.png") in second


def test_check_lists_all_damaged_pictures(photos):
    for i in range(60):
        (photos / f"cat/bad{i}.png").write_bytes(b"")
    result = run("check", "folder", f"path={photos}")
    assert result.exit_code == 3
    assert "60 of 64 examples are damaged" in result.stderr
    assert result.stderr.count("cannot read") == 60
    assert len(json.loads(run("check", "folder", f"path={photos}", "--json").stdout)["reasons"]) == 60


def test_check_prints_remarks(photos):
    result = run("check", "folder", f"path={photos}")
    assert result.exit_code == 0
    assert "remark: 1 of 4 pictures is grey and was converted to colour.\n" in result.stdout
    assert 'classes: {"cat": 2, "dog": 2}' in result.stdout
    assert json.loads(run("check", "folder", f"path={photos}", "--json").stdout)["remarks"] == [
        "1 of 4 pictures is grey and was converted to colour"
    ]


def test_check_remarks_on_classes_without_examples(kmnist):
    result = run("check", "kmnist", "train=false")
    assert result.exit_code == 0
    assert "remark: 8 of 10 classes have no example: ki, su, tsu, " in result.stdout


@pytest.fixture
def weights(root, tmp_path, monkeypatch):
    """The weights of the extractor inception on a mirror, which is a file here."""
    mirror = tmp_path / "mirror"
    mirror.write_bytes(b"weights")
    monkeypatch.setattr(inception, "URL", mirror.as_uri())
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(b"weights").hexdigest())
    return mirror


def test_get_fetches_the_weights_of_an_extractor(root, weights):
    assert run("check", "inception").exit_code == 3
    result = run("get", "inception")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"verified  {root / inception.PATH}\n"
    assert (root / inception.PATH).read_bytes() == b"weights"
    report = json.loads(run("check", "inception", "--json").stdout)
    assert report["problem"] == "" and [file["state"] for file in report["files"]] == ["verified"]


def test_get_refuses_other_weights(root, weights):
    weights.write_bytes(b"other")
    result = run("get", "inception")
    assert result.exit_code == 3
    assert "the download has SHA-256" in result.stderr
    assert not (root / inception.PATH).exists()


def test_get_of_an_extractor_without_weights(root):
    assert run("get", "raw").stdout == "raw needs no download.\n"


def test_a_name_of_neither_is_that_of_a_dataset(root):
    assert "no dataset named 'inceptio'" in run("get", "inceptio").stderr

"""Folders, users and machines are left out of reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.utils.redact import Redactor, without_secrets


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('path = "/home/ann/photos/faces"', 'path = "…/faces"'),
        ("/home/ann/photos/", "…/photos/"),
        ("cannot read /tmp/x.npz: no file", "cannot read …/x.npz: no file"),
        ("from ~/secret/a.toml and ~bob/b.toml", "from …/a.toml and …/b.toml"),
        ("../../secret/a.toml", "…/a.toml"),
        (r"C:\Users\Ann\faces", "…/faces"),
        ("(/mnt/disk/a,/mnt/disk/b)", "(…/a,…/b)"),
        ("/home/ann", "…/ann"),
        ("/home/Ann Lee/My faces", "…/My faces"),
        ("path = '/home/Ann Lee/My faces' # mine", "path = '…/My faces' # mine"),
        (r"C:\Users\Ann Lee\faces", "…/faces"),
    ],
)
def test_places_keep_their_last_name(text: str, left: str) -> None:
    assert Redactor()(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://ann:tok3n@host/x?token=SECRET", "https://…@host/x?token=…"),
        ("https://tok3n@host/x", "https://…@host/x"),
        ('paper = "https://host/x?a=1&access_token=SECRET&b=2"', 'paper = "https://host/x?a=1&access_token=…&b=2"'),
        ("s3://host/x?X-Amz-Signature=0f&X-Amz-Credential=AK/1", "s3://host/x?X-Amz-Signature=…&X-Amz-Credential=…"),
        ("https://host/x?API-KEY=SECRET#auth=S", "https://host/x?API-KEY=…#auth=…"),
        ("https://host/x?sv=1&sig=SECRET", "https://host/x?sv=1&sig=…"),
        ("about.note=hf_" + "a" * 34, "about.note=…"),
        ("ghp_" + "A1" * 18, "…"),
    ],
)
def test_secrets_go(text: str, left: str) -> None:
    assert Redactor()(text) == without_secrets(text) == left
    assert without_secrets({"a": [text, 3]}) == {"a": [left, 3]}


@pytest.mark.parametrize(
    "text",
    [
        "https://host/x?page=2&tokens=",
        "an@example.org, a:b@c and seed=3",
        "sk-learn and hf_home",
        "https://arxiv.org/abs/1411.1784",
        "ganzoo/dcgan and runs/quickstart-1",
        "generator/adversarial: 1/2 of 3 / 4",
        "lr = 5e-4  # 0.9/0.999",
        "Linux-6.1.0-x86_64-with-glibc2.36",
        "a <- b // c",
    ],
)
def test_what_is_no_place_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_names_go_and_words_that_are_names_elsewhere_stay() -> None:
    scrub = Redactor(["annabel", "gpu-box-7", "root", "al"])
    assert scrub("annabel on gpu-box-7: the root of annabelle, al") == "… on …: the root of annabelle, al"


def test_all_that_a_container_holds() -> None:
    assert Redactor()({"/a/b": ["/c/d", 3, None, {"e": "/f/g"}]}) == {"…/b": ["…/d", 3, None, {"e": "…/g"}]}


def test_provenance_is_what_helps_and_nothing_else() -> None:
    told = Redactor(["annabel"]).provenance(
        {
            "argv": [
                "/home/annabel/bin/ganzoo",
                "run",
                "/data/annabel/mine.toml",
                "dataset.path=../faces",
                "--out=runs",
            ],
            "versions": {"torch": "2.10", "pillow": ""},
            "plugins": ["ganzoo/gans 0.1.0"],
            "python": "3.12.1",
            "device": "cpu",
            "variables": {"OMP_NUM_THREADS": "1", "SLURM_JOB_ID": "4711"},
            "git": {"commit": "abc", "dirty": True},
            "resumed": [{"step": 40, "differences": ["on host gpu7"]}],
            "secret": "sesame",
        }
    )
    assert told == {
        "command": "ganzoo run …/mine.toml dataset.path=…/faces --out=runs",
        "python": "3.12.1",
        "device": "cpu",
        "versions": "torch 2.10",
        "plugins": "ganzoo/gans 0.1.0",
        "variables": "OMP_NUM_THREADS=1",
        "git": "abc, with changes",
        "resumed at": "step 40",
    }


@pytest.mark.parametrize("odd", [{}, {"argv": "x", "git": [], "versions": 3, "variables": None, "plugins": None}])
def test_provenance_that_is_damaged_tells_nothing(odd: dict) -> None:
    assert Redactor().provenance(odd) == {}


def test_a_user_without_a_home_folder_has_no_name_to_redact(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    assert Redactor.of([{"host": "frobnicator"}])("made on frobnicator") == "made on …"

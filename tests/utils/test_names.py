"""Names of any characters: paths are found, class names become file names, and nothing reaches a terminal raw."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ganzoo.errors import DataError, printable
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.formats import file_names
from ganzoo.utils.unicode import composed, well_formed
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.paths import find_path
from helpers.support import tiny

RECIPE = tiny()

ODD = ["..", ".", "", "-rf", "con", "a/b", "a\\b", "~", "~root", "$HOME", "*", "x" * 300, "\x1b[31m", "a\nb", "\u202eb"]
ODD += ["cafe\u0301", "caf\u00e9", "\udce9", "\U0001f600", "A", "a", "0", "%41", "[run]", "=", "null"]
names = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=12),
    st.binary(max_size=8).map(os.fsdecode),  # bytes that are no UTF-8 are surrogates
)


def make(folder: Path) -> None:
    """Make a folder with a picture, or skip names that this disk does not hold as they are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0.png").write_bytes(b"picture")
    except (OSError, ValueError):
        assume(False)


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(name=names)
def test_a_folder_of_any_name_is_found_and_is_a_class(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume(name not in ("", ".", "..") and "/" not in name and "\0" not in name and not name.startswith("."))
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data" / str(len([*tmp_path.glob("data/*")]))
    make(data / name)
    dataset = Folder(str(data))
    if "parts of a dataset" not in str(_refusal(dataset)):
        assert dataset.class_names == (name,)
    monkeypatch.chdir(data)
    form = unicodedata.normalize("NFD" if composed(name) == name else "NFC", name)
    for spelling in (f"./{name}", str(data / name), f"./{form}"):
        assert find_path(spelling, "folder").samefile(data / name)


def _refusal(dataset: Folder) -> DataError | None:
    try:
        len(dataset)
    except DataError as error:
        return error
    return None


@settings(max_examples=300, deadline=None, suppress_health_check=[*HealthCheck])
@given(path=names)
def test_a_path_that_leads_nowhere_is_one_message_that_can_be_printed(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    try:
        found = find_path(path, "folder")
    except DataError as error:
        assert error.message.isprintable() or "\n" in error.message
        error.message.encode()  # no surrogates
        assert len(error.message) < 2_000
    else:
        assert found.is_dir() and path.strip("/.") in ("", "~root")


@settings(max_examples=300, deadline=None)
@given(class_names=st.lists(names, max_size=6))
@example(class_names=["a/b", "a_b", "..", ""])
def test_class_names_become_file_names_of_their_own(class_names: list[str]) -> None:
    """They follow a number and a dash, and precede ".png"."""
    files = file_names([*map(well_formed, class_names)])
    assert len({*files}) == len(files) == len(class_names)
    for name in files:
        assert name.isprintable() and not {*name} & {*'/\\:*?"<>| \t'}, "a file of this name is made on every system"
        assert len(name.encode()) <= 120


@settings(max_examples=200, deadline=None)
@given(text=names)
def test_what_is_printed_has_no_character_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    shown.encode()


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(name=names)
def test_a_run_folder_lies_in_the_folder_of_runs_whatever_the_name_of_the_recipe(name: str, tmp_path: Path) -> None:
    folder = RunFolder.create(replace(RECIPE, name=name), tmp_path).folder
    assert folder.parent == tmp_path and folder.is_dir()

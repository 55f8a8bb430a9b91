"""An export of a translator chooses neither which files of this machine are read nor how much is generated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.config.component import Blueprint
from ganzoo.errors import DataError, GanzooError
from ganzoo.registry import discovery
from ganzoo.sharing import examples, export
from helpers.packages import install
from helpers.support import TRANSLATING, tiny, train

NAMED = """
import ganzoo

class Named:
    def __init__(self, source: str = "", parts: list[str] = []):
        raise AssertionError("it was made")

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("dataset", "named", Named)
"""


def make(use: str, **settings: Any) -> ganzoo.Dataset:
    return examples.make(Blueprint(discovery.load().zoo.find("dataset", use), settings), 0)


@pytest.mark.parametrize("use", ["folder", "pairs", "npz", "text"])
@pytest.mark.parametrize("place", ["", "photos", "~/photos", "/etc"])
def test_no_place_of_this_machine_is_read_unasked(use: str, place: str, tmp_path: Path) -> None:
    path = place or str(tmp_path)
    with pytest.raises(DataError) as raised:
        make(use, path=path)
    assert raised.value.message == (
        f"this model asks for data of this machine, dataset.path={path!r}. It may come from anybody, so that is not "
        "read unasked."
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "photos"},
        {"parts": ["a", "photos"]},
        {"parts": [["a"], [{"b": ["photos"]}]]},
        {"source": "/etc"},
        {"source": "cafe\u0301/mine"},  # the folder on disk has one letter in place of two
        {"source": "data of mine"},
    ],
)
def test_whatever_the_setting_is_called(
    settings: dict[str, Any], site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ganzoo-acme", NAMED)
    (tmp_path / "photos").mkdir()
    (tmp_path / "caf\u00e9" / "mine").mkdir(parents=True)
    (tmp_path / "root" / "data of mine").mkdir(parents=True)
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "root"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is not read unasked"):
        make("named", **settings)


@pytest.mark.parametrize(
    ("use", "settings"),
    [
        ("glyphs", {"n": 10**7}),
        ("glyphs", {"n": 10**5, "size": 256}),
        ("ring", {"n": 10**8}),
    ],
)
def test_no_more_is_generated_than_takes_seconds(use: str, settings: dict[str, Any]) -> None:
    began = time.monotonic()
    with pytest.raises(GanzooError) as raised:
        make(use, **settings)
    assert "ganzoo sample EXPORT --input FOLDER" in raised.value.message or "less than or equal" in raised.value.message
    assert time.monotonic() - began < 20


def test_data_of_a_usual_size_is_made() -> None:
    assert len(make("glyphs", n=50_000)) == 50_000


def test_a_translator_of_somebody_else_says_how_to_name_pictures(tmp_path: Path) -> None:
    run = train(tiny(TRANSLATING, "run.steps=1"), tmp_path)
    model = ganzoo.load(export.export(run.folder).folder)
    blueprint = model.data.args[0]["dataset"]  # type: ignore[union-attr]
    assert blueprint.entry.full_name == "ganzoo/digits"
    blueprint.settings["path"] = str(tmp_path)
    with pytest.raises(
        DataError, match=r"is not read unasked\. For other pictures: `ganzoo sample RUN --input FOLDER`"
    ):
        model.sample(2)

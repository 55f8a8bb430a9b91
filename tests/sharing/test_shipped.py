"""Trained models that plugins ship are found by name, and a path of this machine wins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import ganzoo
from ganzoo.cli import cli
from ganzoo.errors import RunError
from ganzoo.registry import discovery
from ganzoo.sharing import hub, shipped
from helpers.packages import install

SHIPS = """
from pathlib import Path
import ganzoo

@ganzoo.hookimpl
def ganzoo_models():
    return Path(__file__).parent / "models"
"""


@pytest.fixture
def site(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place where the package ganzoo-acme is installed, which ships the model `dots`."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "ganzoo-acme", SHIPS)
    shutil.copytree(shared, site / "models" / "dots")
    (site / "models" / "notes").mkdir()  # no export, so no model
    monkeypatch.syspath_prepend(str(site))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield site


def test_a_shipped_model_is_loaded_by_its_name(site: Path, shared: Path) -> None:
    samples = ganzoo.load(shared).sample(4, seed=0)
    assert torch.equal(ganzoo.load("dots").sample(4, seed=0), samples)
    assert torch.equal(ganzoo.load("acme/dots").sample(4, seed=0), samples)


def test_samples_of_it_go_to_the_working_directory(site: Path, tmp_path: Path) -> None:
    before = sorted(site.rglob("*"))
    result = CliRunner().invoke(cli, ["sample", "dots", "-n", "4"])
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["dots-samples.png"]
    assert [path for path in sorted(site.rglob("*")) if "__pycache__" not in path.parts] == before


def test_a_folder_of_this_machine_wins(site: Path, tmp_path: Path) -> None:
    (tmp_path / "here/dots").mkdir()
    assert hub.export_folder("dots") is None
    assert shipped.find(tmp_path / "here" / "nothing") is None


def test_a_misspelt_name_is_answered_with_the_right_one(site: Path) -> None:
    says = "there is no run and no shipped model 'dotz'. Did you mean 'dots'? See `ganzoo list model`."
    with pytest.raises(RunError) as caught:
        ganzoo.load("dotz")
    assert caught.value.message == says


def test_two_models_of_one_name_are_told_apart_by_their_owners(site: Path, shared: Path, tmp_path: Path) -> None:
    other = site / "other"
    shutil.copytree(shared, other / "dots")
    install(site, "ganzoo-betty", SHIPS.replace('parent / "models"', f'parent / "{other.name}"'))
    with pytest.raises(RunError, match="2 plugins ship a model 'dots': write acme/dots or betty/dots"):
        ganzoo.load("dots")
    assert shipped.find("betty/dots").folder == other / "dots"  # type: ignore[union-attr]


def test_the_name_of_a_built_in_model_stays_its_own(site: Path, shared: Path) -> None:
    other = site / "other"
    shutil.copytree(shared, other / "letters")
    install(site, "ganzoo-betty", SHIPS.replace('parent / "models"', f'parent / "{other.name}"'))
    assert shipped.find("letters").owner == "ganzoo"  # type: ignore[union-attr]
    assert shipped.find("betty/letters").folder == other / "letters"  # type: ignore[union-attr]


def test_the_list_says_what_it_generates(site: Path) -> None:
    rows = json.loads(CliRunner().invoke(cli, ["list", "model", "--json"]).stdout)
    row = next(row for row in rows if row["owner"] == "acme")
    assert row["kind"] == "model"
    assert (row["name"], row["summary"]) == ("dots", "tiny after 6 steps: samples of shape (2,)")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_list_reads_json_of_any_editor(encoding: str, site: Path) -> None:
    config = site / "models" / "dots" / "config.json"
    (model,) = (model for model in shipped.models(discovery.load()) if model.name == "dots")
    before = model.summary()
    config.write_text(config.read_text(), encoding=encoding)
    assert model.summary() == before != ""
    config.write_bytes(b"[" * 100_000)
    assert model.summary() == ""


def test_a_plugin_whose_folder_cannot_be_read_is_told_and_skipped(site: Path) -> None:
    install(site, "ganzoo-bad", "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_models(): raise RuntimeError('no luck')\n")
    plugins = discovery.load()
    assert "dots" in {model.name for model in shipped.models(plugins)}
    assert plugins.zoo.failures == ["plugin bad/main failed in ganzoo_models: RuntimeError: no luck"]


SHIPPED = [pytest.param(model, id=model.full_name) for model in shipped.models(discovery.load())]


def test_ganzoo_ships_letters() -> None:
    assert "ganzoo/letters" in {model.full_name for model in shipped.models(discovery.load())}


@pytest.mark.parametrize("model", SHIPPED)
def test_every_shipped_model_is_small_and_generates(model: shipped.ShippedModel) -> None:
    assert sum(path.stat().st_size for path in model.folder.iterdir()) < 3_000_000
    loaded = ganzoo.load(model.full_name)
    samples = loaded.sample(26, seed=0)
    assert samples.shape == (26, *loaded.spec.shape)
    assert samples.std() > 0.1
    assert model.summary()

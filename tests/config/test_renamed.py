"""Former names of recipes: every command accepts them, and says once what the recipe is called now."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import pytest

import ganzoo as package
from ganzoo.config import locate, renamed
from ganzoo.errors import RecipeError
from ganzoo.registry import discovery
from ganzoo.registry.versions import Deprecated
from helpers.commands import ganzoo
from helpers.packages import install
from helpers.support import TINY

PLUGIN = """
import ganzoo, pathlib

@ganzoo.hookimpl
def ganzoo_recipes():
    return pathlib.Path(__file__).parent / "their_recipes"
"""
IS_NOW = "specks is now dots"


@pytest.fixture
def folder(site: Path) -> Path:
    """The recipes of a plugin: `dots`, which was `specks`, and `smoke`, which means another recipe than it did."""
    install(site, "ganzoo-acme", PLUGIN)
    recipes = site / "their_recipes"
    recipes.mkdir()
    for name in ("dots", "smoke"):
        (recipes / f"{name}.json").write_text(json.dumps(TINY))
    (recipes / "renamed.toml").write_text('renamed.specks = "dots"\nrenamed.motes = "specks"\nreplaced.smoke = "dots"')
    return recipes


def find(name: str) -> tuple[Path, list[str]]:
    """Return the recipe of a name, and what is said about the name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = locate.find(name, discovery.load())
    assert {warning.category for warning in caught} <= {Deprecated}
    return path, [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("name", "recipe", "remarks"),
    [
        ("dots", "dots.json", []),
        ("specks", "dots.json", [IS_NOW]),
        ("acme/specks", "dots.json", ["acme/specks is now dots"]),
        ("motes", "dots.json", ["motes is now dots"]),
        ("smoke", "smoke.json", ["smoke is another recipe than in earlier versions; that one is now dots"]),
    ],
)
def test_a_former_name_leads_to_the_present_recipe(name: str, recipe: str, remarks: list[str], folder: Path) -> None:
    assert find(name) == (folder / recipe, remarks)


def test_the_table_is_no_recipe(folder: Path) -> None:
    names = {recipe.name for recipe in locate.recipes(discovery.load())}
    assert {"dots", "smoke"} <= names
    assert not names & {"renamed", "specks", "motes"}


def test_a_recipe_comes_before_a_former_name_of_another_owner(folder: Path) -> None:
    (folder / "renamed.toml").write_text('renamed.quickstart = "dots"')
    assert find("quickstart") == (locate.packaged() / "quickstart.toml", [])
    assert find("acme/quickstart") == (folder / "dots.json", ["acme/quickstart is now dots"])


def test_a_former_name_of_the_zoo_stays_the_zoos(folder: Path) -> None:
    """Installing a package must not change what a name means: not that of a recipe, and no former one either."""
    (folder / "sagan_digits.json").write_text(json.dumps(TINY))
    assert find("sagan_digits") == (locate.packaged() / "sagan_mnist.toml", ["sagan_digits is now sagan_mnist"])
    assert find("acme/sagan_digits") == (folder / "sagan_digits.json", [])


def test_a_recipe_and_a_former_name_of_another_plugin_are_asked_back(site: Path, folder: Path) -> None:
    install(site, "ganzoo-beta", PLUGIN.replace("their_recipes", "other_recipes"))
    (site / "other_recipes").mkdir()
    (site / "other_recipes" / "specks.json").write_text(json.dumps(TINY))
    with pytest.raises(RecipeError, match="2 plugins provide the recipe 'specks': write acme/dots or beta/specks"):
        find("specks")
    assert find("beta/specks") == (site / "other_recipes" / "specks.json", [])


def test_a_recipe_that_moved_to_another_owner(folder: Path) -> None:
    (folder / "renamed.toml").write_text('renamed.specks = "ganzoo/quickstart"')
    assert find("specks") == (locate.packaged() / "quickstart.toml", ["specks is now quickstart"])


def test_a_former_name_of_two_owners_is_asked_back(site: Path, folder: Path) -> None:
    install(site, "ganzoo-beta", PLUGIN.replace("their_recipes", "other_recipes"))
    (site / "other_recipes").mkdir()
    (site / "other_recipes" / "flecks.json").write_text(json.dumps(TINY))
    (site / "other_recipes" / "renamed.toml").write_text('renamed.specks = "flecks"')
    with pytest.raises(RecipeError, match="2 plugins provide the recipe 'specks': write acme/dots or beta/flecks"):
        find("specks")
    assert find("beta/specks") == (site / "other_recipes" / "flecks.json", ["beta/specks is now flecks"])


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('renamed.specks = "gone"', "no recipe named 'specks'."),
        ('renamed.specks = "motes"\nrenamed.motes = "specks"', "'acme/specks' leads in a circle"),
        ("renamed.specks = 3", "(recipes of acme: {}: [renamed] is wrong"),
        ('rename.specks = "dots"', "(recipes of acme: {}: [rename] is wrong"),
        ("renamed = ", "(recipes of acme: {}"),
    ],
)
def test_a_table_that_is_wrong(table: str, says: str, folder: Path) -> None:
    (folder / "renamed.toml").write_text(table)
    with pytest.raises(RecipeError, match=re.escape(says.format(folder / "renamed.toml"))):
        find("specks")
    assert find("dots") == (folder / "dots.json", [])


def test_the_path_of_a_former_name(folder: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        find("recipes/specks.toml")
    says = "no file 'recipes/specks.toml'. The recipe specks is now dots: `ganzoo run dots`."
    assert raised.value.message == says


@pytest.mark.filterwarnings("default::ganzoo.registry.versions.Deprecated")
@pytest.mark.parametrize("arguments", [("check", "specks", "--no-time"), ("show", "specks"), ("cp", "specks", "mine")])
def test_commands_say_once_what_it_is_called_now(
    arguments: tuple[str, ...], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.warns(Deprecated) as caught:
        result = ganzoo(*arguments)
    assert [str(warning.message) for warning in caught] == [IS_NOW]
    assert result.exit_code == 0, result.output
    present = ganzoo(arguments[0], "dots", *(word.replace("mine", "yours") for word in arguments[2:]))
    assert result.stdout.replace("mine", "yours") == present.stdout


def test_list_shows_the_present_recipe(folder: Path) -> None:
    result = ganzoo("list", "recipe", "specks", "--json")
    assert (result.exit_code, result.stderr.strip()) == (0, IS_NOW)
    assert [row["name"] for row in json.loads(result.stdout)] == ["dots"]


def test_a_run_is_trained_and_gone_on_with_by_the_former_name(folder: Path, tmp_path: Path) -> None:
    """Runs are found by their settings, so that --resume continues a run that was started under either name."""
    out = tmp_path / "runs"
    with pytest.warns(Deprecated, match=IS_NOW):
        run = package.train("specks", {"run.steps": 1}, out=out)
    assert run.folder.name.startswith("dots-")
    with pytest.warns(Deprecated, match=IS_NOW):
        other = ganzoo("run", "specks", "run.steps=1", "--resume", "--out", str(out))
    assert "no unfinished run of this recipe" in other.stderr, "the only one is finished"


def test_other_names_of_a_plugin_s_gan(folder: Path) -> None:
    (folder / "swirls.toml").write_text('about.gan = "SwirlGAN"')
    (folder / "renamed.toml").write_text('gans."Swirling GAN" = "SwirlGAN"')
    for spelling in ("swirling gan", "Swirling-GAN", "SWIRLINGGAN", "Swirl GAN"):
        rows = json.loads(ganzoo("list", "gan", spelling, "--json").stdout)
        assert [(row["name"], row["owner"], row["summary"]) for row in rows] == [("SwirlGAN", "acme", "swirls")]
    assert ganzoo("list", "gan", "swirling gans").exit_code == 2


@pytest.mark.parametrize(
    ("spelling", "gan"),
    [
        *((name, "DCGAN") for name in ("DC-GAN", "DC GAN", "Deep Convolutional GAN")),
        *((name, "CGAN") for name in ("Conditional GAN", "Conditional-GAN", "conditional gan")),
        *((name, "WGAN") for name in ("Wasserstein GAN", "Wasserstein-GAN", "wasserstein_gan")),
        *((name, "VAE-GAN") for name in ("VAEGAN", "VAE GAN")),
        *((name, "GAN") for name in ("Generative Adversarial Networks", "Generative adversarial nets", "Vanilla GAN")),
        ("PPGAN", "PPGN"),
        ("LS-GAN", "LS-GAN (loss-sensitive)"),
        ("Generative Multi-Adversarial Networks", "GMAN"),
        ("Infogan", "InfoGAN"),
        ("SeqGAN", "SeqGAN"),
        ("EBGAN", "EBGAN"),
        ("LAPGAN", "LAPGAN"),
    ],
)
def test_names_that_texts_use_are_found(spelling: str, gan: str) -> None:
    rows = json.loads(ganzoo("list", "gan", spelling, "--json").stdout)
    assert gan in [row["name"] for row in rows]


@pytest.mark.parametrize("command", ["run", "show"])
@pytest.mark.parametrize(("spelling", "gan"), [("PPGAN", "PPGN"), ("wasserstein-gan", "WGAN"), ("WGAN", "WGAN")])
def test_the_name_of_a_gan_where_a_recipe_is_asked_for(command: str, spelling: str, gan: str) -> None:
    result = ganzoo(command, spelling)
    assert result.exit_code == 2
    assert f"named {spelling!r}. It is the name of a GAN: `ganzoo list gan {gan}` lists its recipes." in result.stderr


def test_every_other_name_is_that_of_a_gan_with_recipes() -> None:
    gans = {recipe.about[0] for recipe in locate.recipes(discovery.load())}
    assert {*renamed.read(locate.packaged()).gans.values()} <= gans


def test_our_own_names_lead_to_recipes() -> None:
    names = renamed.read(locate.packaged())
    recipes = {path.stem for path in locate.packaged().glob("*.toml")} - {"renamed"}
    assert not recipes & names.renamed.keys()
    assert {*names.renamed.values(), *names.replaced.values(), *names.replaced} <= recipes | names.renamed.keys()

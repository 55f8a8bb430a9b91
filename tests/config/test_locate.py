"""Where recipes are found: by path, by name, and in the folders of plugins."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.config import locate
from ganzoo.errors import RecipeError
from ganzoo.registry import discovery
from helpers.packages import install

FOLDER = """
import ganzoo, pathlib

@ganzoo.hookimpl
def ganzoo_recipes():
    return pathlib.Path(__file__).parent / "their_recipes"
"""


@pytest.fixture
def theirs(site: Path) -> Path:
    """The folder of recipes of a plugin called acme."""
    install(site, "ganzoo-acme", FOLDER)
    (site / "their_recipes").mkdir()
    (site / "their_recipes" / "spiral.toml").write_text("# A spiral.\n#\n# More.\n")
    (site / "their_recipes" / "notes.txt").write_text("no recipe")
    (site / "their_recipes" / "ganzoo.schema.json").write_text("{}")  # an editor's
    return site / "their_recipes"


def found() -> dict[str, str]:
    return {recipe.name: recipe.owner for recipe in locate.recipes(discovery.load())}


def test_the_packaged_recipes_are_found() -> None:
    assert set(found()) == {path.stem for path in locate.packaged().glob("*.toml")} - {"renamed"}
    assert "quickstart" in found()


def test_a_plugin_s_recipes_are_found_beside_ours(theirs: Path) -> None:
    assert found()["spiral"] == "acme"
    assert found()["quickstart"] == "ganzoo"
    assert "notes" not in found()
    assert locate.find("spiral", discovery.load()) == theirs / "spiral.toml"


def test_a_recipe_s_summary_is_its_first_line(theirs: Path) -> None:
    (theirs / "bare.toml").write_text("[run]\n")
    (theirs / "empty.json").write_text("")
    summaries = {one.name: one.summary() for one in locate.recipes(discovery.load()) if one.owner == "acme"}
    assert summaries == {"spiral": "A spiral.", "bare": "", "empty": ""}


def test_a_name_of_two_plugins_is_asked_back(theirs: Path, site: Path) -> None:
    install(site, "ganzoo-betty", f"import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_recipes(): return {str(theirs)!r}\n")
    with pytest.raises(RecipeError) as raised:
        locate.find("spiral", discovery.load())
    assert raised.value.message == "2 plugins provide the recipe 'spiral': write acme/spiral or betty/spiral."


def test_the_name_of_a_built_in_recipe_stays_its_own(theirs: Path) -> None:
    (theirs / "quickstart.toml").write_text("# Another.\n")
    plugins = discovery.load()
    assert locate.find("quickstart", plugins) == locate.packaged() / "quickstart.toml"
    assert locate.find("acme/quickstart", plugins) == theirs / "quickstart.toml"
    assert locate.find("ganzoo/quickstart", plugins) == locate.packaged() / "quickstart.toml"


def test_a_path_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quickstart.toml").write_text("# Mine.\n")
    assert locate.find("quickstart.toml", discovery.load()) == Path("quickstart.toml")
    assert locate.find("quickstart", discovery.load()) == locate.packaged() / "quickstart.toml"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "quikstart",
            "no recipe named 'quikstart'. Did you mean 'quickstart'? See `ganzoo list recipe`, or give a path",
        ),
        ("acme/quickstart", "no recipe named 'acme/quickstart'. Did you mean 'quickstart'?"),
        ("mine.toml", "no file 'mine.toml'. no recipe named 'mine'."),
        ("quickstart.toml", "no file 'quickstart.toml'. A recipe has that name: `ganzoo run quickstart`."),
    ],
)
def test_a_recipe_that_is_not_there(name: str, says: str) -> None:
    with pytest.raises(RecipeError) as raised:
        locate.find(name, discovery.load())
    assert raised.value.message.startswith(says)


def test_a_plugin_that_fails_to_name_its_folder_costs_its_recipes_only(site: Path) -> None:
    install(site, "ganzoo-acme", "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_recipes(): raise RuntimeError('no luck')")
    plugins = discovery.load()
    assert "quickstart" in {recipe.name for recipe in locate.recipes(plugins)}
    with pytest.raises(RecipeError, match="plugin acme/main failed in ganzoo_recipes: RuntimeError: no luck"):
        locate.find("spiral", plugins)


def test_a_folder_that_is_not_there_is_passed_over(site: Path) -> None:
    install(site, "ganzoo-acme", FOLDER)
    assert "acme" not in found().values()


def test_a_file_of_that_name_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos.toml").touch()
    with pytest.raises(RecipeError, match=r"There is a file of that name here: `ganzoo run photos.toml`\. See"):
        locate.find("photos", discovery.load())


def test_a_file_of_another_format_is_told_what_recipes_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("run:\n  steps: 5\n")
    with pytest.raises(RecipeError, match=r"'mine\.yaml' is a file, but recipes end in \.toml or \.json.*ganzoo cp"):
        locate.find("mine.yaml", discovery.load())

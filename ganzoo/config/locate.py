"""Recipe files, located by path, in the packaged folder, and in the folders that plugins provide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganzoo.config.parser import parse
from ganzoo.errors import GanzooError, RecipeError, did_you_mean
from ganzoo.registry.discovery import Plugins

SUFFIXES = (".toml", ".json")
SCHEMA = ".schema.json"  # end of the file that editors check recipes in the same folder with


@dataclass(frozen=True)
class RecipeFile:
    """A recipe file in the folder of a plugin.

    Attributes:
        name: File name without its suffix.
        owner: Owner of the plugin.
        path: The file.
    """

    name: str
    owner: str
    path: Path

    def summary(self) -> str:
        """Return the first line of the header comment."""
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            first = next(lines, "")
        return first.lstrip("# ").strip() if first.startswith("#") else ""

    @cached_property
    def about(self) -> tuple[str, str]:
        """The GAN and its paper in the [about] table; empty where there is none, or where it cannot be read."""
        try:
            table = parse(self.path.read_bytes(), self.path.suffix, str(self.path)).get("about", {})
            return str(table.get("gan", "")), str(table.get("paper", ""))
        except (OSError, GanzooError, AttributeError):
            return "", ""


def packaged() -> Path:
    """Return the folder of ganzoo's own recipes: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


def recipes(plugins: Plugins) -> list[RecipeFile]:
    """Return every recipe that has a name, sorted by name. A plugin whose folder cannot be read is skipped."""
    folders = [("ganzoo", packaged())]
    for plugin, list_folders in plugins.callers("ganzoo_recipes"):
        try:
            folders += [(plugin.split("/")[0], Path(str(folder))) for folder in list_folders()]
        except Exception as error:
            plugins.zoo.failures.append(f"plugin {plugin} failed in ganzoo_recipes: {type(error).__name__}: {error}")
    files = [
        RecipeFile(path.stem, owner, path)
        for owner, folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.suffix in SUFFIXES and not path.name.endswith(SCHEMA)
    ]
    return sorted(files, key=lambda recipe: (recipe.name, recipe.owner))


def find(name: str, plugins: Plugins) -> Path:
    """Find the file of a recipe.

    Args:
        name: A path, or the name of a recipe: `owner/name` where two plugins have one of that name.
        plugins: The plugins whose recipes are known by name.

    Returns:
        Path of the file.

    Raises:
        RecipeError: When there is no such recipe, or more than one.
    """
    if Path(name).suffix in SUFFIXES:
        if Path(name).exists():
            return Path(name)
        return _find_by_name(Path(name).stem, plugins, f"no file {name!r}. ")
    return _find_by_name(name, plugins, "")


def _find_by_name(name: str, plugins: Plugins, remark: str) -> Path:
    owner, _, bare = name.rpartition("/")
    files = recipes(plugins)
    matches = [recipe for recipe in files if recipe.name == bare and owner in ("", recipe.owner)]
    if len(matches) == 1 and not remark:
        return matches[0].path
    if matches and remark:
        raise RecipeError(f"{remark}A built-in recipe has that name: `ganzoo run {name}`.")
    if matches:
        choices = " or ".join(f"{recipe.owner}/{recipe.name}" for recipe in matches)
        raise RecipeError(f"{len(matches)} plugins provide the recipe {name!r}: write {choices}.")
    near = did_you_mean(name, [known for recipe in files for known in (recipe.name, f"{recipe.owner}/{recipe.name}")])
    lines = [f"{remark}no recipe named {name!r}.{near} See `ganzoo list recipe`, or give a path ending in .toml."]
    raise RecipeError("\n".join(lines + [f"  ({failure})" for failure in plugins.zoo.failures]))

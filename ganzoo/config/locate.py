"""Where recipes are found: a path, the packaged folder, and the folders that plugins offer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganzoo.config.parser import parse
from ganzoo.errors import GanzooError, RecipeError, did_you_mean
from ganzoo.registry.discovery import Plugins

SUFFIXES = (".toml", ".json")
SCHEMA = ".schema.json"  # what an editor checks the recipes beside it with


@dataclass(frozen=True)
class Found:
    """A recipe file that some plugin offers."""

    name: str
    owner: str
    path: Path

    def summary(self) -> str:
        """The first line of the header comment."""
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            first = next(lines, "")
        return first.lstrip("# ").strip() if first.startswith("#") else ""

    @cached_property
    def about(self) -> tuple[str, str]:
        """The GAN and its paper, by the [about] table; empty where it does not say, or cannot be read."""
        try:
            table = parse(self.path.read_bytes(), self.path.suffix, str(self.path)).get("about", {})
            return str(table.get("gan", "")), str(table.get("paper", ""))
        except (OSError, GanzooError, AttributeError):
            return "", ""


def packaged() -> Path:
    """Our own recipes: inside the installed package, or at the top of a checkout."""
    here = Path(__file__).parents[1]
    inside = here / "recipes"
    return inside if inside.is_dir() else here.parent / "recipes"


def recipes(plugins: Plugins) -> list[Found]:
    """Every recipe known by name, in order of name. A plugin whose folder cannot be read is passed over."""
    folders = [("ganzoo", packaged())]
    for name, folder_of in plugins.callers("ganzoo_recipes"):
        try:
            folders += [(name.split("/")[0], Path(str(folder))) for folder in folder_of()]
        except Exception as error:
            plugins.zoo.failures.append(f"plugin {name} failed in ganzoo_recipes: {type(error).__name__}: {error}")
    found = [
        Found(path.stem, owner, path)
        for owner, folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.suffix in SUFFIXES and not path.name.endswith(SCHEMA)
    ]
    return sorted(found, key=lambda recipe: (recipe.name, recipe.owner))


def locate(name: str, plugins: Plugins) -> Path:
    """The file of a recipe given by path or by name (`owner/name` where two plugins offer it)."""
    if Path(name).suffix in SUFFIXES:
        if Path(name).exists():
            return Path(name)
        return _known(Path(name).stem, plugins, f"no file {name!r}. ")
    return _known(name, plugins, "")


def _known(name: str, plugins: Plugins, remark: str) -> Path:
    owner, _, bare = name.rpartition("/")
    offered = recipes(plugins)
    matches = [recipe for recipe in offered if recipe.name == bare and owner in ("", recipe.owner)]
    if len(matches) == 1 and not remark:
        return matches[0].path
    if matches and remark:
        raise RecipeError(f"{remark}A built-in recipe has that name: `ganzoo run {name}`.")
    if matches:
        choices = " or ".join(f"{recipe.owner}/{recipe.name}" for recipe in matches)
        raise RecipeError(f"{len(matches)} plugins provide the recipe {name!r}: write {choices}.")
    near = did_you_mean(name, [known for recipe in offered for known in (recipe.name, f"{recipe.owner}/{recipe.name}")])
    lines = [f"{remark}no recipe named {name!r}.{near} See `ganzoo list recipe`, or give a path ending in .toml."]
    raise RecipeError("\n".join(lines + [f"  ({failure})" for failure in plugins.zoo.failures]))

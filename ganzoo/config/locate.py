"""Recipe files, located by path, or by name in the packaged folder and the folders that plugins provide."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganzoo.config import renamed
from ganzoo.config.parser import parse
from ganzoo.config.renamed import FormerNames
from ganzoo.errors import GanzooError, RecipeError, did_you_mean, one_line
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.versions import deprecated
from ganzoo.registry.zoo import meant

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

    @property
    def full_name(self) -> str:
        """The name with its owner: "acme/swirl_digits"."""
        return f"{self.owner}/{self.name}"

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


@dataclass(frozen=True)
class _Former:
    """A former name of a recipe.

    Attributes:
        owner: Owner of the plugin that lists it.
    """

    owner: str


def packaged() -> Path:
    """Return the folder of ganzoo's own recipes: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


def folders(plugins: Plugins) -> list[tuple[str, Path]]:
    """Return pairs of an owner and a folder of recipes. A plugin that fails to name its folder is skipped."""
    own = [("ganzoo", packaged())] if packaged().is_dir() else []
    return [*own, *plugins.folders("ganzoo_recipes")]


def recipes(plugins: Plugins) -> list[RecipeFile]:
    """Return every recipe that has a name, sorted by name. A plugin whose folder cannot be read is skipped."""
    files = [
        RecipeFile(path.stem, owner, path)
        for owner, folder in folders(plugins)
        for path in folder.iterdir()
        if path.suffix in SUFFIXES and not path.name.endswith(SCHEMA) and path.name != renamed.FILE
    ]
    return sorted(files, key=lambda recipe: (recipe.name, recipe.owner))


def find(name: str, plugins: Plugins) -> Path:
    """Find the file of a recipe. Warns once when the name is a former one, or now means another recipe.

    Args:
        name: A path, or the name of a recipe: `owner/name` where two plugins have one of that name. Without an owner
            it is the built-in one, if there is one.
        plugins: The plugins whose recipes are known by name.

    Returns:
        Path of the file.

    Raises:
        RecipeError: When there is no such recipe, or more than one.
    """
    if "=" in name and not Path(name).exists():
        setting = one_line(name)
        raise RecipeError(f"{setting} is a setting, and no recipe. Name the recipe before it: quickstart {setting}")
    if Path(name).suffix in SUFFIXES:
        if Path(name).exists():
            return Path(name)
        raise _explain_missing_file(name, plugins)
    recipe, remark = _find_by_name(name, plugins)
    if remark:
        deprecated(remark)
    return recipe.path


def present_name(name: str, plugins: Plugins) -> str:
    """Return the present name of a recipe that was renamed, or "" where the name is not a former one."""
    names = _present_names(name, plugins)
    return names[0].partition("/")[2] if len(names) == 1 else ""


def gan_names(plugins: Plugins) -> dict[str, list[str]]:
    """Return the other names of GANs, as texts spell them: {name in [about]: other names}."""
    spelled: dict[str, list[str]] = {}
    for _, names in _former_names(plugins):
        for other, name in names.gans.items():
            spelled.setdefault(name, []).append(other)
    return spelled


def gan_hint(name: str, plugins: Plugins) -> str:
    """Return " It is a GAN ..." when a name that is no recipe is that of a GAN, with a leading space; otherwise ""."""
    named = {recipe.about[0]: [recipe.about[0]] for recipe in recipes(plugins)}
    for gan, others in gan_names(plugins).items():
        named.setdefault(gan, []).extend(others)
    meant = [gan for gan, names in named.items() if gan and renamed.joined(name) in map(renamed.joined, names)]
    return f" It is the name of a GAN: `ganzoo list gan {shlex.quote(meant[0])}` lists its recipes." if meant else ""


def _find_by_name(name: str, plugins: Plugins) -> tuple[RecipeFile, str]:
    """Return a recipe, and a remark about its name for whoever asked for it."""
    files = recipes(plugins)
    owner, _, bare = name.rpartition("/")
    matches = [recipe for recipe in files if recipe.name == bare]
    owners = {recipe.owner for recipe in matches}
    candidates: list[RecipeFile | _Former] = [*matches]
    candidates += [_Former(who) for who, names in _former_names(plugins) if bare in names.renamed and who not in owners]
    chosen: dict[RecipeFile, str] = {}
    for candidate in meant(candidates, owner):
        if isinstance(candidate, RecipeFile):
            chosen[candidate] = _replaced(candidate, plugins)
        else:
            presents = _present_names(f"{candidate.owner}/{bare}", plugins)
            found = (recipe for recipe in files if recipe.full_name in presents)
            chosen.update({recipe: f"{name} is now {recipe.name}" for recipe in found})
    if len(chosen) == 1:
        return next(iter(chosen.items()))
    if chosen:
        choices = " or ".join(sorted(recipe.full_name for recipe in chosen))
        raise RecipeError(f"{len(chosen)} plugins provide the recipe {name!r}: write {choices}.")
    raise _explain_missing(name, files, plugins)


def _former_names(plugins: Plugins) -> list[tuple[str, FormerNames]]:
    """Return the former names that each folder lists. A table that cannot be read is skipped."""
    tables = []
    for owner, folder in folders(plugins):
        try:
            tables.append((owner, renamed.read(folder)))
        except RecipeError as error:
            plugins.zoo.failures.append(f"recipes of {owner}: {error.message}")
    return tables


def _present_names(name: str, plugins: Plugins) -> list[str]:
    return renamed.present_names(name, [(owner, names.renamed) for owner, names in _former_names(plugins)])


def _replaced(recipe: RecipeFile, plugins: Plugins) -> str:
    """Return a remark about a name that meant another recipe in earlier versions, or ""."""
    for owner, names in _former_names(plugins):
        if owner == recipe.owner and recipe.name in names.replaced:
            other = names.replaced[recipe.name]
            return f"{recipe.name} is another recipe than in earlier versions; that one is now {other}"
    return ""


def _explain_missing_file(name: str, plugins: Plugins) -> RecipeError:
    stem = Path(name).stem
    try:
        recipe, _ = _find_by_name(stem, plugins)
    except RecipeError as error:
        return RecipeError(f"no file {name!r}. {error.message}")
    if recipe.name != stem:
        return RecipeError(f"no file {name!r}. The recipe {stem} is now {recipe.name}: `ganzoo run {recipe.name}`.")
    return RecipeError(f"no file {name!r}. A recipe has that name: `ganzoo run {stem}`.")


def _explain_missing(name: str, files: list[RecipeFile], plugins: Plugins) -> RecipeError:
    if Path(name).is_file():
        return RecipeError(
            f"{one_line(name)!r} is a file, but recipes end in {' or '.join(SUFFIXES)}. Write it as TOML: "
            "`ganzoo cp quickstart mine.toml` gives you one to begin with."
        )
    files_here = [f"{name}{suffix}" for suffix in SUFFIXES if Path(f"{name}{suffix}").is_file()]
    here = f" There is a file of that name here: `ganzoo run {shlex.quote(files_here[0])}`." if files_here else ""
    near = (
        here
        or gan_hint(name, plugins)
        or did_you_mean(name, [known for recipe in files for known in (recipe.name, recipe.full_name)])
    )
    lines = [f"no recipe named {name!r}.{near} See `ganzoo list recipe`, or give a path ending in .toml."]
    return RecipeError("\n".join(lines + [f"  ({failure})" for failure in dict.fromkeys(plugins.zoo.failures)]))

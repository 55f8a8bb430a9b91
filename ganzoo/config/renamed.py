"""Former names of recipes, and other names of GANs: the table `renamed.toml` in a folder of recipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ganzoo.config.parser import parse
from ganzoo.errors import RecipeError

FILE = "renamed.toml"
ROUNDS = 10  # more renamings than any recipe has behind it: a name that still changes never settles


class FormerNames(NamedTuple):
    """The content of `renamed.toml`. Names without an owner are those of the plugin that the folder belongs to.

    Attributes:
        renamed: {former name: present name} of recipes.
        replaced: {name: other name}, where the name now means another recipe, and its former content has the other
            name.
        gans: {other name: name} of GANs, as texts spell them and as the recipes' [about] does.
    """

    renamed: dict[str, str] = {}  # noqa: RUF012
    replaced: dict[str, str] = {}  # noqa: RUF012
    gans: dict[str, str] = {}  # noqa: RUF012


def read(folder: Path) -> FormerNames:
    """Read the former names in a folder of recipes.

    Args:
        folder: The folder; it need not have such a table.

    Returns:
        The former names.

    Raises:
        RecipeError: The table cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return FormerNames()
    try:
        tree = parse(path.read_bytes(), path.suffix, str(path))
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}") from error
    for table, names in tree.items():
        if table not in FormerNames._fields or not isinstance(names, dict) or not all(map(_is_name, names.values())):
            raise RecipeError(
                f'{path}: [{table}] is wrong: write [renamed], [replaced] and [gans] with entries such as old = "new"'
            )
    return FormerNames(**tree)


def present_names(name: str, tables: Iterable[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Look a name up among former names.

    Args:
        name: The name that was asked for, with or without an owner.
        tables: Pairs of an owner and its {former name: present name}.

    Returns:
        One full name, "owner/name"; several where owners share the former name; none for a name that is not a former
        one.

    Raises:
        RecipeError: The names lead in a circle.
    """
    known = {
        f"{owner}/{former}": present if "/" in present else f"{owner}/{present}"
        for owner, names in tables
        for former, present in names.items()
    }
    return [_settle(full, known) for full in known if name in (full, full.partition("/")[2])]


def joined(name: str) -> str:
    """Return a GAN's name in lower case, without spaces, hyphens and underscores: "wassersteingan"."""
    return name.casefold().replace(" ", "").replace("-", "").replace("_", "")


def _settle(full: str, known: Mapping[str, str]) -> str:
    present = full
    for _ in range(ROUNDS):
        if present not in known:
            return present
        present = known[present]
    raise RecipeError(f"the former recipe name {full!r} leads in a circle. Tell the authors of the plugin.")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""

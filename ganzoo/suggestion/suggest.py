"""Suggestion of a recipe for pictures: `ganzoo.suggest()`, and what the command has in common with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.config.overrides import as_toml
from ganzoo.data.sources import with_home
from ganzoo.errors import GanzooError
from ganzoo.objects import given
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.suggestion import recipe_file
from ganzoo.suggestion.choice import Choice, Chooser
from ganzoo.suggestion.pictures import look
from ganzoo.utils import atomic


class SuggestedRecipe(dict[str, Any]):
    """The tables of a recipe, for `ganzoo.train()`, with the reasons for them.

    Args:
        choice: What was chosen.
        text: The recipe as TOML, with the reasons as comments.

    Attributes:
        text: The recipe as TOML.
        summary: What is trained, for how long, and what to expect of so many pictures.
    """

    def __init__(self, choice: Choice, text: str):
        super().__init__(choice.tables)
        seen = choice.pictures
        self.text = text
        self.summary = f"{seen.count:,} pictures: {seen.outlook}.\n{recipe_file.summary(choice)}"

    def __str__(self) -> str:
        return self.text


def suggest(
    pictures: Any,
    settings: Mapping[str, Any] | None = None,
    *,
    minutes: float = 15.0,
    out: str | Path | None = None,
    force: bool = False,
    owner: str = "ganzoo",
    plugins: Plugins | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> SuggestedRecipe:
    """Suggest a recipe for pictures: looks at all of them, times a few steps on this machine, and fits the time.

    Args:
        pictures: A folder of pictures, the name of a dataset, or data as `ganzoo.train(dataset=...)` takes them.
        settings: Settings of the dataset, such as {"size": 32}.
        minutes: How long training may take on this machine.
        out: File that the recipe is written to; by default none.
        force: Overwrite the file.
        owner: Owner of the plugin that suggests the networks.
        plugins: The plugins; by default all installed ones.
        told: Called with a line of text for each step of the search.

    Returns:
        The recipe, for `ganzoo.train(recipe)`; `print(recipe)` shows it as TOML. Data that were given in Python are
        given again: `ganzoo.train(recipe, dataset=...)`.

    Raises:
        DataError: There are no pictures, too few, or too many that cannot be read.
        GanzooError: A setting is wrong, nothing fits the time, or the file cannot be written.
    """
    plugins = plugins or discovery.load()
    call = f"ganzoo.suggest({str(pictures)!r}, minutes={minutes:g})"
    place = pictures
    if not isinstance(pictures, (str, Path)):
        call = f"ganzoo.suggest(..., minutes={minutes:g})"
        chosen, zoo = given.choices({"dataset": pictures})
        plugins, place = discovery.extended(plugins, given.PLUGIN, zoo, {}), chosen["dataset"]["use"]
    name = name_of(str(place))
    file = checked_file(Path(out), force) if out else None
    typed = [f"{key}={as_toml(value)}" for key, value in (settings or {}).items()]
    choice = choose(str(place), typed, minutes, plugins, owner, told)
    recipe = SuggestedRecipe(choice, recipe_file.text(choice, name, call, str(file or f"{name}.toml")))
    if file:
        write(file, recipe.text, str(place))
    return recipe


def choose(
    place: str,
    settings: Sequence[str],
    minutes: float,
    plugins: Plugins,
    owner: str,
    told: Callable[[str], None],
    start_up: float = 0.0,
) -> Choice:
    """Look at pictures and choose networks, side and steps.

    Args:
        place: A folder, or the name of a dataset.
        settings: Settings of the dataset, as `setting=value`.
        minutes: How long training may take.
        plugins: The plugins.
        owner: Owner of the plugin that suggests the networks.
        told: Called with a line of text for each step of the search.
        start_up: Seconds that a command needs before it reads data.

    Returns:
        The choice.
    """
    told(f"looking at {place}")
    seen = look(place, settings, plugins.zoo)
    return Chooser(plugins, owner, start_up=start_up, say=told).choose(seen, minutes)


def name_of(place: str) -> str:
    """Return the name of a recipe for pictures, from that of their folder."""
    return re.sub(r"[^\w.-]+", "_", with_home(place).resolve().name) or "suggested"


def checked_file(file: Path, force: bool) -> Path:
    """Return the file of a recipe.

    Args:
        file: The file.
        force: It may exist.

    Returns:
        The file.

    Raises:
        GanzooError: It is no TOML file, or it exists.
    """
    if file.suffix != ".toml":
        raise GanzooError(f"{file}: recipes are written as TOML; end the name in .toml.")
    if file.exists() and not force:
        raise GanzooError(f"{file} exists already, and is left as it is. Give another --out, or --force.")
    return file


def write(file: Path, text: str, place: str) -> None:
    """Write a recipe.

    Args:
        file: The file.
        text: The recipe as TOML.
        place: The pictures, for messages.

    Raises:
        GanzooError: The file cannot be written.
    """
    try:
        atomic.write_file(file, text.encode())
    except UnicodeEncodeError as error:
        raise GanzooError(f"{place!r}: recipes are UTF-8, and this name is not. Rename the folder.") from error
    except OSError as error:
        raise GanzooError(f"{file}: {error.strerror}. Give another place by --out.") from error

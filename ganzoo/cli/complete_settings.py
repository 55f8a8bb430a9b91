"""Shell completion of KEY=VALUE: tables, settings, and values. Imports neither torch nor pydantic."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ganzoo.cli import complete
from ganzoo.config import locate
from ganzoo.config.choices import choices
from ganzoo.config.defaults import SETTINGS
from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import NEEDED, PER_PLAYER, Tree, kind_of, parse
from ganzoo.config.signature import Signature, describe, from_source, is_list_of_parts
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import layout
from ganzoo.utils import regular

Completer = Callable[[click.Context, click.Parameter, str], list[str]]
PLAYERS = ("generator", "discriminator", "encoder")
TABLES = ("run", "evaluate", *NEEDED)  # of every recipe; others are in its file


def _careful(completer: Completer) -> Completer:
    """Offer nothing where anything is wrong: the command itself says what."""

    def complete_or_nothing(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return completer(ctx, parameter, incomplete)
        except Exception:
            return []

    return complete_or_nothing


@_careful
def of_recipe(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the settings after a RECIPE."""
    plugins = discovery.load()
    return _complete(_read(ctx.params["recipe"], plugins), plugins.zoo, ctx.params.get("overrides") or (), incomplete)


@_careful
def of_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the settings of a RUN that may change when it is resumed."""
    from ganzoo.runs import status
    from ganzoo.runs.resumable import RESUMABLE

    tree = regular.read_json(status.find(Path(ctx.params["run"])) / layout.RESOLVED)["recipe"]
    offers = _complete(tree, discovery.load().zoo, ctx.params.get("overrides") or (), incomplete)
    return [offer for offer in offers if not _is_other(offer, RESUMABLE)]


@_careful
def of_dataset(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the settings of the dataset NAME, which are written without its table."""
    tree = {"dataset": {"use": ctx.params["name"]}}
    words = _rejoined(ctx.params.get("settings") or ())
    table = "dataset." if not words or _is_complete(words[-1]) else ""  # of a value that bash split off: no table
    offers = _complete(tree, discovery.load().zoo, [f"dataset.{word}" for word in words], f"{table}{incomplete}")
    return [offer.removeprefix("dataset.") for offer in offers if not offer.startswith("dataset.use=")]


@_careful
def over(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the settings and the list of values of --over."""
    plugins = discovery.load()
    targets = ctx.params.get("targets") or ctx.args  # the latter while an option has no value
    recipe, *words = _rejoined(targets)
    return _complete(_read(recipe, plugins), plugins.zoo, words, incomplete, several=True)


def of_targets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str | CompletionItem[Any]]:
    """Complete RUN ..., or a RECIPE and its settings; and the value of --over where bash split it at the sign."""
    first = [*(ctx.params.get("targets") or ()), ""][0]
    if not first:
        return [*complete.recipes(ctx, parameter, incomplete), *complete.runs(ctx, parameter, incomplete)]
    if Path(first).is_dir():
        return complete.runs(ctx, parameter, incomplete)
    return [*_careful(_targets)(ctx, parameter, incomplete)]


def _targets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    recipe, *words = ctx.params["targets"]
    plugins = discovery.load()
    split = [key for key in ctx.params.get("over") or () if "=" not in key]
    if split:  # bash gives `--over KEY=A` as three words
        return _complete(_read(recipe, plugins), plugins.zoo, [split[-1]], incomplete, several=True)
    return _complete(_read(recipe, plugins), plugins.zoo, words, incomplete)


def _read(recipe: str, plugins: Plugins) -> Tree:
    path = locate.find(recipe, plugins)
    return parse(path.read_bytes(), path.suffix, str(path))


def _complete(tree: Tree, zoo: Zoo, words: Sequence[str], incomplete: str, several: bool = False) -> list[str]:
    """Return what a word may become.

    Args:
        tree: The tables of the recipe.
        zoo: The components that `use` may name.
        words: The words before it. bash splits KEY=VALUE into three, and then completes the value alone.
        incomplete: The word as far as it is typed.
        several: Values are a list with commas.

    Returns:
        "table.", "table.setting=", or whole assignments.
    """
    before = _rejoined(words)
    prefix, value = "", incomplete
    if before and not _is_complete(before[-1]):
        key = before.pop().removesuffix("=")
    elif "=" in incomplete:
        key, _, value = incomplete.partition("=")
        prefix = f"{key}="
    else:
        _choose(tree, before)
        return [offer for offer in _keys(tree, zoo, incomplete) if offer.startswith(incomplete)]
    _choose(tree, before)
    done, comma, value = value.rpartition(",") if several else ("", "", value)
    taken = done.split(",")
    values = [offer for offer in _values(tree, zoo, key.split(".")) if offer.startswith(value) and offer not in taken]
    return [f"{prefix}{done}{comma}{offer}" for offer in values]


def _rejoined(words: Iterable[str]) -> list[str]:
    """Return KEY=VALUE in one word each, also where a shell has split them at the sign."""
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _is_complete(word: str) -> bool:
    return "=" in word and not word.endswith("=")


def _is_other(offer: str, keys: Iterable[str]) -> bool:
    """Return True for a table or setting that is none of these keys; False for a value alone."""
    key, equals, _ = offer.partition("=")
    return bool(equals or key.endswith(".")) and not any(name.startswith(key) for name in keys)


def _choose(tree: Tree, assignments: Iterable[str]) -> None:
    """Change the components that earlier words choose: their settings are other ones."""
    for assignment in assignments:
        key, _, use = assignment.partition("=")
        table, _, setting = key.rpartition(".")
        if setting == "use" and isinstance(tree.setdefault(table, {}), dict):
            tree[table]["use"] = use


def _keys(tree: Tree, zoo: Zoo, incomplete: str) -> list[str]:
    table, dot, _ = incomplete.rpartition(".")
    if not dot:
        return [f"{name}." for name in _tables(tree, zoo)]
    path = table.split(".")
    content = _content(tree, path)
    if isinstance(content, list):
        return [f"{table}.{k}." for k in range(len(content))]
    signature = _signature(tree, zoo, path)
    names = ([] if table in SETTINGS else ["use"]) + [*(signature.settings if signature else ())]
    players = [name for name in tree if kind_of(name) in PLAYERS] if path[0] in PER_PLAYER and len(path) == 1 else []
    return [*(f"{table}.{name}=" for name in names), *(f"{table}.{player}." for player in players)]


def _tables(tree: Tree, zoo: Zoo) -> list[str]:
    """Return the tables that a recipe has, or may have: those of which its procedure takes one."""
    procedure = _signature(tree, zoo, ["procedure"])
    accepted = procedure.parts.items() if procedure else ()
    parts = [name for name, parameter in accepted if name in tree or not is_list_of_parts(parameter)]
    return [*dict.fromkeys([*TABLES, *parts, *(table for table in tree if table != "about"), "schedule"])]


def _content(tree: Tree, path: Sequence[str]) -> Any:
    """Return the table or list at a path; a player's table is laid over the common settings."""
    content: Any = tree.get(path[0], {})
    for part in path[1:]:
        if isinstance(content, list):
            content = content[int(part)]
        else:
            common = {key: value for key, value in content.items() if not isinstance(value, dict)}
            content = {**common, **content.get(part, {})}
    return content


def _signature(tree: Tree, zoo: Zoo, path: Sequence[str]) -> Signature | None:
    """Return the signature of the component of a table, or of one that holds settings; None where it has none."""
    if len(path) == 1 and path[0] in SETTINGS:
        return from_source(SETTINGS[path[0]])
    content = _content(tree, path)
    return describe(zoo.find(kind_of(path[0]), content["use"])) if "use" in content else None


def _values(tree: Tree, zoo: Zoo, path: Sequence[str]) -> list[str]:
    """Return the names of components, the values that can be listed, or else the value of today."""
    *table, setting = path
    if setting == "use":
        return sorted({entry.name for entry in zoo.entries(kind_of(path[0])) if not entry.deprecated})
    signature = _signature(tree, zoo, table)
    parameter = signature.settings.get(setting) if signature else None
    if signature is None or parameter is None:
        return []
    today = _content(tree, table).get(setting, parameter.default)
    shown = today if isinstance(today, str) else as_toml(today)
    is_set = today not in (None, "") and today is not parameter.empty
    return [*dict.fromkeys([*choices(signature, parameter), *([shown] if is_set else [])])]

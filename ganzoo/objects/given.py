"""Arguments of `ganzoo.train()` that choose components: names, tables, and objects, which become components."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from ganzoo.config.overrides import REPEATED
from ganzoo.config.parser import kind_of
from ganzoo.errors import IncompatibleError, RecipeError, RunError, did_you_mean
from ganzoo.objects import absent, datasets, losses, networks
from ganzoo.objects.factory import Factory, copies_of, describe_object, required
from ganzoo.registry.registered import PYTHON
from ganzoo.registry.zoo import KINDS, Entry, Zoo

PLUGIN = f"{PYTHON}/given"  # name of the plugin that holds the objects of one call
ONLY_CLASSES = ("procedure", "optimizer")  # kinds that are built anew for each training


def target(kind: str, given: Any) -> Factory:
    """Return what builds a component from an object that was given in Python.

    Args:
        kind: One of KINDS.
        given: The object: a class, a function that builds the component, or a finished one, which is copied.

    Returns:
        A class or function, as components of this kind are registered.

    Raises:
        GanzooError: The object is nothing of which such a component can be made.
    """
    if kind in ("generator", "discriminator"):
        return networks.target(kind, given)  # type: ignore[arg-type]
    if kind == "loss":
        return losses.target(given)
    if kind == "dataset":
        return datasets.target(given)
    if kind == "schedule" and inspect.isfunction(given) and len(required(given)) > 1:
        return lambda: given
    if inspect.isclass(given) or inspect.isroutine(given) or isinstance(given, functools.partial):
        factory: Factory = given
        return factory
    is_component = any(base.__module__.startswith("ganzoo.") for base in type(given).__mro__)
    is_schedule = kind == "schedule" and callable(given)
    if kind in ONLY_CLASSES or not (is_component or is_schedule):
        raise IncompatibleError(
            f"{kind} is a {describe_object(given)}: give a class derived from ganzoo's, an object of it, a function "
            f"that builds one, or the name of a component; see `ganzoo list {kind}`."
        )
    return copies_of(given, kind)


def choices(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Zoo]:
    """Divide arguments into changes of a recipe and the components that they bring.

    Args:
        arguments: By table of the recipe: names, tables, objects, or lists of these.

    Returns:
        What each table is to be, as `ganzoo.train(changes=...)` takes it, and the objects as components.

    Raises:
        GanzooError: There is no such table, or no component can be made of an object.
    """
    zoo = Zoo(owner=PYTHON)
    changes: dict[str, Any] = {}
    for table, given in arguments.items():
        _check_table(table)
        if isinstance(given, (str, Mapping)):
            changes[table] = given
        elif kind_of(table) in REPEATED:
            items = given if isinstance(given, (list, tuple)) else [given]
            changes[table] = [_table(table, f"{table}-{k}", item, zoo) for k, item in enumerate(items)]
        else:
            changes[table] = _table(table, table, given, zoo)
    return changes, zoo


def of_run(arguments: Mapping[str, Any], tree: Mapping[str, Any], run: str) -> Zoo:
    """Return the objects that a run was trained with as components, under the names that it knows them by.

    Args:
        arguments: Objects by table of the recipe, or lists of them. Names and tables, which the run knows, are passed
            over, so that the arguments of choices() will do.
        tree: The recipe's tables in resolved.json.
        run: The run folder, for messages.

    Returns:
        The components.

    Raises:
        RunError: The run has no such table, or finds its component by name.
        GanzooError: No component can be made of an object.
    """
    zoo = Zoo(owner=PYTHON)
    uses = absent.uses(tree)
    for table, given in arguments.items():
        _check_table(table)
        known = {place: name for place, name in uses.items() if place.partition(".")[0] == table}
        listed = given if kind_of(table) in REPEATED and isinstance(given, (list, tuple)) else [given]
        items = [item for item in listed if not isinstance(item, (str, Mapping))]
        if not items:
            continue
        if not known or len(items) != len(known):
            raise RunError(_unknown_to_run(table, run, uses, len(known)))
        for name, item in zip(known.values(), items, strict=True):
            _add(zoo, table, name, item)
    return zoo


def _unknown_to_run(table: str, run: str, uses: Mapping[str, str], known: int) -> str:
    if known:
        return f"{run} was trained with {known} objects as {table}, not with another number: give a list of them."
    others = ", ".join(dict.fromkeys(place.partition(".")[0] for place in uses)) or "nothing"
    return f"{run} finds its {table}, if it has one, by name: leave {table}= out. Given in Python were: {others}."


def _check_table(table: str) -> None:
    if kind_of(table) not in KINDS:
        near = did_you_mean(table, KINDS)
        raise RecipeError(
            f"no argument and no table of a recipe is called {table!r}.{near} Tables: {', '.join(KINDS)}."
        )


def _table(table: str, name: str, given: Any, zoo: Zoo) -> dict[str, Any]:
    """Return the table of an object, which becomes a component, of a name, or of a table."""
    if isinstance(given, str):
        return {"use": given}
    if isinstance(given, Mapping):
        return {**given}
    _add(zoo, table, name, given)
    return {"use": f"{PYTHON}/{name}"}


def _add(zoo: Zoo, table: str, name: str, given: Any) -> None:
    built_by = target(kind_of(table), given)
    zoo.extend([Entry(kind_of(table), name, PYTHON, built_by, summary=describe_object(given))])

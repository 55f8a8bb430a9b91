"""Components of a run that were objects given in Python, which no name and no file brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from torch import Tensor

from ganzoo.config.component import Blueprint
from ganzoo.config.parser import kind_of
from ganzoo.errors import RunError
from ganzoo.interfaces import Loss
from ganzoo.registry.registered import PYTHON, is_of_an_object
from ganzoo.registry.zoo import Entry, Zoo


class _AbsentLoss(Loss):
    """Stands for a loss that is not there, which sampling does without."""

    def __init__(self, fail: Callable[[], NoReturn]):
        self.fail = fail

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        self.fail()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        self.fail()


def uses(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return the components of a recipe that were given or registered in Python.

    Args:
        tree: The tables of a recipe with full names, as in resolved.json.

    Returns:
        Name without the owner by place: "generator", or "regularizer.0" in a list of tables.
    """
    return {
        place: name.removeprefix(f"{PYTHON}/")
        for place, table in _tables(tree)
        if isinstance(name := table.get("use"), str) and name.startswith(f"{PYTHON}/")
    }


def completed(zoo: Zoo, tree: Mapping[str, Any], run: str) -> Zoo:
    """Return a zoo in which something stands for each component of a run that was given in Python and is not there.

    What stands there raises when it is used: a model whose data or loss was given in Python can be sampled without it.

    Args:
        zoo: The components that are there; it stays as it is.
        tree: The recipe's tables in resolved.json.
        run: The run folder, for messages.

    Returns:
        The zoo itself when nothing is missing.

    Raises:
        RunError: The procedure is missing, so that it is unknown what the model consists of.
    """
    known = {(entry.kind, entry.name) for entry in zoo if entry.owner == PYTHON}
    missing = {
        place: name for place, name in uses(tree).items() if (kind_of(place.partition(".")[0]), name) not in known
    }
    if not missing:
        return zoo
    if "procedure" in missing:
        raise RunError(message(run, missing))
    filled = Zoo(failures=zoo.failures)
    filled.extend(zoo)
    for place, name in missing.items():
        kind = kind_of(place.partition(".")[0])
        filled.extend([Entry(kind, name, PYTHON, _stand_in(kind, message(run, missing)))])
    return filled


def require(components: Iterable[Blueprint]) -> None:
    """Check that everything is there that a run was trained with.

    Args:
        components: The components of its recipe.

    Raises:
        RunError: An object that was given in Python is missing.
    """
    for blueprint in components:
        if told := getattr(blueprint.entry.target, "absent", ""):
            raise RunError(told)


def message(run: str, missing: Mapping[str, str]) -> str:
    """Return one line that says what is missing and how to go on.

    Args:
        run: The run folder.
        missing: Names by place, as uses() returns them.

    Returns:
        The line.
    """
    given = [*dict.fromkeys(place.partition(".")[0] for place, name in missing.items() if is_of_an_object(name))]
    registered = [f'"{name}"' for name in missing.values() if not is_of_an_object(name)]
    first = f"register {', '.join(registered)} again, then " if registered else ""
    arguments = "".join(f", {table}=..." for table in given)
    what = ", ".join([*given, *registered])
    return (
        f"{run} was trained with objects given in Python ({what}), which no command can rebuild. In Python, {first}"
        f"give the same objects to ganzoo.resume({run!r}{arguments}), to ganzoo.load() or to ganzoo.evaluate()."
    )


def described(components: Iterable[Blueprint]) -> dict[str, str]:
    """Return what was given in Python among the components of a recipe, by their kinds and full names."""
    of_python = [blueprint.entry for blueprint in components if blueprint.entry.owner == PYTHON]
    return {f"{entry.kind} {entry.full_name}": entry.summary for entry in of_python}


def _tables(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each table of components with its place."""
    for name, content in tree.items():
        place = f"{prefix}{name}"
        if isinstance(content, Mapping):
            yield place, content
            yield from _tables(content, f"{place}.")
        elif isinstance(content, list):
            yield from ((f"{place}.{k}", item) for k, item in enumerate(content) if isinstance(item, Mapping))


def _stand_in(kind: str, told: str) -> Callable[..., Any]:
    def fail() -> NoReturn:
        raise RunError(told)

    def stand_in(*args: Any, **settings: Any) -> Any:
        return _AbsentLoss(fail) if kind == "loss" else fail()

    stand_in.__dict__["absent"] = told
    return stand_in

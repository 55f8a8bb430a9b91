"""Turns a recipe's tables into blueprints, and reports every problem in them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from ganzoo.config import component
from ganzoo.config.component import Blueprint
from ganzoo.config.overrides import override
from ganzoo.config.parser import BYTES, Tree, by_player, check_bounds, kind_of, parse
from ganzoo.config.recipe import About, Evaluation, PerPlayer, Recipe, RunSettings
from ganzoo.config.signature import PARTS
from ganzoo.config.upgrade import upgraded
from ganzoo.errors import GanzooError, RecipeError, SetupError, did_you_mean, one_line
from ganzoo.registry import versions
from ganzoo.registry.zoo import Zoo

Model = TypeVar("Model", bound=BaseModel)
TABLES = ("about", "run", "dataset", "procedure", "optimizer", "schedule", "evaluate", "metric", "extractor")


def read(path: Path, assignments: Iterable[str], zoo: Zoo) -> tuple[Recipe, list[str]]:
    """The recipe in a file with `key.path=value` overrides, and remarks about what those dropped."""
    try:
        with path.open("rb") as file:
            text = file.read(BYTES + 1)
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL in it
        reason = getattr(error, "strerror", error)
        raise RecipeError(f"{path}: {reason}. `ganzoo list recipe` names the built-in ones.") from error
    tree = parse(text, path.suffix, str(path))
    remarks = override(tree, assignments, zoo)
    return resolve(tree, zoo, str(path), name=path.stem, text=text, suffix=path.suffix), remarks


def resolve(tree: Tree, zoo: Zoo, origin: str, *, name: str, text: bytes = b"", suffix: str = ".json") -> Recipe:
    """Check a tree and make a recipe of it. Errors: RecipeError with every problem, each with file and table."""
    check_bounds(tree, origin)  # once more: overrides have changed it
    resolver = _Resolver(zoo)
    recipe = resolver.recipe(tree, name, text, suffix)
    if recipe is None:
        raise _told(resolver.problems, origin, "this recipe")
    return recipe


def parts(tree: Tree, zoo: Zoo, origin: str) -> tuple[Blueprint, Mapping[str, Any], Blueprint | None]:
    """Of a tree of components alone: the procedure, its parts, and the dataset where there is one.

    Errors: RecipeError with every problem.
    """
    check_bounds(tree, origin)
    resolver = _Resolver(zoo)
    for table in tree:
        if table not in ("procedure", "dataset") and kind_of(table) not in PARTS:
            resolver.report(table, ["no table that sampling needs"])
    procedure = resolver.required("procedure", tree)
    dataset = resolver.required("dataset", tree) if "dataset" in tree else None
    made = {table: resolver.part(table, tree[table]) for table in tree if kind_of(table) in PARTS}
    if procedure:
        resolver.fit(procedure, made)
    if resolver.problems or not procedure:
        raise _told(resolver.problems, origin, "this model")
    return procedure, made, dataset


def _told(problems: list[str], origin: str, whole: str) -> RecipeError:
    head = [f"{len(problems)} problems in {whole}"] if len(problems) > 1 else []
    return RecipeError("\n".join(head + [f"{origin} {problem}" for problem in problems]))


class _Resolver:
    """One pass over a tree; `problems` gathers "[table]: what is wrong and what to do"."""

    def __init__(self, zoo: Zoo):
        self.zoo = zoo
        self.problems: list[str] = []

    def recipe(self, tree: Tree, name: str, text: bytes, suffix: str) -> Recipe | None:
        self.known_tables(tree)
        about = self.settings("about", About, tree.get("about", {}))
        run = self.run(tree.get("run", {}))
        dataset = self.required("dataset", tree)
        procedure = self.required("procedure", tree)
        parts = {table: self.part(table, tree[table]) for table in tree if kind_of(table) in PARTS}
        if procedure:
            self.fit(procedure, parts)
        optimizer = self.per_player("optimizer", tree)
        schedule = self.per_player("schedule", tree) if "schedule" in tree else None
        evaluate = self.settings("evaluate", Evaluation, tree.get("evaluate", {}))
        metrics = self.metrics(tree.get("metric", []))
        extractor = self.component("extractor", "extractor", tree["extractor"]) if "extractor" in tree else None
        if self.problems or not (about and run and dataset and procedure and optimizer and evaluate):
            return None
        made: dict[str, Any] = parts
        return Recipe(
            name, text, suffix, run, dataset, procedure, made, optimizer, schedule, about, evaluate, metrics, extractor
        )

    def report(self, table: str, problems: Iterable[str]) -> None:
        self.problems += [f"[{one_line(table)}]: {problem}" for problem in problems]

    def known_tables(self, tree: Tree) -> None:
        known = [*TABLES, *PARTS]
        for table in tree:
            if table not in TABLES and kind_of(table) not in PARTS:
                near = did_you_mean(table, known)
                self.report(table, [f"no table of that name.{near} Tables: {', '.join(known)}."])

    def settings(self, table: str, model: type[Model], given: Any) -> Model | None:
        """A table that is no component, or None and a report."""
        if not isinstance(given, dict):
            self.report(table, [f"should be a table, not {one_line(repr(given))}"])
            return None
        problems = component.check(model, f"[{table}]", given)
        self.report(table, problems)
        return None if problems else model(**given)

    def run(self, given: Any) -> RunSettings | None:
        run = self.settings("run", RunSettings, given)
        if run and (run.steps is None) == (run.epochs is None):
            self.report("run", ["say how long to train: either steps = ... or epochs = ..."])
        return run

    def required(self, kind: str, tree: Tree) -> Blueprint | None:
        if kind not in tree:
            self.report(kind, [f'this table is missing: add it with use = "..."; see `ganzoo list {kind}`'])
            return None
        return self.component(kind, kind, tree[kind])

    def component(self, table: str, kind: str, settings: Any) -> Blueprint | None:
        """A blueprint for a table, or None and a report."""
        if not isinstance(settings, dict):
            self.report(table, [f"should be a table, not {one_line(repr(settings))}"])
            return None
        use = settings.get("use")
        if not isinstance(use, str):
            self.report(table, [f'needs use = "NAME" to say which {kind}; see `ganzoo list {kind}`'])
            return None
        try:
            entry, settings = upgraded(kind, settings, self.zoo)
            if entry.deprecated:
                versions.deprecated(f"{kind} {entry.full_name!r} is deprecated: {entry.deprecated}.")
            made = Blueprint(entry, settings)
            self.report(table, made.problems())
        except SetupError:
            raise  # the recipe is good: a package is missing
        except GanzooError as error:
            self.report(table, [error.message])
            return None
        return made

    def metrics(self, given: Any) -> list[Blueprint]:
        if not isinstance(given, list):
            self.report("metric", ["a run is judged by any number of these: write [[metric]]"])
            return []
        return [made for one in given if (made := self.component("metric", "metric", one))]

    def part(self, table: str, settings: Any) -> Blueprint | list[Blueprint | None] | None:
        if isinstance(settings, list):  # [[regularizer]], any number of them
            return [self.component(table, kind_of(table), one) for one in settings]
        return self.component(table, kind_of(table), settings)

    def fit(self, procedure: Blueprint, parts: Mapping[str, Any]) -> None:
        """Report the tables that the procedure misses, and those it has no use for."""
        wanted, name = procedure.signature.parts, f"procedure {procedure.entry.name!r}"
        for part, parameter in wanted.items():
            if parameter.default is parameter.empty and part not in parts:
                self.report(
                    part, [f'{name} needs this table: add it with use = "..."; see `ganzoo list {kind_of(part)}`']
                )
        takes = ", ".join(f"[{part}]" for part in wanted)
        for part, given in parts.items():
            if part not in wanted:
                self.report(part, [f"{name} takes no such table.{did_you_mean(part, wanted)} It takes: {takes}."])
            elif component.is_list_of_parts(wanted[part]) and not isinstance(given, list):
                self.report(part, [f"{name} takes any number of these: write [[{part}]]"])
            elif isinstance(given, list) and not component.is_list_of_parts(wanted[part]):
                self.report(part, [f"{name} takes one of these: write [{part}]"])

    def per_player(self, kind: str, tree: Tree) -> PerPlayer | None:
        """[optimizer] holds for every player; [optimizer.PLAYER] is laid over it for one."""
        settings = tree.get(kind)
        if not isinstance(settings, dict):
            self.required(kind, tree)  # reports what is wrong
            return None
        everyone, players = by_player(settings)
        base = self.component(kind, kind, everyone)
        others = {player: self.component(f"{kind}.{player}", kind, own) for player, own in players.items()}
        made = {player: other for player, other in others.items() if other}
        return PerPlayer(base, made) if base and len(made) == len(others) else None

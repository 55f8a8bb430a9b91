"""Recipes resolved: names looked up in the zoo, settings checked, and every problem reported at once."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from ganzoo.config import validation
from ganzoo.config.change import Change
from ganzoo.config.component import Blueprint, PerPlayer, changing_number, from_table
from ganzoo.config.overrides import override, table_of
from ganzoo.config.parser import BYTES, Tree, check_bounds, kind_of, parse, split_players
from ganzoo.config.recipe import About, Evaluation, Recipe, RunSettings
from ganzoo.config.signature import PARTS, is_list_of_parts
from ganzoo.errors import GanzooError, RecipeError, SetupError, did_you_mean, one_line
from ganzoo.registry import versions
from ganzoo.registry.zoo import Zoo

Model = TypeVar("Model", bound=BaseModel)
DATASETS = ("dataset", "dataset_a")
TABLES = ("about", "run", *DATASETS, "procedure", "optimizer", "schedule", "evaluate", "metric", "extractor")


def read(path: Path, assignments: Iterable[str], zoo: Zoo) -> tuple[Recipe, list[str]]:
    """Read and resolve a recipe file.

    Args:
        path: The file.
        assignments: Overrides as `key.path=value`.
        zoo: The components that names are looked up in.

    Returns:
        The recipe, and remarks about settings that the overrides dropped.

    Raises:
        RecipeError: When the file cannot be read, or with every problem in it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(BYTES + 1)
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL in it
        reason = getattr(error, "strerror", error)
        raise RecipeError(f"{path}: {reason}. `ganzoo list recipe` names the built-in ones.") from error
    tree = parse(text, path.suffix, str(path))
    return changed(tree, list(assignments), zoo, str(path), name=path.stem, text=text, suffix=path.suffix)


def changed(
    tree: Tree,
    assignments: Sequence[str],
    zoo: Zoo,
    origin: str,
    *,
    name: str,
    text: bytes = b"",
    suffix: str = ".json",
) -> tuple[Recipe, list[str]]:
    """Change the tables of a recipe, and resolve it.

    Args:
        tree: The recipe's tables.
        assignments: Overrides as `key.path=value`.
        zoo: The components that names are looked up in.
        origin: The file, as messages name it.
        name: The recipe's name.
        text: Content of the file, kept in the recipe.
        suffix: Suffix of the file, kept in the recipe.

    Returns:
        The recipe, and remarks about settings that the overrides dropped.

    Raises:
        RecipeError: With every problem; those that the overrides bring are theirs, not the file's.
    """
    before = copy.deepcopy(tree)
    remarks = override(tree, assignments, zoo)
    check_bounds(tree, origin)  # again, since overrides have changed it
    resolver = _Resolver(zoo)
    recipe = resolver.recipe(tree, name, text, suffix)
    if recipe is None:
        of_the_file = _Resolver(zoo)
        if assignments:
            of_the_file.recipe(before, name, text, suffix)
        origins = [
            origin if not assignments or problem in of_the_file.problems else _cause(problem, assignments)
            for problem in resolver.problems
        ]
        raise _list_problems(resolver.problems, origins, "this recipe")
    return recipe, remarks


def _cause(problem: str, assignments: Sequence[str]) -> str:
    """Return the overrides that a problem comes from: those of its setting, or else of its table, or else all."""
    table = problem[1:].partition("]")[0].partition(".")[0]
    of_table = [assignment for assignment in assignments if table_of(assignment) == table]
    of_setting = [each for each in of_table if re.search(rf"\b{re.escape(_setting(each))}\b", problem)]
    return one_line(shlex.join(of_setting or of_table or assignments), 200)


def _setting(assignment: str) -> str:
    return assignment.partition("=")[0].strip().rpartition(".")[2]


def resolve(tree: Tree, zoo: Zoo, origin: str, *, name: str, text: bytes = b"", suffix: str = ".json") -> Recipe:
    """Check the tables of a recipe and look up its components.

    Args:
        tree: The recipe's tables, after overrides.
        zoo: The components that names are looked up in.
        origin: The file, as messages name it.
        name: The recipe's name.
        text: Content of the file, kept in the recipe.
        suffix: Suffix of the file, kept in the recipe.

    Returns:
        The recipe.

    Raises:
        RecipeError: With every problem, each with its table.
    """
    return changed(tree, (), zoo, origin, name=name, text=text, suffix=suffix)[0]


def parts(tree: Tree, zoo: Zoo, origin: str) -> tuple[Blueprint, Mapping[str, Any], Mapping[str, Blueprint]]:
    """Look up the components of a model that is sampled and not trained.

    Args:
        tree: The tables of the procedure, its parts, and the data where samples are made of it.
        zoo: The components that names are looked up in.
        origin: The file, as messages name it.

    Returns:
        The procedure, its parts by table, and the datasets by table.

    Raises:
        RecipeError: With every problem, each with its table.
    """
    check_bounds(tree, origin)
    resolver = _Resolver(zoo)
    for table in tree:
        if table not in ("procedure", *DATASETS) and kind_of(table) not in PARTS:
            resolver.report(table, ["no table that sampling needs"])
    procedure = resolver.required("procedure", tree)
    datasets = {table: resolver.component(table, "dataset", tree[table]) for table in DATASETS if table in tree}
    blueprints = {table: resolver.part(table, tree[table]) for table in tree if kind_of(table) in PARTS}
    if procedure:
        resolver.fit(procedure, blueprints)
    if resolver.problems or not procedure:
        raise _list_problems(resolver.problems, [origin] * len(resolver.problems), "this model")
    return procedure, blueprints, {table: blueprint for table, blueprint in datasets.items() if blueprint}


def _list_problems(problems: list[str], origins: list[str], subject: str) -> RecipeError:
    head = [f"{len(problems)} problems in {subject}"] if len(problems) > 1 else []
    lines = [f"{origin} {problem}" for origin, problem in zip(origins, problems, strict=True)]
    return RecipeError("\n".join(head + lines))


class _Resolver:
    """One pass over a tree, which collects problems as "[table]: what is wrong and what to do"."""

    def __init__(self, zoo: Zoo):
        self.zoo = zoo
        self.problems: list[str] = []

    def recipe(self, tree: Tree, name: str, text: bytes, suffix: str) -> Recipe | None:
        """Return the recipe, or None when there are problems."""
        self.known_tables(tree)
        about = self.settings("about", About, tree.get("about", {}))
        run = self.run(tree.get("run", {}))
        dataset = self.required("dataset", tree)
        dataset_a = self.component("dataset_a", "dataset", tree["dataset_a"]) if "dataset_a" in tree else None
        procedure = self.required("procedure", tree)
        parts: dict[str, Any] = {table: self.part(table, tree[table]) for table in tree if kind_of(table) in PARTS}
        if procedure:
            self.fit(procedure, parts)
        optimizer = self.per_player("optimizer", tree)
        schedule = self.per_player("schedule", tree) if "schedule" in tree else None
        evaluate = self.settings("evaluate", Evaluation, tree.get("evaluate", {}))
        if evaluate and evaluate.patience and not evaluate.every:
            self.report("evaluate", ["patience counts evaluations: add every = ..., the steps between two of them"])
        metrics = self.metrics(tree.get("metric", []))
        extractor = self.component("extractor", "extractor", tree["extractor"]) if "extractor" in tree else None
        half_lives = self.half_lives(run) if run else {}
        if self.problems or not (about and run and dataset and procedure and optimizer and evaluate):
            return None
        return Recipe(
            name=name,
            text=text,
            suffix=suffix,
            run=run,
            dataset=dataset,
            dataset_a=dataset_a,
            procedure=procedure,
            parts=parts,
            optimizer=optimizer,
            schedule=schedule,
            about=about,
            evaluate=evaluate,
            metrics=metrics,
            extractor=extractor,
            half_lives=half_lives,
        )

    def report(self, table: str, problems: Iterable[str]) -> None:
        """Add problems of a table."""
        self.problems += [f"[{one_line(table)}]: {problem}" for problem in problems]

    def known_tables(self, tree: Tree) -> None:
        """Report the tables that no recipe has."""
        known = [*TABLES, *PARTS]
        for table in tree:
            if table not in TABLES and kind_of(table) not in PARTS:
                near = did_you_mean(table, known)
                self.report(table, [f"no table of that name.{near} Tables: {', '.join(known)}."])

    def settings(self, table: str, model: type[Model], settings: Any) -> Model | None:
        """Return a table that is no component, or None and report what is wrong."""
        if not isinstance(settings, dict):
            self.report(table, [f"should be a table, not {one_line(repr(settings))}"])
            return None
        problems = [problem.removeprefix("it, ") for problem in validation.check(model, "it", settings)]
        self.report(table, problems)
        return None if problems else model(**settings)

    def run(self, settings: Any) -> RunSettings | None:
        """Return the [run] table, or None and report what is wrong."""
        run = self.settings("run", RunSettings, settings)
        if run and (run.steps is None) == (run.epochs is None):
            self.report("run", ["say how long to train: either steps = ... or epochs = ..."])
        return run

    def half_lives(self, run: RunSettings) -> dict[str, Change]:
        """Return the half-lives of averages that change in training, and report what is wrong with them."""
        changes = {}
        for name, average in run.every_average().items():
            if isinstance(average.half_life, dict):
                try:
                    changes[name] = changing_number("half_life", average.half_life, self.zoo)
                except GanzooError as error:
                    self.report("run", [error.message])
        return changes

    def required(self, kind: str, tree: Tree) -> Blueprint | None:
        """Return the component of a table that must be there, or None and report what is wrong."""
        if kind not in tree:
            self.report(kind, [f'this table is missing: add it with use = "..."; see `ganzoo list {kind}`'])
            return None
        return self.component(kind, kind, tree[kind])

    def component(self, table: str, kind: str, settings: Any) -> Blueprint | None:
        """Return the component of a table, or None and report what is wrong."""
        try:
            blueprint = from_table(kind, settings, self.zoo)
            entry = blueprint.entry
            if entry.deprecated:
                versions.deprecated(f"{kind} {entry.full_name!r} is deprecated: {entry.deprecated}.")
            self.report(table, blueprint.problems())
        except SetupError:
            raise  # the recipe is good: a package is missing
        except GanzooError as error:
            self.report(table, [error.message])
            return None
        return blueprint

    def metrics(self, tables: Any) -> list[Blueprint]:
        """Return the components of the [[metric]] tables."""
        if not isinstance(tables, list):
            self.report("metric", ["a run is judged by any number of these: write [[metric]], or metric+=NAME"])
            return []
        blueprints = [self.component("metric", "metric", table) for table in tables]
        return [blueprint for blueprint in blueprints if blueprint]

    def part(self, table: str, settings: Any) -> Blueprint | list[Blueprint | None] | None:
        """Return the component of a part's table, or the list of them in [[regularizer]] tables."""
        if isinstance(settings, list):
            return [self.component(table, kind_of(table), item) for item in settings]
        return self.component(table, kind_of(table), settings)

    def fit(self, procedure: Blueprint, parts: Mapping[str, Any]) -> None:
        """Report the tables that the procedure lacks, and those that it does not take."""
        accepted, name = procedure.signature.parts, f"procedure {procedure.entry.name!r}"
        for part, parameter in accepted.items():
            if parameter.default is parameter.empty and part not in parts:
                self.report(
                    part, [f'{name} needs this table: add it with use = "..."; see `ganzoo list {kind_of(part)}`']
                )
        takes = ", ".join(f"[{part}]" for part in accepted)
        for part, content in parts.items():
            if part == "augmentation":
                self.fit_augmentation(name, content, accepted)
            elif part not in accepted:
                self.report(part, [f"{name} takes no such table.{did_you_mean(part, accepted)} It takes: {takes}."])
            elif is_list_of_parts(accepted[part]) and not isinstance(content, list):
                self.report(part, [f"{name} takes any number of these: write [[{part}]], or {part}+=NAME"])
            elif isinstance(content, list) and not is_list_of_parts(accepted[part]):
                self.report(part, [f"{name} takes one of these: write [{part}]"])

    def fit_augmentation(self, procedure: str, content: Any, accepted: Iterable[str]) -> None:
        """Report [augmentation] that is no list, or for which there is no discriminator."""
        if "discriminator" not in map(kind_of, accepted):
            self.report("augmentation", [f"{procedure} has no discriminator that could see it: leave this table out"])
        elif not isinstance(content, list):
            self.report(
                "augmentation",
                ["a discriminator takes any number of these: write [[augmentation]], or augmentation+=NAME"],
            )

    def per_player(self, kind: str, tree: Tree) -> PerPlayer | None:
        """Return [optimizer] or [schedule] with the tables of single players, or None and report what is wrong."""
        settings = tree.get(kind)
        if not isinstance(settings, dict):
            self.required(kind, tree)  # reports what is wrong
            return None
        common, players = split_players(settings)
        base = self.component(kind, kind, common)
        others = {player: self.component(f"{kind}.{player}", kind, table) for player, table in players.items()}
        valid = {player: blueprint for player, blueprint in others.items() if blueprint}
        return PerPlayer(base, valid) if base and len(valid) == len(others) else None

"""Small examples of a procedure: the smallest recipe that trains it within a check, and what is built from it."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from ganzoo.config import instantiate, locate, parser, resolver
from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import Recipe
from ganzoo.config.signature import PARTS
from ganzoo.data.loader import Batches
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.versions import Deprecated
from ganzoo.registry.zoo import Entry
from ganzoo.sampling import preview
from ganzoo.testing.check import BrokenPromiseError, skip
from ganzoo.testing.stand_ins import OWNER, with_stand_ins
from ganzoo.testing.subjects import SMALL, SPECS, Component
from ganzoo.training import optim
from ganzoo.training.engine import Engine, owned
from ganzoo.utils.modes import sampling

CPU = torch.device("cpu")
STAND_INS = ("generator", "discriminator", "encoder", "loss", "regularizer")  # kinds that have one
NARROW: dict[str, Any] = {**SMALL, "z_dim": 16, "hidden": 8, "blocks": 1, "bottleneck": 8, "growth": 8}
STAGES = {"pretrain": 1, "pretrain_g": 1, "pretrain_d": 1}  # their lengths, so that three steps reach every one
NARROW |= {**STAGES, "iterations": 3}  # of a chain that draws a sample
RUN: dict[str, Any] = {"steps": 6, "batch_size": 8, "log": 2, "sample": 100, "save": 3}
OPTIMIZER = {"use": f"{OWNER}/small"}
PAIRS = (("small", "small"), ("small_of_classes", "small_of_classes"), ("small_of_classes", "small"))
"""Generator and discriminator: without labels, with labels, and the generator alone with labels."""
N = 32  # samples of noise: four batches
MAX_COMBINATIONS = 24  # of a plugin's own parts that are tried
Tree = dict[str, Any]


@dataclass
class Example:
    """A recipe that is small enough to be trained for a few steps within a check.

    Each method builds anew from a seed; only `once_trained` is shared, and must not be changed.

    Attributes:
        recipe: The recipe.
    """

    recipe: Recipe

    def __post_init__(self) -> None:
        self.dataset: Dataset = instantiate.dataset(self.recipe)
        self.spec: Spec = self.dataset.spec

    def procedure(self, seed: int = 0) -> Procedure:
        """Build the procedure, its weights initialised from a seed."""
        settings = self.recipe.run.model_copy(update={"seed": seed})
        return instantiate.procedure(replace(self.recipe, run=settings), self.spec)

    def engine(self, procedure: Procedure) -> Engine:
        """Build an engine on the CPU."""
        return Engine(procedure, optim.optimizer_factory(self.recipe.optimizer), cpu_accelerator())

    def batches(self) -> Batches:
        """Return the batches of the dataset from the first one on."""
        return Batches.of(self.dataset, self.recipe.run.batch_size, 0, CPU)

    def trained(self, steps: int = 3) -> Procedure:
        """Build the procedure and train it for some steps."""
        procedure = self.procedure()
        engine, batches = self.engine(procedure), self.batches()
        for t in range(steps):
            engine.step(batches, t)
        return procedure

    @cached_property
    def once_trained(self) -> Procedure:
        """A trained procedure that the checks share."""
        return self.trained()

    @cached_property
    def ownership_problem(self) -> str:
        """The engine's refusal: a trainable parameter of no player, or a player without one; "" without a problem."""
        try:
            owned(self.procedure())
        except IncompatibleError as refusal:
            return refusal.message
        return ""

    @cached_property
    def sample_problem(self) -> str:
        """A run's refusal: samples that are not like the data; "" without a problem."""
        try:
            instantiate.check_fit(self.procedure(), self.spec)
        except IncompatibleError as refusal:
            return refusal.message
        return ""

    def sample(self, procedure: Procedure, n: int, seed: int = 0, y: Tensor | None = None) -> Tensor:
        """Return samples (n, *shape) in evaluation mode, of labels y (n,); y=None takes classes in turn."""
        if procedure.conditional and y is None:
            y = preview.classes_in_turn(n, self.spec.classes, CPU)
        with sampling(procedure, CPU, seed):
            return procedure.sample(n, y)


def cpu_accelerator() -> Accelerator:
    """Return a fresh accelerator of one process on the CPU."""
    AcceleratorState._reset_state()
    return Accelerator(cpu=True)


def example_or_error(component: Component) -> Example | BrokenPromiseError:
    """Return the example of a procedure, or the error that says why there is none. Searched for once."""
    component.target  # noqa: B018  skips the check where it does not load
    if "example" not in component.cache:
        plugins = with_stand_ins(component.plugins)
        try:
            component.cache["example"] = find(component.entry, plugins, component.settings)
        except BrokenPromiseError as error:
            component.cache["example"] = error
    result: Example | BrokenPromiseError = component.cache["example"]
    return result


def example_of(component: Component) -> Example:
    """Return the example. Skips the check without one: `it_takes_a_step_on_a_small_example` reports that."""
    example = example_or_error(component)
    if isinstance(example, BrokenPromiseError):
        skip("there is no small example of it")
    return example


def trainable_example(component: Component) -> Example:
    """Return the example. Skips the check where the engine refuses it, which a promise of its own reports."""
    example = example_of(component)
    if example.ownership_problem:
        skip("a parameter of it belongs to no player, or a player has none")
    return example


def runnable_example(component: Component) -> Example:
    """Return the example. Skips the check where a run refuses it, which a promise of its own reports."""
    example = trainable_example(component)
    if example.sample_problem:
        skip("its samples are not like the data")
    return example


def find(entry: Entry, plugins: Plugins, settings: Mapping[str, Any] | None = None) -> Example:
    """Find the first example that takes a step; else the first that can be built, so that its faults are reported.

    Args:
        entry: The procedure.
        plugins: Everything that is installed, with the stand-ins.
        settings: Settings of the procedure.

    Returns:
        The example.

    Raises:
        BrokenPromiseError: There is none; the message lists everything that was tried.
    """
    refusals: list[str] = []
    faulty: Example | None = None
    for tree in candidates(entry, plugins):
        tree["procedure"] = {**tree["procedure"], **(settings or {})}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Deprecated)  # a deprecated component keeps its promises too
                recipe = resolver.resolve(tree, plugins.zoo, "example", name=f"{entry.name}_example")
            example = Example(recipe)
            _check_labels(example.procedure(), example.spec)
            if not example.ownership_problem:
                example.trained(steps=1)
            sound = not (example.ownership_problem or example.sample_problem)
        except (Exception, SystemExit) as refusal:  # a plugin's code may raise anything
            refusals.append(f"  {_summary(tree)}: {type(refusal).__name__}: {refusal}")
            continue
        if sound:
            return example
        faulty = faulty or example
    if faulty:
        return faulty
    tried = "\n".join(dict.fromkeys(refusals)) or "  nothing: it needs parts of kinds for which there is no stand-in"
    raise BrokenPromiseError(
        f"there is no small example of procedure {entry.full_name!r} to check. Let it accept any generator and "
        "discriminator, or give the plugin a recipe whose [procedure] uses it (see the hook ganzoo_recipes). "
        f"Tried:\n{tried}"
    )


def candidates(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    """Yield recipes to try: of stand-ins, of the plugin's recipes made small, of the plugin's own parts."""
    yield from from_stand_ins(entry)
    yield from from_recipes(entry, plugins)
    yield from from_own_parts(entry, plugins)


def from_stand_ins(entry: Entry) -> Iterator[Tree]:
    """Yield recipes on points and images, without and with labels, if there are stand-ins for all required parts."""
    required = _required_parts(entry)
    if any(kind not in STAND_INS for kind in required.values()):
        return
    for spec in (Spec((2,)), Spec((2,), classes=8), Spec((3, 16, 16)), Spec((3, 16, 16), classes=4)):
        for generator, discriminator in PAIRS if spec.classes else PAIRS[:1]:
            networks = {"generator": generator, "discriminator": discriminator}
            tables = {part: {"use": f"{OWNER}/{networks.get(kind, 'small')}"} for part, kind in required.items()}
            yield _tree(entry, spec, tables)


def from_recipes(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    """Yield the plugin's recipes that use the procedure, made small, on noise; those with the smallest data first."""
    recipes = []
    for offered in locate.recipes(plugins):
        try:
            tree = parser.parse(offered.path.read_bytes(), offered.path.suffix, offered.name)
            if offered.owner == entry.owner and plugins.zoo.find("procedure", tree["procedure"]["use"]) == entry:
                recipe = resolver.read(offered.path, (), plugins.zoo)[0]
                recipes.append((instantiate.dataset(recipe), recipe))
        except (GanzooError, OSError, KeyError, TypeError):  # `its_recipes_can_be_used` reports a broken recipe
            continue
    for dataset, recipe in sorted(recipes, key=lambda pair: pair[0].spec.size):
        tree = {name: _narrowed(table) for name, table in recipe.resolved().items()}
        tree.pop("dataset_a", None)
        pairs = "pairs" in recipe.dataset.entry.name or bool(dataset.sides())
        yield {**tree, "run": RUN, "dataset": _noise(dataset.spec, pairs)}


def from_own_parts(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    """Yield combinations of the plugin's own parts, with stand-ins for kinds of which it has none."""
    required = _required_parts(entry)
    own = {
        kind: [part for part in plugins.zoo.entries(kind) if part.owner == entry.owner] for kind in required.values()
    }
    if not any(own.values()):
        return
    for parts in own.values():
        parts.sort(key=lambda part: part.name != entry.name)  # those of the procedure's name first
    choices = [[_part(part) for part in own[kind]] or [{"use": f"{OWNER}/small"}] for kind in required.values()]
    combinations = itertools.islice(itertools.product(*choices), MAX_COMBINATIONS)
    for tables, spec in itertools.product(combinations, SPECS):
        yield _tree(entry, spec, dict(zip(required, tables, strict=True)))


def _required_parts(entry: Entry) -> dict[str, str]:
    """Return table -> kind of the parts that have no default."""
    parts = Blueprint(entry).signature.parts.items()
    return {name: name.partition("_")[0] for name, part in parts if part.default is inspect.Parameter.empty}


def _tree(entry: Entry, spec: Spec, tables: Tree) -> Tree:
    settings = Blueprint(entry).signature.settings
    procedure = {"use": entry.full_name, **{name: length for name, length in STAGES.items() if name in settings}}
    return {"run": RUN, "optimizer": OPTIMIZER, "dataset": _noise(spec), "procedure": procedure, **tables}


def _noise(spec: Spec, pairs: bool = False) -> Tree:
    return {"use": f"{OWNER}/noise", **spec.description(), "n": N, "pairs": pairs}


def _part(entry: Entry) -> Tree:
    signature = Blueprint(entry).signature
    part: Tree = _narrowed({"use": entry.full_name, **signature.defaults()})
    return part


def _narrowed(table: Any) -> Any:
    """Lower settings that make a component large or slow; a list of widths becomes a list of two."""
    if not isinstance(table, dict):
        return [_narrowed(item) for item in table] if isinstance(table, list) else table
    small = dict(table)
    for name in small.keys() & NARROW.keys():
        if isinstance(small[name], (list, tuple)):
            small[name] = [NARROW[name]] * 2
        elif isinstance(small[name], int):
            small[name] = min(NARROW[name], small[name])
        else:
            small[name] = NARROW[name]
    return small


def _check_labels(procedure: Procedure, spec: Spec) -> None:
    """Raise IncompatibleError for data without the labels that are needed, or for token ids that are of no use."""
    if procedure.conditional and not spec.classes:
        raise IncompatibleError("its networks need class labels, and this data has none")
    if spec.vocab and not procedure.discrete:
        raise IncompatibleError("its attribute discrete is False, and this data consists of token ids")


def _summary(tree: Tree) -> str:
    """Name the parts and the data of a candidate."""
    tables = {name: table for name, table in tree.items() if name.partition("_")[0] in PARTS}
    parts = [part for table in tables.values() for part in (table if isinstance(table, list) else [table])]
    names = ", ".join(part["use"] for part in parts) or "no parts"
    data = tree["dataset"]
    labels = f" with {data['classes']} classes" if data["classes"] else ""
    return f"{names} on data of shape {tuple(data['shape'])}{labels}"

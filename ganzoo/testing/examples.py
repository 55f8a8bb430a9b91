"""The smallest example there is of a procedure: of stand-ins, else a recipe made small, else its plugin's own parts."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from ganzoo.config import instantiate, locate, parser, resolver
from ganzoo.config.component import Blueprint
from ganzoo.config.signature import PARTS
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.versions import Deprecated
from ganzoo.registry.zoo import Entry
from ganzoo.testing import parts
from ganzoo.testing.check import BrokenPromiseError
from ganzoo.testing.component import SMALL, SPECS
from ganzoo.testing.example import Example

STAND_INS = ("generator", "discriminator", "encoder", "loss", "regularizer")
NARROW: dict[str, Any] = {**SMALL, "z_dim": 16, "hidden": 8, "blocks": 1, "bottleneck": 8}
NARROW |= {"pretrain": 1, "pretrain_g": 1, "pretrain_d": 1}  # steps of stages, so that three steps see every one
RUN: dict[str, Any] = {"steps": 6, "batch_size": 8, "log": 2, "sample": 100, "save": 3}
OPTIMIZER = {"use": f"{parts.OWNER}/small"}
N = 32  # samples of noise: four batches
MOST = 24  # combinations of a plugin's own parts that are tried
Tree = dict[str, Any]


def find(entry: Entry, plugins: Plugins, settings: Mapping[str, Any] | None = None) -> Example:
    """The first example that takes a step; else one that can be built, for what is wrong with it to be told.

    settings: of the procedure. plugins: with the stand-ins beside them.
    Errors: BrokenPromiseError, with what to do and everything that was tried, when there is none.
    """
    refusals, spare = [], None
    for tree in candidates(entry, plugins):
        tree["procedure"] = {**tree["procedure"], **(settings or {})}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Deprecated)  # a deprecated component keeps its promises too
                recipe = resolver.resolve(tree, plugins.zoo, "example", name=f"{entry.name}_example")
            example = Example(recipe)
            made = example.procedure()
            _need_labels(made, example.spec)
            if not example.orphans:
                example.trained(steps=1)
            whole = not (example.orphans or example.unfit)
        except (Exception, SystemExit) as refusal:  # a stranger's code may raise anything
            refusals.append(f"  {_told(tree)}: {type(refusal).__name__}: {refusal}")
            continue
        if whole:
            return example
        spare = spare or example
    if spare:
        return spare
    tried = "\n".join(dict.fromkeys(refusals)) or "  nothing: it needs parts of kinds for which there is no stand-in"
    raise BrokenPromiseError(
        f"there is no small example of procedure {entry.full_name!r} to check. Let it take any generator and "
        "discriminator, or give the plugin a recipe whose [procedure] uses it (see the hook ganzoo_recipes). "
        f"Tried:\n{tried}"
    )


def candidates(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    yield from from_stand_ins(entry)
    yield from from_recipes(entry, plugins)
    yield from from_own_parts(entry, plugins)


def from_stand_ins(entry: Entry) -> Iterator[Tree]:
    """On points and on images, without labels and with them, if there are stand-ins for all that it needs."""
    needed = _needed(entry)
    if any(kind not in STAND_INS for kind in needed.values()):
        return
    for spec in (Spec((2,)), Spec((2,), classes=8), Spec((3, 16, 16)), Spec((3, 16, 16), classes=4)):
        for suffix in ("", "_of_classes") if spec.classes else ("",):
            networks = {"generator": f"small{suffix}", "discriminator": f"small{suffix}"}
            tables = {part: {"use": f"{parts.OWNER}/{networks.get(kind, 'small')}"} for part, kind in needed.items()}
            yield _tree(entry, spec, tables)


def from_recipes(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    """Its plugin's recipes that use it, made small, on noise in the place of their data; the smallest data first."""
    found = []
    for offered in locate.recipes(plugins):
        try:
            tree = parser.parse(offered.path.read_bytes(), offered.path.suffix, offered.name)
            if offered.owner == entry.owner and plugins.zoo.find("procedure", tree["procedure"]["use"]) == entry:
                recipe = resolver.read(offered.path, (), plugins.zoo)[0]
                found.append((instantiate.dataset(recipe), recipe))
        except (GanzooError, OSError, KeyError, TypeError):  # a broken recipe is another check's finding
            continue
    for dataset, recipe in sorted(found, key=lambda pair: pair[0].spec.size):
        tree = {name: _narrowed(table) for name, table in recipe.resolved().items()}
        yield {**tree, "run": RUN, "dataset": _noise(dataset.spec, pairs="pairs" in recipe.dataset.entry.name)}


def from_own_parts(entry: Entry, plugins: Plugins) -> Iterator[Tree]:
    """Its plugin's own parts in each combination, with stand-ins for kinds of which it has none."""
    needed = _needed(entry)
    own = {kind: [one for one in plugins.zoo.entries(kind) if one.owner == entry.owner] for kind in needed.values()}
    if not any(own.values()):
        return
    for theirs in own.values():
        theirs.sort(key=lambda one: one.name != entry.name)  # those of its own name first
    choices = [[_part(one) for one in own[kind]] or [{"use": f"{parts.OWNER}/small"}] for kind in needed.values()]
    for chosen, spec in itertools.product(itertools.islice(itertools.product(*choices), MOST), SPECS):
        yield _tree(entry, spec, dict(zip(needed, chosen, strict=True)))


def _needed(entry: Entry) -> dict[str, str]:
    """Table -> kind, of the parts that have no default."""
    every = Blueprint(entry).signature.parts.items()
    return {name: name.partition("_")[0] for name, one in every if one.default is inspect.Parameter.empty}


def _tree(entry: Entry, spec: Spec, tables: Tree) -> Tree:
    procedure = {"use": entry.full_name}
    return {"run": RUN, "optimizer": OPTIMIZER, "dataset": _noise(spec), "procedure": procedure, **tables}


def _noise(spec: Spec, pairs: bool = False) -> Tree:
    told = {"shape": list(spec.shape), "classes": spec.classes, "vocab": spec.vocab, "n": N, "pairs": pairs}
    return {"use": f"{parts.OWNER}/noise", **told}


def _part(entry: Entry) -> Tree:
    signature = Blueprint(entry).signature
    part: Tree = _narrowed({"use": entry.full_name, **signature.defaults()})
    return part


def _narrowed(table: Any) -> Any:
    """Settings that make networks wide or deep, made small; a list of widths stays as long as two of them."""
    if not isinstance(table, dict):
        return [_narrowed(one) for one in table] if isinstance(table, list) else table
    small = dict(table)
    for name in small.keys() & NARROW.keys():
        small[name] = [NARROW[name]] * 2 if isinstance(small[name], (list, tuple)) else NARROW[name]
    return small


def _need_labels(made: Any, spec: Spec) -> None:
    """Raise IncompatibleError for data without labels where labels are needed, or token ids that are of no use."""
    if made.conditional and not spec.classes:
        raise IncompatibleError("its networks want class labels, and these data have none")
    if spec.vocab and not made.discrete:
        raise IncompatibleError("it says discrete = False, and these data are token ids")


def _told(tree: Tree) -> str:
    """Which parts and data were tried."""
    tables = {name: table for name, table in tree.items() if name.partition("_")[0] in PARTS}
    every = [one for table in tables.values() for one in (table if isinstance(table, list) else [table])]
    used = ", ".join(one["use"] for one in every) or "no parts"
    data = tree["dataset"]
    labels = f" with {data['classes']} classes" if data["classes"] else ""
    return f"{used} on data of shape {tuple(data['shape'])}{labels}"

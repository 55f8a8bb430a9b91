"""Initial weights from a trained model: which tensors of the networks it has, and copying them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augmentation import Augmentation, AugmentedDiscriminator
from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe, RunSettings
from ganzoo.errors import IncompatibleError, RecipeError, did_you_mean, one_line
from ganzoo.interfaces import Dataset, Discriminator, Spec
from ganzoo.procedure import Procedure
from ganzoo.registry.discovery import Plugins
from ganzoo.regularizer import Regularizer
from ganzoo.sharing.trained_weights import TrainedWeights, read
from ganzoo.utils.meta import meta_device
from ganzoo.utils.unicode import composed, well_formed

LISTED = 4  # tensors or classes that a message names
INNER = "network."  # of an AugmentedDiscriminator
IndexPairs = list[tuple[int, int]]
"""Indices in a dimension of a tensor, such as those of classes: (here, in the trained model)."""


def trained_weights(settings: RunSettings, plugins: Plugins | None = None) -> TrainedWeights | None:
    """Read the weights that `run.start` names.

    Args:
        settings: The [run] table.
        plugins: The plugins that ship models; by default all installed ones.

    Returns:
        The weights, None without `run.start`.

    Raises:
        GanzooError: They cannot be used, or `run.start_players` or `run.start_weights` stand without `run.start`.
    """
    for setting in ("start_players", "start_weights"):
        if getattr(settings, setting) and not settings.start:
            raise RecipeError(f"run.{setting} needs run.start, the model whose weights the networks start with.")
    return read(settings.start, settings.start_weights, plugins) if settings.start else None


@dataclass(frozen=True)
class _Copy:
    """One tensor to copy: as a whole, or in part.

    Attributes:
        target: The tensor of the network.
        source: That of the trained model.
        parts: The indices to copy in each dimension, here and there; None for all of the tensor.
    """

    target: Tensor
    source: Tensor
    parts: Sequence[IndexPairs] | None = None

    def apply(self) -> None:
        if self.parts is None:
            self.target.copy_(self.source)
            return
        pairs = [torch.tensor(part, dtype=torch.long).reshape(-1, 2) for part in self.parts]
        here, there = (torch.meshgrid(*(pair[:, side] for pair in pairs), indexing="ij") for side in (0, 1))
        chosen = self.source[there].to(self.target.device, self.target.dtype)
        self.target[tuple(index.to(self.target.device) for index in here)] = chosen


class InitialWeights:
    """The tensors of a procedure's networks that a trained model has, by name and shape.

    Networks only: optimizers, averages, regularizers, augmentations and the procedure's own numbers start anew. A
    discriminator fits with and without augmentations. A table with one row for each class, such as an embedding, takes
    the rows of the classes that the model knows, by name if the classes of both have names; so do columns of classes,
    of a layer whose last inputs are as many as there are classes.

    Args:
        weights: The weights of the trained model.
        recipe: The recipe, with `run.start_players`.
        dataset: Its dataset; only the classes are read.
        procedure: Its procedure, on any device.

    Raises:
        IncompatibleError: No weight fits, or none of a player that `run.start_players` names.
        RecipeError: `run.start_players` names an unknown player.
    """

    def __init__(self, weights: TrainedWeights, recipe: Recipe, dataset: Dataset, procedure: Procedure):
        self.weights = weights
        players = recipe.run.start_players
        self._names = _network_tensors(procedure, players)
        rows, remark = _rows(weights, dataset)
        self._rows = rows
        self._class_remark = remark
        self._classes = dataset.spec.classes
        grown = _class_dimensions(recipe, dataset.spec, procedure) if self._rows is not None else {}
        state = procedure.state_dict()
        self._copies: dict[str, _Copy] = {}
        self._missing: list[str] = []
        for name in self._names:
            if copy := self._match(state[name], grown.get(name, ()), _alternatives(procedure, name)):
                self._copies[name] = copy
            else:
                self._missing.append(name)
        parameters = {name for name, _ in procedure.named_parameters(remove_duplicate=False)}
        for player in players or [""]:
            self._require_weights(procedure, parameters, player)

    def load(self) -> None:
        """Copy the tensors into the networks."""
        with torch.no_grad():
            for copy in self._copies.values():
                copy.apply()

    def report(self) -> str:
        """Say in one line where the weights come from, and which were not taken."""
        kind = "averaged" if self.weights.averaged else "trained"
        line = (
            f"weights from {self.weights.source} ({kind}): {len(self._copies)} of {len(self._names)} tensors of the "
            "networks"
        )
        if self._missing:
            line += f"; initialised anew: {_listed(self._missing)}"
        if any(copy.parts is not None for copy in self._copies.values()):
            line += f"; {self._class_remark}"
        return line

    def facts(self) -> dict[str, Any]:
        """Return the entry of provenance.json."""
        return {
            "from": self.weights.place,
            "source": self.weights.source,
            "weights": "averaged" if self.weights.averaged else "trained",
            "sha256": self.weights.digest,
            "taken": len(self._copies),
            "initialised": len(self._missing),
        }

    def _match(self, target: Tensor, grown: Sequence[int], alternatives: Iterable[str]) -> _Copy | None:
        """Return what to copy into a tensor, of which some dimensions grow with the number of classes; or None."""
        source = next((self.weights.tensors[n] for n in alternatives if n in self.weights.tensors), None)
        if source is None or (source.dtype != target.dtype and not _both_floating(source, target)):
            return None
        if grown and source.dim() == target.dim():
            found = (
                self._part(*sizes, k in grown) for k, sizes in enumerate(zip(target.shape, source.shape, strict=True))
            )
            parts = [part for part in found if part is not None]
            if len(parts) == target.dim():
                return _Copy(target, source, parts) if self._rows else None
        return _Copy(target, source) if source.shape == target.shape else None

    def _part(self, here: int, there: int, grows: bool) -> IndexPairs | None:
        """Return the indices to copy in a dimension of these sizes; None when it does not fit.

        A dimension that grows with the number of classes has those of the classes at its end.
        """
        fixed = here - self._classes if grows else here
        if there - (self.weights.classes if grows else 0) != fixed:
            return None
        own = [(k, k) for k in range(fixed)]
        return own + [(fixed + k, fixed + j) for k, j in self._rows or ()] if grows else own

    def _require_weights(self, procedure: Procedure, parameters: set[str], player: str) -> None:
        """Refuse when no weight of a player, or of any network, is taken: a bias alone fits by accident."""
        state = procedure.state_dict()
        names = _network_tensors(procedure, [player]) if player else self._names
        names = [name for name in names if name in parameters]
        names = [name for name in names if state[name].dim() > 1] or names
        if any(name in self._copies for name in names):
            return
        whose = f"of the player {player!r}" if player else "of these networks"
        example = ""
        if names:
            stored = [self.weights.tensors[n] for n in _alternatives(procedure, names[0]) if n in self.weights.tensors]
            there = f"{tuple(stored[0].shape)} there" if stored else "missing there"
            example = f" ({names[0]}: {tuple(state[names[0]].shape)} here, {there})"
        raise IncompatibleError(
            f"run.start = {self.weights.place!r}: no weight {whose} is in it with the same name and shape{example}. "
            "Use the networks and settings that it was trained with, or leave out run.start."
        )


def _network_tensors(procedure: Procedure, players: Sequence[str] | None) -> list[str]:
    """Return the names in state_dict() of all networks, or of those of some players."""
    known = procedure.players()
    for player in players or ():
        if player not in known:
            raise RecipeError(
                f"run.start_players: no player {player!r}.{did_you_mean(player, known)} "
                f"The procedure has: {', '.join(known)}."
            )
    chosen = {id(module) for player in players or () for module in known[player]}
    modules = dict(procedure.named_modules(remove_duplicate=False))
    inside = [f"{name}." for name, module in modules.items() if id(module) in chosen]
    anew = [f"{name}." for name, module in modules.items() if name and isinstance(module, (Regularizer, Augmentation))]
    return [
        name
        for name in procedure.state_dict()
        if "." in name
        and not any(name.startswith(prefix) for prefix in anew)
        and (not players or any(name.startswith(prefix) for prefix in inside))
    ]


def _alternatives(procedure: Procedure, name: str) -> Iterator[str]:
    """Yield the names that a tensor may have in a trained model: with and without augmentations."""
    yield name
    parts = name.split(".")
    for k in range(1, len(parts)):
        prefix, rest = ".".join(parts[:k]), ".".join(parts[k:])
        module = _find(procedure, prefix)
        if isinstance(module, AugmentedDiscriminator):
            yield f"{prefix}.{rest.removeprefix(INNER)}"
            return
        if isinstance(module, Discriminator):
            yield f"{prefix}.{INNER}{rest}"
            return


def _find(module: nn.Module, path: str) -> nn.Module | None:
    try:
        return module.get_submodule(path)
    except AttributeError:  # it is a tensor
        return None


def _rows(weights: TrainedWeights, dataset: Dataset) -> tuple[IndexPairs | None, str]:
    """Return the rows of tables of classes to take, and a remark; None when all classes are the same."""
    here, there = dataset.spec.classes, weights.classes
    names, known = (
        [composed(well_formed(str(name))) for name in listed] for listed in (dataset.class_names, weights.class_names)
    )
    if not here or not there or (here == there and names == known):
        return None, ""
    by_name = len({*names}) == here and len({*known}) == there and bool({*names} & {*known})
    if by_name:
        rows = [(k, known.index(name)) for k, name in enumerate(names) if name in known]
    elif here == there:
        return None, ""
    else:
        rows = [(k, k) for k in range(min(here, there))]
    taken = {k for k, _ in rows}
    new = [names[k] if by_name else str(k) for k in range(here) if k not in taken]
    remark = f"{len(rows)} of {here} classes by {'name' if by_name else 'number'}"
    return rows, remark + (f", initialised anew: {_listed(new)}" if new else "")


def _class_dimensions(recipe: Recipe, spec: Spec, procedure: Procedure) -> dict[str, tuple[int, ...]]:
    """Return the dimensions of tensors that count classes: they have one more with one class more.

    A first dimension counts if it is as large as there are classes. Another one, that of a layer's inputs, may be
    larger: a vector of the class stands behind other inputs.
    """
    try:
        with meta_device():
            larger = instantiate.procedure_from(
                recipe.procedure, recipe.parts, replace(spec, classes=spec.classes + 1), recipe.run.seed
            ).state_dict()
    except Exception:  # a component that cannot be built on the meta device
        return {}
    found: dict[str, tuple[int, ...]] = {}
    for name, tensor in procedure.state_dict().items():
        if name not in larger or larger[name].dim() != tensor.dim():
            continue
        growth = [more - size for size, more in zip(tensor.shape, larger[name].shape, strict=True)]
        counting = tuple(k for k, more in enumerate(growth) if more)
        fits = all(growth[k] == 1 and tensor.shape[k] >= spec.classes for k in counting)
        if counting and fits and (counting[0] > 0 or len(tensor) == spec.classes):
            found[name] = counting
    return found


def _both_floating(a: Tensor, b: Tensor) -> bool:
    return a.is_floating_point() and b.is_floating_point()


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(map(one_line, names[:LISTED])) + more

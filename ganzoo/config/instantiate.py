"""Datasets, procedures and optimizers built from a recipe; combinations that cannot work are refused."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

import torch
from accelerate.utils import set_seed
from torch import nn
from torch.optim import Optimizer

from ganzoo.augmentation import Augmentation, AugmentedDiscriminator
from ganzoo.config.change import recording
from ganzoo.config.component import Blueprint
from ganzoo.config.parser import kind_of
from ganzoo.config.recipe import Recipe
from ganzoo.config.signature import general_settings
from ganzoo.data.class_subset import ClassSubset
from ganzoo.data.unpaired import Unpaired
from ganzoo.errors import GanzooError, IncompatibleError, RecipeError, did_you_mean, one_line
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.regularizer import Regularizers, regularizers_of
from ganzoo.utils.memory_format import use_channels_last
from ganzoo.utils.modes import eval_mode

LISTED = 8  # layers that a message names
Parts = Mapping[str, Blueprint | list[Blueprint]]
REFUSALS = (ValueError, RuntimeError, TypeError, ArithmeticError)  # how torch and plugins refuse what they cannot do


def dataset(recipe: Recipe) -> Dataset:
    """Build the dataset, with its random parts from the recipe's seed.

    Args:
        recipe: The recipe.

    Returns:
        The dataset.

    Raises:
        IncompatibleError: When its constructor refuses the settings.
    """
    return dataset_of(recipe.datasets, recipe.run.seed)


def dataset_of(
    blueprints: Mapping[str, Blueprint], seed: int, make: Callable[[Blueprint, int], Dataset] | None = None
) -> Dataset:
    """Build the dataset of a recipe: one, or two sets joined.

    Args:
        blueprints: The tables of data, by name: "dataset", and "dataset_a" for a second set, of inputs.
        seed: Seed of their random parts.
        make: Builds one dataset from its blueprint and the seed; by default dataset_from().

    Returns:
        The dataset.

    Raises:
        IncompatibleError: A constructor refuses the settings.
    """
    make = make or dataset_from
    b = make(blueprints["dataset"], seed)
    return Unpaired(make(blueprints["dataset_a"], seed), b) if "dataset_a" in blueprints else b


def dataset_from(blueprint: Blueprint, seed: int) -> Dataset:
    """Build a dataset, with its random parts from a seed.

    Args:
        blueprint: The dataset and its settings.
        seed: Seed of its random parts.

    Returns:
        The dataset.

    Raises:
        IncompatibleError: When its constructor refuses the settings.
    """
    set_seed(seed)
    try:
        built = cast(Dataset, blueprint())
        per_class = blueprint.settings.get("per_class")
        is_general = "per_class" in general_settings("dataset", blueprint.entry.load())
        return ClassSubset(built, per_class, seed) if per_class and is_general else built
    except REFUSALS as error:
        raise IncompatibleError(
            f"dataset {blueprint.entry.name!r} cannot be made with these settings: {error}"
        ) from error


def procedure(recipe: Recipe, spec: Spec) -> Procedure:
    """Build the procedure and its networks, with weights from the recipe's seed.

    Args:
        recipe: The recipe.
        spec: Shape and labels of the data.

    Returns:
        The procedure, with its networks on torch's default device, and the weights of `run.freeze` frozen.

    Raises:
        IncompatibleError: When a component refuses its settings, the data or another component.
        RecipeError: When a player has an optimizer or a schedule and does not exist, or nothing fits a pattern of
            `run.freeze`.
    """
    built = procedure_from(recipe.procedure, recipe.parts, spec, recipe.run.seed)
    check_players(recipe, built)
    freeze(built, recipe.run.freeze or ())
    if recipe.run.channels_last:
        use_channels_last(built)
    return built


def procedure_from(blueprint: Blueprint, parts: Parts, spec: Spec, seed: int) -> Procedure:
    """Build a procedure and its networks, with weights from a seed.

    Augmentations are no part that a procedure is handed: they are built into every discriminator that it builds.

    Args:
        blueprint: The procedure.
        parts: Its networks, losses, regularizers and augmentations, by table.
        spec: Shape and labels of the data.
        seed: Seed of the weights.

    Returns:
        The procedure, with its networks on torch's default device.

    Raises:
        IncompatibleError: When a component refuses its settings, the data or another component.
    """
    augmentations = parts.get("augmentation", [])
    torch.manual_seed(seed)
    try:
        with recording() as changing:
            procedure = cast(Procedure, blueprint(spec, **_augmented(parts)))
    except IncompatibleError:
        raise
    except REFUSALS as error:
        raise IncompatibleError(f"procedure {blueprint.entry.name!r} cannot be built for {spec}: {error}") from error
    if augmentations and not any(isinstance(part, AugmentedDiscriminator) for part in procedure.modules()):
        raise IncompatibleError(
            f"procedure {blueprint.entry.name!r} has built no discriminator that could see [[augmentation]]: leave it "
            "out."
        )
    check_augmentations(procedure)
    procedure.changing = changing
    return procedure


def check_augmentations(procedure: Procedure) -> None:
    """Check that augmentations which observe moves are shown them, and that those which replace samples can.

    Args:
        procedure: The procedure, with its discriminators.

    Raises:
        IncompatibleError: A discriminator has no Regularizers, which show it to its augmentations, or samples cannot be
            replaced by generated ones, since they are translations.
    """
    name = type(procedure).__name__
    shown = {id(part.networks[0]) for part in procedure.modules() if isinstance(part, Regularizers)}
    for part in procedure.modules():
        for item in part.augmentations if isinstance(part, AugmentedDiscriminator) else ():
            assert isinstance(item, Augmentation)
            if id(part) not in shown and type(item).observe is not Augmentation.observe:
                raise IncompatibleError(
                    f"procedure {name} takes no regularizers for its discriminator, and so tells [[augmentation]] "
                    f"{type(item).__name__} nothing of its moves: use one that needs no logits, such as diff_augment."
                )
            replaces = type(item).replace_real is not Augmentation.replace_real
            if replaces and not all(generator.z_dim for generator in procedure.generators()):
                raise IncompatibleError(
                    f"[[augmentation]] {type(item).__name__} replaces samples by generated ones, and procedure {name} "
                    "translates its inputs: leave it out."
                )


@dataclass(frozen=True)
class _AugmentedBlueprint(Blueprint):
    """The blueprint of a discriminator that sees augmented samples."""

    augmentations: tuple[Blueprint, ...] = ()
    loss: Any = None

    def __call__(self, *args: Any, **more: Any) -> AugmentedDiscriminator:
        network = super().__call__(*args, **more)
        augmentations = [build() for build in self.augmentations]
        for augmentation in augmentations:
            augmentation.check(args[0] if args else more["spec"])
            augmentation.fit(self.loss)
        return AugmentedDiscriminator(network, augmentations, paired=getattr(self.loss, "pairs", False))


def _augmented(parts: Parts) -> Parts:
    """Return the parts that a procedure is handed: without augmentations, and with the discriminators that see them."""
    handed = dict(parts)
    match handed.pop("augmentation", []):
        case [*augmentations] if augmentations:
            losses = [part for table, part in parts.items() if kind_of(table) == "loss" and isinstance(part, Blueprint)]
            loss = losses[0]() if losses else None

            def augmented(part: Blueprint) -> Blueprint:
                return _AugmentedBlueprint(part.entry, part.settings, part.changes, tuple(augmentations), loss)

            for table, part in handed.items():
                if kind_of(table) == "discriminator":
                    handed[table] = [*map(augmented, part)] if isinstance(part, list) else augmented(part)
    return handed


def optimizer(blueprint: Blueprint, named: Sequence[tuple[str, nn.Parameter]]) -> Optimizer:
    """Build the optimizer of one player.

    Args:
        blueprint: The optimizer. One whose constructor takes `named_parameters` is given the names too.
        named: Names and parameters.

    Returns:
        The optimizer.

    Raises:
        RecipeError: When it refuses its settings or the parameters, without the player's name.
    """
    try:
        names = takes_names(blueprint.entry.load())
        built: Optimizer = blueprint([*named] if names else [parameter for _, parameter in named])
    except GanzooError:
        raise
    except REFUSALS as error:
        raise RecipeError(str(error)) from error
    return built


def takes_names(optimizer: Callable[..., Any]) -> bool:
    """Return True for the class of an optimizer that is given the names of its parameters."""
    return "named_parameters" in inspect.signature(optimizer).parameters


def check_players(recipe: Recipe, procedure: Procedure) -> None:
    """Check that the players of all [optimizer.PLAYER] and [schedule.PLAYER] tables exist.

    Args:
        recipe: The recipe.
        procedure: Its procedure.

    Raises:
        RecipeError: When one does not.
    """
    players = list(procedure.players())
    for table, settings in (("optimizer", recipe.optimizer), ("schedule", recipe.schedule)):
        for player in settings.others if settings else ():
            if player not in players:
                raise RecipeError(
                    f"{recipe.name} [{table}.{player}]: no player {player!r}.{did_you_mean(player, players)} "
                    f"Procedure {recipe.procedure.entry.name!r} has: {', '.join(players)}."
                )


PARAMETRIZED = re.compile(r"parametrizations\.(\w+)\.original\d*$")
"""The name of a weight under a parametrization such as spectral norm."""


def freeze(procedure: Procedure, patterns: Iterable[str]) -> None:
    """Freeze weights by name, for fine-tuning: FreezeD of Mo et al. 2020 (arXiv:2002.10964) for lower layers.

    They are not trained, and the layers with frozen running statistics, of batch norm or spectral norm, work as in
    evaluation, so that no bit of them changes.

    Args:
        procedure: The procedure, in the mode that it trains in.
        patterns: Patterns such as "discriminator.layers.0.*": the player, and the name of a tensor inside its networks.
            "*" stands for any characters, dots too.

    Raises:
        RecipeError: Nothing has a name of this pattern.
    """
    named = [*_named_tensors(procedure)]
    for pattern in patterns:
        found = [(owner, name) for path, owner, name in named if fnmatchcase(path, pattern)]
        if not found:
            raise RecipeError(_no_such_weight(pattern, [path for path, _, _ in named]))
        for owner, name in found:
            if isinstance(tensor := getattr(owner, name), nn.Parameter):
                tensor.requires_grad_(False)
            else:
                owner.training = False  # of this layer alone: those inside it may hold no statistics


def _named_tensors(procedure: Procedure) -> Iterator[tuple[str, nn.Module, str]]:
    """Yield the name of each tensor of each player, and the module and attribute that hold it."""
    for player, networks in procedure.players().items():
        for network in networks:
            inner = network.network if isinstance(network, AugmentedDiscriminator) else network
            for prefix, module in inner.named_modules(remove_duplicate=False):
                local = [*module._parameters.items(), *module._buffers.items()]
                for name in (name for name, tensor in local if tensor is not None):
                    path = f"{prefix}.{name}" if prefix else name
                    yield f"{player}.{PARAMETRIZED.sub(lambda match: match[1], path)}", module, name


def _no_such_weight(pattern: str, names: list[str]) -> str:
    layers = dict.fromkeys(name.rpartition(".")[0] + ".*" for name in names)
    near = did_you_mean(pattern, [*layers, *names])
    shown = ", ".join([*layers][:LISTED]) + (", ..." if len(layers) > LISTED else "")
    return f"run.freeze: nothing is called {one_line(pattern)!r}.{near} Write PLAYER.NAME; there are {shown}"


def check_fit(procedure: Procedure, spec: Spec) -> None:
    """Check that a procedure fits the data: token ids, labels, and the shape of its samples.

    Args:
        procedure: The procedure, on any device.
        spec: Shape and labels of the data.

    Raises:
        IncompatibleError: When it does not.
    """
    if spec.vocab and not procedure.discrete:
        raise IncompatibleError(
            f"samples are token ids (vocab = {spec.vocab}), and no gradient comes through them to the generator, which "
            f"procedure {type(procedure).__name__} follows. Use a procedure for token ids, or data of images or points."
        )
    if procedure.conditional and not spec.classes:
        raise IncompatibleError(
            "the networks want class labels, and the dataset has none. "
            "Use a labelled dataset, or networks that are not conditional."
        )
    device = next(procedure.parameters()).device
    y = torch.zeros(2, dtype=torch.long, device=device) if procedure.conditional else None
    try:
        with eval_mode(procedure), torch.random.fork_rng(enabled=device.type != "meta"):
            shape = tuple(procedure.sample(2, y).shape)
    except REFUSALS as error:
        raise IncompatibleError(f"the generator cannot make samples of shape {spec.shape}: {error}") from error
    if shape != (2, *spec.shape):
        raise IncompatibleError(
            f"the generator makes samples of shape {shape[1:]}, and the data has {spec.shape}. "
            "Use another generator, or give the dataset another size."
        )


def check_batch(procedure: Procedure, batch_size: int) -> None:
    """Check that no batch norm in training mode gets a batch of one, whose statistics are useless.

    Args:
        procedure: The procedure, in the mode that it trains in.
        batch_size: Examples per batch.

    Raises:
        IncompatibleError: When one does.
    """
    if batch_size > 1:
        return
    for player, networks in procedure.players().items():
        for name, module in (named for network in networks for named in network.named_modules()):
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
                raise IncompatibleError(
                    f"run.batch_size = 1 and {type(module).__name__} ({name}) in {player!r}: the statistics of one "
                    "sample say nothing. Set run.batch_size=2 or more, or use networks without batch norm."
                )


def check_compile(procedure: Procedure) -> None:
    """Check that no regularizer needs second derivatives, which compiled networks do not have.

    Args:
        procedure: The procedure, with its regularizers.

    Raises:
        IncompatibleError: When one does.
    """
    for regularizer in regularizers_of(procedure):
        if regularizer.per_sample:
            raise IncompatibleError(
                f"run.compile = true and regularizer {type(regularizer).__name__}: compiled networks have no second "
                "derivative, which the penalty needs. Set run.compile=false."
            )


def compile_networks(procedure: Procedure) -> None:
    """Compile every network in place with torch.compile.

    Args:
        procedure: The procedure.

    Raises:
        IncompatibleError: When a regularizer needs second derivatives.
    """
    check_compile(procedure)
    for networks in procedure.players().values():
        for network in networks:
            (network.network if isinstance(network, AugmentedDiscriminator) else network).compile()

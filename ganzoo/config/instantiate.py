"""From a recipe to a dataset, networks and optimizers, with every combination that makes no sense refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from accelerate.utils import set_seed
from torch import nn
from torch.optim import Optimizer

from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import PerPlayer, Recipe
from ganzoo.errors import GanzooError, IncompatibleError, RecipeError, did_you_mean
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.training import optim
from ganzoo.utils.modes import eval_mode

Parts = Mapping[str, Blueprint | list[Blueprint]]
REFUSALS = (ValueError, RuntimeError, TypeError, ArithmeticError)  # what torch and strangers say "I cannot" with


def dataset(recipe: Recipe) -> Dataset:
    """The dataset, with its random parts drawn from the recipe's seed.

    Errors: IncompatibleError with what its constructor refused.
    """
    return drawn_dataset(recipe.dataset, recipe.run.seed)


def drawn_dataset(blueprint: Blueprint, seed: int) -> Dataset:
    """Likewise, from a blueprint and a seed alone."""
    set_seed(seed)
    try:
        return blueprint()
    except REFUSALS as error:
        raise IncompatibleError(
            f"dataset {blueprint.entry.name!r} cannot be made with these settings: {error}"
        ) from error


def procedure(recipe: Recipe, spec: Spec) -> Procedure:
    """The procedure with its networks, their weights drawn from the recipe's seed.

    Errors: IncompatibleError with the component that refused, and why.
    """
    made = assembled(recipe.procedure, recipe.parts, spec, recipe.run.seed)
    check_players(recipe, made)
    return made


def assembled(blueprint: Blueprint, parts: Parts, spec: Spec, seed: int) -> Procedure:
    """Likewise, from blueprints and a seed alone."""
    torch.manual_seed(seed)
    try:
        return blueprint(spec, **parts)
    except IncompatibleError:
        raise
    except REFUSALS as error:
        raise IncompatibleError(f"procedure {blueprint.entry.name!r} cannot be built for {spec}: {error}") from error


def check_players(recipe: Recipe, made: Procedure) -> None:
    """Errors: RecipeError for an [optimizer.PLAYER] or [schedule.PLAYER] whose player does not exist."""
    players = list(made.players())
    for table, settings in (("optimizer", recipe.optimizer), ("schedule", recipe.schedule)):
        for player in settings.others if settings else ():
            if player not in players:
                raise RecipeError(
                    f"{recipe.name} [{table}.{player}]: no player {player!r}.{did_you_mean(player, players)} "
                    f"Procedure {recipe.procedure.entry.name!r} has: {', '.join(players)}."
                )


def check_fit(made: Procedure, spec: Spec) -> None:
    """Errors: IncompatibleError when labels are wanted and the data has none, when token ids are too much for the procedure, or
    when samples have not the data's shape.
    """
    if spec.vocab and not made.discrete:
        raise IncompatibleError(
            f"samples are token ids (vocab = {spec.vocab}), and no gradient comes through them to the generator, which "
            f"procedure {type(made).__name__} follows. Use a procedure for token ids, or data of images or points."
        )
    if made.conditional and not spec.classes:
        raise IncompatibleError(
            "the networks want class labels, and the dataset has none. "
            "Use a labelled dataset, or networks that are not conditional."
        )
    device = next(made.parameters()).device
    y = torch.zeros(2, dtype=torch.long, device=device) if made.conditional else None
    try:
        with eval_mode(made), torch.random.fork_rng(enabled=device.type != "meta"):
            shape = tuple(made.sample(2, y).shape)
    except REFUSALS as error:
        raise IncompatibleError(f"the generator cannot make samples of shape {spec.shape}: {error}") from error
    if shape != (2, *spec.shape):
        raise IncompatibleError(
            f"the generator makes samples of shape {shape[1:]}, and the data has {spec.shape}. "
            "Use another generator, or give the dataset another size."
        )


def check_batch(made: Procedure, batch_size: int) -> None:
    """Errors: IncompatibleError when batch norm would have a single sample to take a mean and a variance of."""
    if batch_size > 1:
        return
    for player, modules in made.players().items():
        for name, module in ((name, part) for network in modules for name, part in network.named_modules()):
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
                raise IncompatibleError(
                    f"run.batch_size = 1 and {type(module).__name__} ({name}) in {player!r}: the statistics of one "
                    "sample say nothing. Set run.batch_size=2 or more, or use networks without batch norm."
                )


def check_compile(made: Procedure) -> None:
    """Errors: IncompatibleError when compiled networks lack the second derivative that a penalty needs."""
    for one in getattr(made, "regularizers", ()):
        if one.per_sample:
            raise IncompatibleError(
                f"run.compile = true and regularizer {type(one).__name__}: compiled networks have no second "
                "derivative, which the penalty needs. Set run.compile=false."
            )


def compile_networks(made: Procedure) -> None:
    """torch.compile every network in place. Errors: those of check_compile()."""
    check_compile(made)
    for modules in made.players().values():
        for module in modules:
            module.compile()


def optimizers(settings: PerPlayer) -> Callable[[str, list[nn.Parameter]], Optimizer]:
    """What the engine calls to make each player's optimizer. Errors: RecipeError with what the optimizer refused."""
    optim.unmark()

    def make(player: str, parameters: list[nn.Parameter]) -> Optimizer:
        blueprint = settings.of(player)
        try:
            return optim.unbreak(blueprint(parameters))
        except GanzooError:
            raise
        except REFUSALS as error:
            raise RecipeError(f"[optimizer] {blueprint.entry.name!r} for {player!r}: {error}") from error

    return make

"""Moves of a training procedure: the only backward() and optimizer steps of the project.

A move changes only the parameters of the players it names. Players named together step simultaneously, each by its own
gradient, even if they train the same parameters. With several processes networks are not wrapped. Instead the engine
averages the gradients of the player that moves, so that a procedure may call any method of its networks, in any order,
with any penalty.
"""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Iterator

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, get_total_norm

from ganzoo.augmentation import Augmentation, AugmentedDiscriminator
from ganzoo.errors import IncompatibleError, did_you_mean
from ganzoo.interfaces import Batch, Move, Terms
from ganzoo.procedure import Procedure
from ganzoo.training import statistics
from ganzoo.training.optim import NamedParameters, OptimizerFactory
from ganzoo.utils import distributed

HISTORY = 10_000  # terms that are kept until the next check


class Engine:
    """One procedure with an optimizer for each player.

    Attributes that others read: `history` holds (step, "player/term", value) of every term since it was last cleared,
    with values on the device. `moved` and `skipped` count each player's moves. While `watched` is True, the norm of
    each player's gradient before clipping is computed; nothing else differs.

    Args:
        procedure: The procedure; it is moved to the device.
        optimizer: (player, its parameters with their names) -> its optimizer.
        accelerator: Device and precision.
        clip: Largest norm of a player's gradient; 0 for no clipping.
        skip: Leave out the move of a player whose gradient is NaN or infinite; costs a synchronization at each move.

    Raises:
        IncompatibleError: A trainable parameter belongs to no player, or a player has none.
    """

    def __init__(
        self,
        procedure: Procedure,
        optimizer: OptimizerFactory,
        accelerator: Accelerator,
        clip: float = 0.0,
        skip: bool = False,
    ):
        self.procedure = procedure.to(accelerator.device)
        self.accelerator = accelerator
        self.clip = clip
        self.skip = skip
        self.parameters = owned(procedure)
        self.sharing = _sharing(self.parameters)
        self.augmentations = _augmentations(procedure)
        self.augmented = [module for module in procedure.modules() if isinstance(module, AugmentedDiscriminator)]
        self.optimizers = {player: optimizer(player, own) for player, own in named(procedure, self.parameters).items()}
        fp16 = accelerator.mixed_precision == "fp16"  # a scaler for each player: their overflows are independent
        self.scalers = {p: torch.amp.GradScaler(accelerator.device.type, enabled=fp16) for p in self.parameters}
        self.t = 0
        self.watched = False
        self.terms: dict[str, Tensor] = {}
        self.norms: dict[str, Tensor] = {}
        self.history: deque[tuple[int, str, Tensor]] = deque(maxlen=HISTORY)
        self.moved: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        distributed.broadcast(procedure.state_dict().values())

    def step(self, data: Iterator[Batch], t: int) -> None:
        """Make every move of one step.

        Args:
            data: Batches on the device.
            t: Number of steps done, from 0.

        Raises:
            RuntimeError: The procedure yielded inside torch.no_grad(), or changed weights that a term needs.
            ValueError: A move names an unknown player, or has a term that is not a scalar.
        """
        self.t = t
        moves = self.procedure.step(self._with_replaced(data), t)
        while True:
            with self.accelerator.autocast():  # the forward passes run inside next()
                move = next(moves, None)
            if move is None:
                self._end_move()
                return
            if not torch.is_grad_enabled():
                raise RuntimeError("step() yielded inside torch.no_grad(): close it before the yield")
            self.apply(move)

    def apply(self, move: Move) -> None:
        """Make one move: compute the gradients of all its players, then let each of them step."""
        losses = {player: self._total(player, terms) for player, terms in move.items()}
        *_, last = losses
        set_aside: dict[str, list[Tensor | None]] = {}
        for player, loss in losses.items():
            self._backward(player, loss, retain_graph=player != last)
            if self.sharing[player] & move.keys():  # the next player's gradients would be added to these
                set_aside[player] = _take_gradients(self.parameters[player])
        for player, terms in move.items():
            if player in set_aside:
                _put_gradients_back(self.parameters[player], set_aside[player])
            if self._update(player):
                self._record(player, terms)
        for augmentation in dict.fromkeys(item for player in move for item in self.augmentations[player]):
            augmentation.after_move()
        self._end_move()

    def read(self) -> dict[str, float]:
        """Return the newest terms and logged values since the previous call, averaged over processes.

        Waits for the device. Values that nobody has computed since then, such as those of an earlier stage, are left
        out. "told_apart" is the separation of real and fake samples if the procedure logs the discriminator's outputs
        as "real" and "fake"; "gradient/player" is the norm of the last gradient while `watched`.
        """
        logged = getattr(self.procedure, "logged", {})
        named = {**self.terms, **{name: value.float().mean() for name, value in logged.items()}}
        if {"real", "fake"} <= logged.keys():
            named.setdefault("told_apart", statistics.separation(logged["real"], logged["fake"]))
        named |= {name: value for item in self._all_augmentations() for name, value in item.report().items()}
        named |= self.norms
        self.terms.clear()
        self.norms.clear()
        logged.clear()
        if not named:
            return {}
        values = torch.stack([value.float() for value in named.values()])
        return dict(zip(named, distributed.reduce_mean(values).tolist(), strict=True))

    def _end_move(self) -> None:
        for discriminator in self.augmented:
            discriminator.end_move()

    def _all_augmentations(self) -> dict[Augmentation, None]:
        return dict.fromkeys(item for items in self.augmentations.values() for item in items)

    def _with_replaced(self, data: Iterator[Batch]) -> Iterator[Batch]:
        """Return the data, with real samples replaced by the augmentations of the first discriminator that do so."""
        augmentations = self.augmented[0].augmentations if self.augmented else ()
        replacing = [
            item
            for item in augmentations
            if isinstance(item, Augmentation) and type(item).replace_real is not Augmentation.replace_real
        ]
        if not replacing:
            return data

        def replaced() -> Iterator[Batch]:
            for batch in data:
                for item in replacing:
                    batch = item.replace_real(batch, functools.partial(self._generate, len(batch["x"])))
                yield batch

        return replaced()

    @torch.no_grad()
    def _generate(self, n: int, y: Tensor | None) -> Tensor:
        return self.procedure.sample(n, y if self.procedure.conditional else None)

    def _total(self, player: str, terms: Terms) -> Tensor:
        if player not in self.parameters:
            known = list(self.parameters)
            raise ValueError(f"step() moved {player!r}.{did_you_mean(player, known)} players() names {known}")
        for name, term in terms.items():
            if term.dim() != 0:
                raise ValueError(f"the term {player}/{name} should be a scalar, not of shape {tuple(term.shape)}")
        return functools.reduce(torch.add, terms.values())

    def _backward(self, player: str, loss: Tensor, retain_graph: bool) -> None:
        try:
            scaled = self.scalers[player].scale(loss)
            scaled.backward(inputs=self.parameters[player], retain_graph=retain_graph)
        except RuntimeError as error:
            if "modified by an inplace operation" in str(error):
                error.add_note(
                    f"A term of {player!r} goes through weights that moved after it was computed: compute it after "
                    "the other player's yield, or yield both players in one move."
                )
            raise

    def _update(self, player: str) -> bool:
        """Make an optimizer step with the present gradients; False when it was skipped."""
        optimizer, scaler, parameters = self.optimizers[player], self.scalers[player], self.parameters[player]
        distributed.average(_gradients(parameters))
        self.moved[player] += 1
        if self.skip and not scaler.is_enabled() and not _finite(parameters):  # a scaler skips on its own
            self.skipped[player] += 1
            optimizer.zero_grad()
            return False
        if self.watched and (gradients := _gradients(parameters)):
            self.norms[f"gradient/{player}"] = get_total_norm(gradients) / scaler.get_scale()
        if self.clip:
            scaler.unscale_(optimizer)
            clip_grad_norm_(parameters, self.clip)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        return True

    def _record(self, player: str, terms: Terms) -> None:
        for name, term in terms.items():
            self.terms[f"{player}/{name}"] = value = term.detach()
            self.history.append((self.t, f"{player}/{name}", value))


def _gradients(parameters: list[nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _take_gradients(parameters: list[nn.Parameter]) -> list[Tensor | None]:
    """Return the gradients and remove them from the parameters."""
    gradients = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    return gradients


def _put_gradients_back(parameters: list[nn.Parameter], gradients: list[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def _finite(parameters: list[nn.Parameter]) -> bool:
    return bool(get_total_norm(_gradients(parameters), float("inf")).isfinite())


def owned(procedure: Procedure) -> dict[str, list[nn.Parameter]]:
    """Collect the trainable parameters of each player.

    Args:
        procedure: The procedure with the players.

    Returns:
        Player -> its parameters, each once.

    Raises:
        IncompatibleError: A trainable parameter belongs to no player, or a player has none.
    """
    players = {
        player: list({id(p): p for module in modules for p in module.parameters() if p.requires_grad}.values())
        for player, modules in procedure.players().items()
    }
    for player, parameters in players.items():
        if not parameters:
            raise IncompatibleError(
                f"the player {player!r} has nothing to train: its modules have no trainable parameter."
            )
    known = {id(p) for parameters in players.values() for p in parameters}
    orphans = [name for name, p in procedure.named_parameters() if p.requires_grad and id(p) not in known]
    if orphans:
        raise IncompatibleError(f"no player trains {', '.join(orphans)}: name the module in players(), or freeze it.")
    return players


def named(procedure: Procedure, players: dict[str, list[nn.Parameter]]) -> dict[str, NamedParameters]:
    """Return the parameters of each player with their names in the procedure; of a shared one, the first name."""
    names = {id(parameter): name for name, parameter in procedure.named_parameters()}
    return {player: [(names[id(p)], p) for p in parameters] for player, parameters in players.items()}


def _augmentations(procedure: Procedure) -> dict[str, list[Augmentation]]:
    """Return the augmentations that each player's networks see through."""
    return {
        player: [part for network in networks for part in network.modules() if isinstance(part, Augmentation)]
        for player, networks in procedure.players().items()
    }


def _sharing(parameters: dict[str, list[nn.Parameter]]) -> dict[str, set[str]]:
    """Return, for each player, the others that train some of the same parameters."""
    ids = {player: {id(p) for p in trained} for player, trained in parameters.items()}
    return {player: {other for other in ids if other != player and ids[player] & ids[other]} for player in ids}

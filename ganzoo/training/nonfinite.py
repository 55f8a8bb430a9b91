"""Detection of NaN and infinite values, at intervals, so that no step waits for the device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.training.engine import Engine
from ganzoo.utils import distributed


class NonFiniteError(Exception):
    """A value is NaN or infinite.

    Args:
        what: A sentence about it.
        facts: Details for diverged.json.
    """

    def __init__(self, what: str, facts: Mapping[str, Any] | None = None):
        super().__init__(what)
        self.what = what
        self.facts = dict(facts or {})


def check(engine: Engine, t: int) -> None:
    """Check every term since the previous check, and all present weights and buffers.

    Costs one synchronization with the device. All processes check, and all of them raise if one has such a value.

    Args:
        engine: The engine; its history is cleared.
        t: Number of steps done.

    Raises:
        NonFiniteError: Names the first term that is not finite, its step, and every layer with such a value.
    """
    terms = [(step, name, value) for step, name, value in engine.history]
    engine.history.clear()
    tensors = _tensors(engine)
    largest = torch.stack(torch._foreach_norm(list(tensors.values()), math.inf))  # (tensors,), NaN if a value is
    values = torch.stack([value.float() for _, _, value in terms]) if terms else largest[:0]
    finite = distributed.reduce_mean(torch.cat([values, largest]).isfinite().float())  # share of the processes
    if not finite.lt(1).any():
        return
    bad = [index for index, share in enumerate(finite.tolist()) if share < 1]
    first = next((terms[index] for index in bad if index < len(terms)), None)
    layers = [[*tensors][index - len(terms)] for index in bad if index >= len(terms)]
    largest_by_name = dict(zip(tensors, largest.tolist(), strict=True))
    raise NonFiniteError(_sentence(first, layers), _facts(engine, t, first, layers, largest_by_name))


def check_moves(engine: Engine, t: int) -> None:
    """Check that every player made a move since the previous check.

    Args:
        engine: The engine; its counts of moves are cleared.
        t: Number of steps done.

    Raises:
        NonFiniteError: A player skipped all its moves, because its gradients were NaN or infinite.
    """
    stuck = [player for player, moves in engine.moved.items() if engine.skipped[player] == moves]
    engine.moved.clear()
    engine.skipped.clear()
    if stuck:
        what = f"no gradient of {' and '.join(stuck)} is finite any more"
        raise NonFiniteError(what, {"noticed_at_step": t, "players": stuck})


def _tensors(engine: Engine) -> dict[str, Tensor]:
    """Return the floating-point weights and buffers, by name."""
    procedure = engine.procedure
    named = [*procedure.named_parameters(), *procedure.named_buffers()]
    return {name: tensor.detach() for name, tensor in named if tensor.is_floating_point() and tensor.numel()}


def _sentence(first: tuple[int, str, Tensor] | None, layers: list[str]) -> str:
    if first:
        step, name, value = first
        return f"{name} is {_text(value)} since step {step + 1}"
    more = f" and {len(layers) - 1} more" if len(layers) > 1 else ""
    return f"{layers[0]}{more} is not finite"


def _text(value: Tensor) -> str:
    return "not finite on another process" if value.isfinite() else str(value.item())


def _facts(
    engine: Engine, t: int, first: tuple[int, str, Tensor] | None, layers: list[str], largest: Mapping[str, float]
) -> dict[str, Any]:
    tensors = _tensors(engine)
    players: dict[int, str] = {}  # of a parameter that two players train, both are named
    for player, owned in engine.parameters.items():
        players |= {id(p): f"{players[id(p)]}, {player}" if id(p) in players else player for p in owned}
    named = dict(engine.procedure.named_parameters())
    return {
        "noticed_at_step": t,
        "first_step": first[0] + 1 if first else None,
        "term": first[1] if first else None,
        "value": _text(first[2]) if first else None,
        "layers": [
            {
                "name": name,
                "player": players.get(id(named.get(name))),
                "not_finite": int((~tensors[name].isfinite()).sum()),
                "of": tensors[name].numel(),
            }
            for name in layers
        ],
        "largest": {name: value for name, value in largest.items() if math.isfinite(value)},
    }

"""What a ganzoo.Procedure promises of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint
from ganzoo.testing.check import expect
from ganzoo.testing.component import Component
from ganzoo.testing.example import on_the_cpu
from ganzoo.testing.trying import runnable, trainable
from ganzoo.training import state
from ganzoo.training.engine import Engine
from ganzoo.training.session import Session

STEPS = 2  # before the checkpoint, and as many after it
WATCHED = 3  # steps that are made move by move


def a_step_draws_as_many_batches_as_it_says(component: Component) -> None:
    """`batches_per_step` turns run.epochs into steps."""
    example = trainable(component)
    procedure, batches = example.procedure(), example.batches()
    example.engine(procedure).step(batches, 1234)
    expect(
        batches.position == procedure.batches_per_step,
        f"{component}: a step draws {batches.position} batches, and batches_per_step is {procedure.batches_per_step}. "
        f"Set batches_per_step = {batches.position}, in __init__ where it depends on a setting.",
    )


def a_move_changes_the_named_players_only(component: Component) -> None:
    """Nothing but a player's own move changes what it trains. Its weights may be changed in place after that move,
    until the next one is made: clipped, or projected.
    """
    example = trainable(component)
    procedure = example.procedure()
    engine, batches = example.engine(procedure), example.batches()
    for t in range(WATCHED):
        moves, named = procedure.step(batches, t), set[str]()
        while True:
            before = _weights(engine)
            move = next(moves, None)
            for player in _moved(engine, before, named):
                where = f"after the move of {', '.join(sorted(named))}" if named else "before its first move"
                expect(
                    False,
                    f"{component}: step() changes weights of {player!r} in place {where}, and it is not {player}'s "
                    "turn. Change them right after its own move, or keep a copy of them that nobody trains: "
                    "requires_grad_(False).",
                )
            if move is None:
                break
            before, named = _weights(engine), {*move}
            engine.apply(move)
            for player in _moved(engine, before, named):
                expect(False, f"{component}: the move of {', '.join(sorted(named))} changes weights of {player!r}.")


def it_goes_on_from_a_checkpoint_to_the_same_bits(component: Component) -> None:
    """Weights, averages, optimizers and noise are those of a run that never stopped, after a resume from a file."""
    example = runnable(component)
    recipe = replace(example.recipe, run=example.recipe.run.model_copy(update={"ema": 0.9, "steps": 2 * STEPS}))
    undisturbed = Session(recipe, on_the_cpu())
    with TemporaryDirectory() as folder:
        for t in range(STEPS):
            undisturbed.step(t)
        saved = checkpoint.write(Path(folder), STEPS, _state(undisturbed, STEPS), keep=2)
        for t in range(STEPS, 2 * STEPS):
            undisturbed.step(t)
        wanted = _state(undisturbed, 2 * STEPS)
        resumed = Session(recipe, on_the_cpu())
        state.restore(checkpoint.read(saved), resumed.engine, resumed.ema, resumed.batches)
        for t in range(STEPS, 2 * STEPS):
            resumed.step(t)
    unlike = [*_differences(wanted, _state(resumed, 2 * STEPS))]
    expect(
        not unlike,
        f"{component}: a run that went on from a checkpoint differs in {', '.join(unlike[:3])}. Keep what one step "
        "leaves for the next in a buffer (self.register_buffer) or in a frozen module: a number in a plain attribute "
        "is not saved.",
    )


def _weights(engine: Engine) -> dict[int, Tensor]:
    """Each trainable parameter, by its id, as it is now."""
    return {id(p): p.detach().clone() for parameters in engine.parameters.values() for p in parameters}


def _moved(engine: Engine, before: dict[int, Tensor], allowed: set[str]) -> list[str]:
    """Players with a parameter that has changed and that none of those allowed trains."""
    theirs = {id(p) for player in allowed for p in engine.parameters[player]}
    return [
        player
        for player, parameters in engine.parameters.items()
        if any(id(p) not in theirs and not torch.equal(p, before[id(p)]) for p in parameters)
    ]


def _state(trainee: Session, t: int) -> Checkpoint:
    captured = state.capture(trainee.engine, trainee.ema, trainee.batches, t)
    copied = {
        part: {name: tensor.detach().clone() for name, tensor in tensors.items()}
        for part, tensors in captured.tensors.items()
    }
    return Checkpoint(copied, captured.states)


def _differences(one: Checkpoint, other: Checkpoint) -> Iterator[str]:
    """What two checkpoints do not have in common, the networks' weights first."""
    for part in sorted({**one.tensors, **other.tensors}, key=lambda part: part != "model"):
        here, there = one.tensors.get(part, {}), other.tensors.get(part, {})
        for name in {**here, **there}:
            if name not in here or name not in there or not torch.equal(here[name], there[name]):
                yield f"{part} {name}"
    yield from (part for part in one.states if one.states[part] != other.states.get(part))

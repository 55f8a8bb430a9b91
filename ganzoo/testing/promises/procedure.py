"""Promises of a ganzoo.Procedure: its players, its steps and its samples."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load, save
from torch import Tensor

from ganzoo.interfaces import Panel
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.examples import cpu_accelerator, example_of, example_or_error, runnable_example, trainable_example
from ganzoo.testing.subjects import Component
from ganzoo.training import state
from ganzoo.training.engine import Engine
from ganzoo.training.session import Session
from ganzoo.training.snapshots import Snapshots

FEW = 12  # steps within which every player has its turn


def it_takes_a_step_on_a_small_example(component: Component) -> None:
    """There is an example of it to check: of small stand-ins for the parts that its constructor asks for, else a recipe
    of its plugin made small, else the plugin's own parts. Data are noise, of points, images or token ids.
    """
    found = example_or_error(component)
    if isinstance(found, BrokenPromiseError):
        raise found


def every_trainable_parameter_belongs_to_a_player(component: Component) -> None:
    """What no player trains would stay as it was drawn, and nobody would notice."""
    example = example_of(component)
    expect(not example.ownership_problem, f"{component}: {example.ownership_problem}")


def every_player_moves_within_a_few_steps(component: Component) -> None:
    """Each player that players() names is named by a move, and its weights are others afterwards, and finite."""
    example = trainable_example(component)
    before, after = example.procedure(), example.procedure()
    engine, batches = example.engine(after), example.batches()
    still = {*engine.parameters}
    for t in range(FEW):
        engine.step(batches, t)
        there = before.players()
        for player, modules in after.players().items():
            here = [p for module in modules for p in module.parameters()]
            first = [p for module in there[player] for p in module.parameters()]
            expect(
                all(p.isfinite().all() for p in here),
                f"{component}: after {t + 1} steps the weights of {player!r} are not finite. Compute in float32 what "
                "overflows, or bound it: a logarithm of 0, a division by a norm that is 0.",
            )
            if any(not p.equal(q) for p, q in zip(here, first, strict=True)):
                still.discard(player)
        if not still:
            return
    for player in still:
        expect(
            engine.moved[player],
            f"{component}: {player!r} did not move in {FEW} steps. Yield its terms under that name in step(), or leave "
            "it out of players().",
        )
        expect(
            False,
            f"{component}: {player!r} moved, and its weights are as they were. Its terms do not depend on them: look "
            "for a detach() or a torch.no_grad() too many.",
        )


STEPS = 2  # before the checkpoint, and as many after it
WATCHED = 3  # steps that are made move by move


def a_step_draws_as_many_batches_as_it_says(component: Component) -> None:
    """`batches_per_step` turns run.epochs into steps."""
    example = trainable_example(component)
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
    example = trainable_example(component)
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
    example = runnable_example(component)
    recipe = replace(example.recipe, run=example.recipe.run.model_copy(update={"ema": 0.9, "steps": 2 * STEPS}))
    undisturbed = Session(recipe, cpu_accelerator())
    with TemporaryDirectory() as folder:
        for t in range(STEPS):
            undisturbed.step(t)
        saved = checkpoint.write(Path(folder), STEPS, _state(undisturbed, STEPS), keep=2)
        for t in range(STEPS, 2 * STEPS):
            undisturbed.step(t)
        wanted = _state(undisturbed, 2 * STEPS)
        resumed = Session(recipe, cpu_accelerator())
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


def samples_are_like_the_data(component: Component) -> None:
    """sample(n) gives n finite samples of the data's shape and range, whether n is 1, the size of a batch, or neither:
    images in [-1, 1], token ids int64 below vocab.
    """
    example = example_of(component)
    procedure, spec = example.procedure(), example.spec
    for n in (1, 5):
        samples = example.sample(procedure, n)
        expect(
            samples.shape == (n, *spec.shape),
            f"{component}: sample({n}) gives the shape {tuple(samples.shape)}, expected {(n, *spec.shape)}. Draw n "
            "samples, and give each the spec's shape.",
        )
        expect(samples.isfinite().all(), f"{component}: sample({n}) has numbers that are not finite.")
        low, high = samples.min().item(), samples.max().item()
        if spec.vocab:
            fine = samples.dtype == torch.int64 and 0 <= low <= high < spec.vocab
            expect(fine, f"{component}: samples are no token ids: give int64 in 0..{spec.vocab - 1}.")
        expect(
            not spec.is_image or -1 <= low <= high <= 1,
            f"{component}: samples lie in [{low:g}, {high:g}]. Images lie in [-1, 1]: end in a tanh, or clamp them.",
        )


def the_seed_decides_the_samples(component: Component) -> None:
    """The same seed gives the same samples, another one gives others: all noise comes from PyTorch's generator."""
    example = trainable_example(component)
    procedure = example.once_trained
    first, again, other = (example.sample(procedure, 4, seed) for seed in (1, 1, 2))
    expect(
        torch.equal(first, again),
        f"{component}: samples of one seed differ. Draw noise by torch.randn, and remember nothing between samples.",
    )
    expect(
        not torch.equal(first, other), f"{component}: another seed gives the same samples. Draw new noise each time."
    )


def each_class_can_be_asked_for(component: Component) -> None:
    """A conditional procedure samples any class, in any order, and the first one may be absent."""
    example = trainable_example(component)
    procedure = example.once_trained
    if not procedure.conditional:
        skip("it is not conditional")
    last = example.spec.classes - 1
    for y in (torch.full((3,), last), torch.tensor([last, 0, last])):
        samples = example.sample(procedure, 3, y=y)
        expect(
            samples.shape == (3, *example.spec.shape) and samples.isfinite().all(),
            f"{component}: sample(3, y) for the classes {y.tolist()} gives {tuple(samples.shape)}.",
        )


def its_pictures_can_be_drawn(component: Component) -> None:
    """preview() and panels() give what a run saves every `run.sample` steps, by names that files can have."""
    example = runnable_example(component)
    drawing = Snapshots(example.recipe, Session(example.recipe, cpu_accelerator()))
    with TemporaryDirectory() as folder:
        for name, picture in drawing.pictures().items():
            expect(
                re.fullmatch(r"[a-z0-9_-]*", name),
                f"{component}: panels() names a picture {name!r}. Use lower-case letters, digits, _ and -.",
            )
            expect(
                not isinstance(picture, Panel) or picture.samples.isfinite().all(),
                f"{component}: the picture {name or 'of preview()'!r} has numbers that are not finite.",
            )
            drawing.save(picture, Path(folder) / f"{name or 'grid'}.png")


def a_copy_is_equal_and_independent(component: Component) -> None:
    """copy.deepcopy() gives one that samples alike and that can be trained alone, as averages of weights need it."""
    example = trainable_example(component)
    procedure = example.once_trained
    twin = copy.deepcopy(procedure)
    expect(
        torch.equal(example.sample(twin, 4), example.sample(procedure, 4)),
        f"{component}: a copy samples otherwise. Keep in buffers and modules all that samples depend on.",
    )
    shared = {id(p) for p in twin.parameters()} & {id(p) for p in procedure.parameters()}
    before = [p.detach().clone() for p in procedure.parameters()]
    example.engine(twin).step(example.batches(), 0)
    moved = any(not torch.equal(p, q) for p, q in zip(twin.parameters(), before, strict=True))
    expect(
        not shared and moved and all(map(torch.equal, procedure.parameters(), before)),
        f"{component}: training a copy changes the original, or nothing. Keep networks as attributes: no closure or "
        "list of functions holds one.",
    )


def weights_survive_a_file(component: Component) -> None:
    """state_dict() holds all that samples depend on, in tensors that safetensors writes."""
    example = trainable_example(component)
    trained, fresh = example.once_trained, example.procedure(seed=1)
    kept = load(save({name: tensor.clone() for name, tensor in trained.state_dict().items()}))
    fresh.load_state_dict(kept)
    back = fresh.state_dict()
    expect(
        all(torch.equal(tensor, back[name]) for name, tensor in kept.items())
        and torch.equal(example.sample(fresh, 4), example.sample(trained, 4)),
        f"{component}: with weights from a file it samples otherwise. Keep in buffers and modules all that samples "
        "depend on, so that state_dict() has it.",
    )

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

TURNS = 12  # steps within which every player has to move
STEPS = 2  # before the checkpoint, and as many after it
WATCHED = 3  # steps that are checked move by move


def it_takes_a_step_on_a_small_example(component: Component) -> None:
    """The procedure can be trained on a small example.

    It consists of stand-ins for the parts that the constructor requires, else of a recipe of the plugin made small,
    else of the plugin's own parts. The data are noise: points, images or token ids.
    """
    result = example_or_error(component)
    if isinstance(result, BrokenPromiseError):
        raise result


def every_trainable_parameter_belongs_to_a_player(component: Component) -> None:
    """Each trainable parameter belongs to a player: others would never be trained, which is hard to notice."""
    example = example_of(component)
    expect(not example.ownership_problem, f"{component}: {example.ownership_problem}")


def every_player_moves_within_a_few_steps(component: Component) -> None:
    """Each player in players() makes a move, after which its weights have changed and are finite."""
    example = trainable_example(component)
    before, after = example.procedure(), example.procedure()
    engine, batches = example.engine(after), example.batches()
    unchanged = {*engine.parameters}
    for t in range(TURNS):
        engine.step(batches, t)
        players_before = before.players()
        for player, modules in after.players().items():
            parameters = [p for module in modules for p in module.parameters()]
            parameters_before = [p for module in players_before[player] for p in module.parameters()]
            expect(
                all(p.isfinite().all() for p in parameters),
                f"{component}: after {t + 1} steps the weights of {player!r} are not finite. Look for logarithms of 0 "
                "and divisions by a norm of 0. Compute values that overflow in float32, or bound them.",
            )
            if any(not p.equal(q) for p, q in zip(parameters, parameters_before, strict=True)):
                unchanged.discard(player)
        if not unchanged:
            return
    for player in unchanged:
        expect(
            engine.moved[player],
            f"{component}: {player!r} did not move in {TURNS} steps. Yield its terms under this name in step(), or "
            "remove it from players().",
        )
        expect(
            False,
            f"{component}: {player!r} moved, but its weights did not change: its terms do not depend on them. Look for "
            "an unintended detach() or torch.no_grad().",
        )


def batches_per_step_is_correct(component: Component) -> None:
    """A step reads `batches_per_step` batches, by which run.epochs is converted to steps."""
    example = trainable_example(component)
    procedure, batches = example.procedure(), example.batches()
    example.engine(procedure).step(batches, 1234)
    expect(
        batches.position == procedure.batches_per_step,
        f"{component}: a step reads {batches.position} batches, but batches_per_step is {procedure.batches_per_step}. "
        f"Set batches_per_step = {batches.position}, in __init__ if it depends on a setting.",
    )


def a_move_changes_the_named_players_only(component: Component) -> None:
    """Only a player's own move changes its weights.

    Between this move and the next one, step() may change them in place too, for example clip or project them.
    """
    example = trainable_example(component)
    procedure = example.procedure()
    engine, batches = example.engine(procedure), example.batches()
    for t in range(WATCHED):
        moves, movers = procedure.step(batches, t), set[str]()
        while True:
            before = _copy_weights(engine)
            move = next(moves, None)
            for player in _changed_players(engine, before, movers):
                when = f"after the move of {', '.join(sorted(movers))}" if movers else "before the first move"
                expect(
                    False,
                    f"{component}: step() changes weights of {player!r} in place {when}. Change them immediately after "
                    "a move of this player. If no player should train them, use a copy with requires_grad_(False).",
                )
            if move is None:
                break
            before, movers = _copy_weights(engine), {*move}
            engine.apply(move)
            for player in _changed_players(engine, before, movers):
                expect(
                    False,
                    f"{component}: the move of {', '.join(sorted(movers))} changes weights of {player!r}. Let no two "
                    "players share parameters, and change no weights in forward().",
                )


def a_resumed_run_is_identical(component: Component) -> None:
    """A run resumed from a checkpoint has the weights, averages, optimizer states and noise of an uninterrupted run."""
    example = runnable_example(component)
    recipe = replace(example.recipe, run=example.recipe.run.model_copy(update={"ema": 0.9, "steps": 2 * STEPS}))
    uninterrupted = Session(recipe, cpu_accelerator())
    with TemporaryDirectory() as folder:
        for t in range(STEPS):
            uninterrupted.step(t)
        saved = checkpoint.write(Path(folder), STEPS, _capture(uninterrupted, STEPS), keep=2)
        for t in range(STEPS, 2 * STEPS):
            uninterrupted.step(t)
        expected = _capture(uninterrupted, 2 * STEPS)
        resumed = Session(recipe, cpu_accelerator())
        state.restore(checkpoint.read(saved), resumed.engine, resumed.ema, resumed.batches)
        for t in range(STEPS, 2 * STEPS):
            resumed.step(t)
    differences = [*_differences(expected, _capture(resumed, 2 * STEPS))]
    expect(
        not differences,
        f"{component}: a resumed run differs in {', '.join(differences[:3])}. Keep state between steps in a buffer "
        "(self.register_buffer) or in a frozen module: plain attributes are not saved.",
    )


def samples_have_the_shape_and_range_of_data(component: Component) -> None:
    """sample(n) returns n finite samples of the data's shape and range, for any n.

    Images lie in [-1, 1]; token ids are int64 in 0 to vocab - 1.
    """
    example = example_of(component)
    procedure, spec = example.procedure(), example.spec
    for n in (1, 5):
        samples = example.sample(procedure, n)
        expect(
            samples.shape == (n, *spec.shape),
            f"{component}: sample({n}) returns the shape {tuple(samples.shape)}, expected {(n, *spec.shape)}. Return n "
            "samples of the shape spec.shape.",
        )
        expect(
            samples.isfinite().all(),
            f"{component}: sample({n}) returns values that are not finite. Look for divisions by zero, and for "
            "logarithms and roots of zero.",
        )
        low, high = samples.min().item(), samples.max().item()
        if spec.vocab:
            expect(
                samples.dtype == torch.int64 and 0 <= low <= high < spec.vocab,
                f"{component}: samples are not token ids: return int64 in 0..{spec.vocab - 1}.",
            )
        expect(
            not spec.is_image or -1 <= low <= high <= 1,
            f"{component}: samples lie in [{low:g}, {high:g}]. Images lie in [-1, 1]: end in a tanh, or clamp them.",
        )


def the_seed_decides_the_samples(component: Component) -> None:
    """Equal seeds give equal samples, different seeds different ones: noise comes from PyTorch's global generator."""
    example = trainable_example(component)
    procedure = example.once_trained
    first, again, other = (example.sample(procedure, 4, seed) for seed in (1, 1, 2))
    expect(
        torch.equal(first, again),
        f"{component}: equal seeds give different samples. Draw noise by torch.randn, and keep no state between calls "
        "of sample().",
    )
    expect(
        not torch.equal(first, other),
        f"{component}: different seeds give equal samples. Draw new noise in each call of sample().",
    )


def each_class_can_be_sampled(component: Component) -> None:
    """A conditional procedure samples any classes in any order, also without class 0."""
    example = trainable_example(component)
    procedure = example.once_trained
    if not procedure.conditional:
        skip("it is not conditional")
    last = example.spec.classes - 1
    for y in (torch.full((3,), last), torch.tensor([last, 0, last])):
        samples = example.sample(procedure, 3, y=y)
        expect(
            samples.shape == (3, *example.spec.shape) and samples.isfinite().all(),
            f"{component}: sample(3, y) for the classes {y.tolist()} returns {tuple(samples.shape)}, or values that "
            f"are not finite. Return finite samples of shape {(3, *example.spec.shape)}, one for each label.",
        )


def its_sample_grids_can_be_saved(component: Component) -> None:
    """preview() and panels() return the pictures saved every `run.sample` steps, under valid file names."""
    example = runnable_example(component)
    snapshots = Snapshots(example.recipe, Session(example.recipe, cpu_accelerator()))
    with TemporaryDirectory() as folder:
        for name, picture in snapshots.pictures().items():
            expect(
                re.fullmatch(r"[a-z0-9_-]*", name),
                f"{component}: panels() names a picture {name!r}. Use lower-case letters, digits, _ and -.",
            )
            expect(
                not isinstance(picture, Panel) or picture.samples.isfinite().all(),
                f"{component}: the picture {name or 'of preview()'!r} has values that are not finite. Look for "
                "divisions by zero, and for logarithms and roots of zero.",
            )
            snapshots.save(picture, Path(folder) / f"{name or 'grid'}.png")


def a_copy_is_equal_and_independent(component: Component) -> None:
    """copy.deepcopy() gives a procedure with equal samples that can be trained alone, as weight averages require."""
    example = trainable_example(component)
    procedure = example.once_trained
    twin = copy.deepcopy(procedure)
    expect(
        torch.equal(example.sample(twin, 4), example.sample(procedure, 4)),
        f"{component}: a copy gives other samples. Keep everything that samples depend on in buffers and modules.",
    )
    shared = {id(p) for p in twin.parameters()} & {id(p) for p in procedure.parameters()}
    before = [p.detach().clone() for p in procedure.parameters()]
    example.engine(twin).step(example.batches(), 0)
    trained = any(not torch.equal(p, q) for p, q in zip(twin.parameters(), before, strict=True))
    expect(
        not shared and trained and all(map(torch.equal, procedure.parameters(), before)),
        f"{component}: training a copy changes the original, or does not change the copy. Keep networks as attributes, "
        "not in a closure or in a list of functions.",
    )


def weights_can_be_saved_and_loaded(component: Component) -> None:
    """state_dict() contains everything that samples depend on, in tensors that safetensors can save."""
    example = trainable_example(component)
    trained, fresh = example.once_trained, example.procedure(seed=1)
    saved = load(save({name: tensor.clone() for name, tensor in trained.state_dict().items()}))
    fresh.load_state_dict(saved)
    loaded = fresh.state_dict()
    expect(
        all(torch.equal(tensor, loaded[name]) for name, tensor in saved.items())
        and torch.equal(example.sample(fresh, 4), example.sample(trained, 4)),
        f"{component}: after loading its weights from a file, samples differ. Keep everything that samples depend on "
        "in buffers and modules, so that state_dict() contains it.",
    )


def _copy_weights(engine: Engine) -> dict[int, Tensor]:
    """Return a copy of each trainable parameter by its id."""
    return {id(p): p.detach().clone() for parameters in engine.parameters.values() for p in parameters}


def _changed_players(engine: Engine, before: dict[int, Tensor], allowed: set[str]) -> list[str]:
    """Return the players with a changed parameter that belongs to none of the allowed players."""
    allowed_ids = {id(p) for player in allowed for p in engine.parameters[player]}
    return [
        player
        for player, parameters in engine.parameters.items()
        if any(id(p) not in allowed_ids and not torch.equal(p, before[id(p)]) for p in parameters)
    ]


def _capture(session: Session, t: int) -> Checkpoint:
    """Return a copy of the training state after step t."""
    captured = state.capture(session.engine, session.ema, session.batches, t)
    copied = {
        part: {name: tensor.detach().clone() for name, tensor in tensors.items()}
        for part, tensors in captured.tensors.items()
    }
    return Checkpoint(copied, captured.states)


def _differences(a: Checkpoint, b: Checkpoint) -> Iterator[str]:
    """Yield the names of the entries that differ between two checkpoints, the networks' weights first."""
    for part in sorted({**a.tensors, **b.tensors}, key=lambda part: part != "model"):
        a_tensors, b_tensors = a.tensors.get(part, {}), b.tensors.get(part, {})
        for name in {**a_tensors, **b_tensors}:
            if name not in a_tensors or name not in b_tensors or not torch.equal(a_tensors[name], b_tensors[name]):
                yield f"{part} {name}"
    yield from (part for part in a.states if a.states[part] != b.states.get(part))

"""What a ganzoo.Procedure promises of its samples, and of the weights that make them."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load, save

from ganzoo.interfaces import Panel
from ganzoo.testing.check import expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.example import on_the_cpu
from ganzoo.testing.trying import example_of, runnable, trainable
from ganzoo.training.session import Session
from ganzoo.training.snapshots import Snapshots


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
    example = trainable(component)
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
    example = trainable(component)
    procedure = example.once_trained
    if not procedure.conditional:
        not_asked("it is not conditional")
    last = example.spec.classes - 1
    for y in (torch.full((3,), last), torch.tensor([last, 0, last])):
        samples = example.sample(procedure, 3, y=y)
        expect(
            samples.shape == (3, *example.spec.shape) and samples.isfinite().all(),
            f"{component}: sample(3, y) for the classes {y.tolist()} gives {tuple(samples.shape)}.",
        )


def its_pictures_can_be_drawn(component: Component) -> None:
    """preview() and panels() give what a run saves every `run.sample` steps, by names that files can have."""
    example = runnable(component)
    drawing = Snapshots(example.recipe, Session(example.recipe, on_the_cpu()))
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
    example = trainable(component)
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
    example = trainable(component)
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

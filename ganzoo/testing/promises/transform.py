"""What a ganzoo.Transform promises."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component, described, samples

N = 3


def it_fits_data_or_says_what_would(component: Component) -> None:
    """spec() answers for some data; for other data it raises a ganzoo.IncompatibleError that says what to do."""
    transform, fits = component.build(), 0
    kind, name = component.entry.kind, component.entry.name
    for spec in component.specs:
        try:
            transform.spec(spec)
            fits += 1
        except IncompatibleError as refusal:
            told = refusal.message
            expect(
                component.begins(told) and told.endswith("."),
                f"{component.on(spec)}: its IncompatibleError says {told!r}. Write it as '{kind} {name} cannot ...: "
                "use ... instead.', so that it names the component, says the way out, and ends with a full stop.",
            )
    expect(fits, f"{component}: it refuses all of {'; '.join(map(described, component.specs))}.")


def it_makes_what_its_spec_says(component: Component) -> None:
    """(N, C, H, W) -> float32 (N, *spec(spec).shape) in [-1, 1], of as many classes, and not what it was given."""
    transform = component.build()
    for spec, made in _fitting(component):
        x = samples(spec, N)
        given = x.clone()
        output = transform(given)
        expect(
            output.shape == (N, *made.shape) and output.dtype is torch.float32,
            f"{component.on(spec)}: it makes {output.dtype} {tuple(output.shape)}, and spec() says {made.shape}. "
            "Return from spec() what __call__() makes: dataclasses.replace(spec, shape=...).",
        )
        expect(
            output.nan_to_num(nan=9).abs().max() <= 1,
            f"{component.on(spec)}: pixels reach {output.abs().max():.3g}. They lie in [-1, 1]: add .clamp(-1, 1).",
        )
        expect(
            made.classes == spec.classes,
            f"{component.on(spec)}: spec() says {made.classes} classes. Keep them: dataclasses.replace(spec, "
            "shape=...).",
        )
        expect(
            output.shape != x.shape or not torch.equal(output, x),
            f"{component.on(spec)}: it gives back what it was given, so that there is nothing to translate.",
        )


def its_input_stays_as_it_was(component: Component) -> None:
    """The images that it is given are left unchanged: they are what should come out."""
    transform = component.build()
    for spec, _ in _fitting(component):
        x = samples(spec, N)
        before = x.clone()
        transform(x)
        expect(
            torch.equal(x, before),
            f"{component.on(spec)}: it changes the images in place. Begin with x = x.clone(), or write x = x * 2 in "
            "place of x *= 2.",
        )


def the_same_seed_gives_the_same_images(component: Component) -> None:
    """What it draws, it draws from torch's generator."""
    transform = component.build()
    for spec, _ in _fitting(component):
        x = samples(spec, N)
        torch.manual_seed(2)
        first = transform(x.clone())
        torch.manual_seed(2)
        expect(
            torch.equal(first, transform(x.clone())),
            f"{component.on(spec)}: the same images under the same seed give others. Draw by torch.rand() and its "
            "like, and keep nothing from call to call.",
        )


def it_works_on_any_device(component: Component) -> None:
    """What it makes is where the images are."""
    transform = component.build()
    for spec, _ in _fitting(component):
        expect(
            transform(samples(spec, N).to("meta")).is_meta,
            f"{component.on(spec)}: what it makes is not where the images are. Make tensors with device=x.device.",
        )


def _fitting(component: Component) -> Iterator[tuple[Spec, Spec]]:
    """(what is given, what is made of it) for all data that can be transformed."""
    asked, transform = False, component.build()
    for spec in component.specs:
        try:
            made = transform.spec(spec)
        except IncompatibleError:
            continue
        asked = True
        yield spec, made
    if not asked:
        skip("it fits none of the data it is asked on")

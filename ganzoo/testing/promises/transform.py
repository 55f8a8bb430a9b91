"""Promises of a ganzoo.Transform."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component, described, samples

N = 3


def it_accepts_data_or_says_what_to_use(component: Component) -> None:
    """spec() accepts some data; for other data it raises an IncompatibleError with an alternative."""
    transform, accepted = component.build(), 0
    kind, name = component.entry.kind, component.entry.name
    for spec in component.specs:
        try:
            transform.spec(spec)
            accepted += 1
        except IncompatibleError as refusal:
            message = refusal.message
            expect(
                component.begins(message) and message.endswith("."),
                f"{component.on(spec)}: the message of its IncompatibleError is {message!r}. Write '{kind} {name} "
                "cannot ...: use ... instead.': the component, a colon, the alternative, and a full stop.",
            )
    expect(
        accepted,
        f"{component}: it rejects all of {'; '.join(map(described, component.specs))}. If it is meant for other data, "
        'pass their spec to the tests: checks("...", specs=[ganzoo.Spec(...)]).',
    )


def its_output_matches_its_spec(component: Component) -> None:
    """(N, C, H, W) -> float32 (N, *spec(spec).shape) in [-1, 1], which differs from the input; classes are kept."""
    transform = component.build()
    for spec, output_spec in _accepted(component):
        x = samples(spec, N)
        output = transform(x.clone())
        expect(
            output.shape == (N, *output_spec.shape) and output.dtype is torch.float32,
            f"{component.on(spec)}: it returns {output.dtype} {tuple(output.shape)}, but spec() returns "
            f"{output_spec.shape}. Return float32, and in spec() the shape of the output: "
            "dataclasses.replace(spec, shape=...).",
        )
        expect(
            output.nan_to_num(nan=9).abs().max() <= 1,
            f"{component.on(spec)}: pixels reach {output.abs().max():.3g}. They lie in [-1, 1]: add .clamp(-1, 1).",
        )
        expect(
            output_spec.classes == spec.classes,
            f"{component.on(spec)}: spec() returns {output_spec.classes} classes. Keep the classes: "
            "dataclasses.replace(spec, shape=...).",
        )
        expect(
            output.shape != x.shape or not torch.equal(output, x),
            f"{component.on(spec)}: it returns its input, so a translator has nothing to learn. Return changed images.",
        )


def it_does_not_change_its_input(component: Component) -> None:
    """The images are not changed in place: they are the targets of the translation."""
    transform = component.build()
    for spec, _ in _accepted(component):
        x = samples(spec, N)
        before = x.clone()
        transform(x)
        expect(
            torch.equal(x, before),
            f"{component.on(spec)}: it changes the images in place. Start with x = x.clone(), or write x = x * 2 "
            "instead of x *= 2.",
        )


def the_same_seed_gives_the_same_images(component: Component) -> None:
    """Random numbers come from PyTorch's global generator."""
    transform = component.build()
    for spec, _ in _accepted(component):
        x = samples(spec, N)
        torch.manual_seed(2)
        first = transform(x.clone())
        torch.manual_seed(2)
        expect(
            torch.equal(first, transform(x.clone())),
            f"{component.on(spec)}: equal images and seeds give different outputs. Use torch.rand() and similar "
            "functions for random numbers, and keep no state between calls.",
        )


def it_works_on_any_device(component: Component) -> None:
    """The output is on the device of the input."""
    transform = component.build()
    for spec, _ in _accepted(component):
        expect(
            transform(samples(spec, N).to("meta")).is_meta,
            f"{component.on(spec)}: its output is not on the device of the input. Create tensors with device=x.device.",
        )


def _accepted(component: Component) -> Iterator[tuple[Spec, Spec]]:
    """Yield (spec of the input, spec of the output) for all accepted data."""
    checked, transform = False, component.build()
    for spec in component.specs:
        try:
            output_spec = transform.spec(spec)
        except IncompatibleError:
            continue
        checked = True
        yield spec, output_spec
    if not checked:
        skip("it accepts none of the test data")

"""Promises of a ganzoo.Augmentation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo.augmentation import Augmentation
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component, described, samples

N = 4


def it_accepts_data_or_says_what_to_use(component: Component) -> None:
    """check() accepts some data; for other data it raises an IncompatibleError with a remedy."""
    accepted = 0
    for spec in component.specs:
        try:
            component.build().check(spec)
            accepted += 1
        except IncompatibleError as refusal:
            expect(
                refusal.message.endswith("."),
                f"{component.on(spec)}: the message of its IncompatibleError is {refusal.message!r}. Write whole "
                "sentences: what does not fit, and what to use instead.",
            )
    expect(
        accepted,
        f"{component}: it rejects all of {'; '.join(map(described, component.specs))}. If it is meant for other data, "
        'pass their spec to the tests: checks("...", specs=[ganzoo.Spec(...)]).',
    )


def its_output_is_like_its_input(component: Component) -> None:
    """(N, *shape) -> finite (N, *shape) of the same dtype."""
    for spec, augmentation in _accepted(component):
        for dtype in (torch.float32, torch.float64):
            x = samples(spec, N).to(dtype)
            output = _seeded(augmentation, x)
            expect(
                output.shape == x.shape and output.dtype is dtype and output.isfinite().all(),
                f"{component.on(spec)}: for {dtype} {tuple(x.shape)} it returns {output.dtype} {tuple(output.shape)}, "
                "or values that are not finite. A discriminator expects samples like those it is given.",
            )


def it_does_not_change_its_input(component: Component) -> None:
    """The samples are not changed in place: others see them too, and gradients are computed through them."""
    for spec, augmentation in _accepted(component):
        x = samples(spec, N)
        before = x.clone()
        _seeded(augmentation, x)
        expect(
            torch.equal(x, before),
            f"{component.on(spec)}: it changes the samples in place. Write x = x + shift, not x += shift.",
        )


def the_same_seed_gives_the_same_samples(component: Component) -> None:
    """Random numbers come from PyTorch's global generator, whose state is part of a checkpoint."""
    for spec, augmentation in _accepted(component):
        x = samples(spec, N)
        expect(
            torch.equal(_seeded(augmentation, x), _seeded(augmentation, x)),
            f"{component.on(spec)}: equal samples and seeds give different outputs. Use torch.rand() and similar "
            "functions for random numbers, and change no state in forward().",
        )


def samples_do_not_mix(component: Component) -> None:
    """No sample of the output depends on another one of the input, unless `mixes_samples = True` says so."""
    for spec, augmentation in _accepted(component):
        if getattr(augmentation, "mixes_samples", False):
            continue
        x = samples(spec, N).requires_grad_()
        first = _seeded(augmentation, x)[0].sum()
        if not first.requires_grad:  # `a_gradient_passes_through_it_twice` reports it
            continue
        (gradient,) = torch.autograd.grad(first, x)  # (N, *shape)
        expect(
            not gradient[1:].any(),
            f"{component.on(spec)}: the first sample depends on the others. Compute means over dim=(1, 2, 3), without "
            "the batch, or set mixes_samples = True: penalties at each sample then refuse it.",
        )


def a_gradient_passes_through_it_twice(component: Component) -> None:
    """The gradient at the samples is finite and not zero, and can be differentiated again, as penalties require."""
    for spec, augmentation in _accepted(component):
        x = samples(spec, N).requires_grad_()
        output = _seeded(augmentation, x)
        try:
            (gradient,) = torch.autograd.grad(output.square().sum(), x, create_graph=True)
            gradient.square().sum().backward()  # grad() would bypass an operation without a second derivative
        except RuntimeError as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: no gradient, or no second one, passes through it: "
                f"{str(error).splitlines()[0]}. Detach nothing, do not round, and use operations that can be "
                "differentiated twice: indexing, flips and arithmetic, not grid_sample()."
            ) from error
        expect(
            x.grad is not None and bool(x.grad.isfinite().all()) and bool(gradient.any()),
            f"{component.on(spec)}: the gradient at the samples is zero or not finite, so the generator learns "
            "nothing through it. Detach nothing.",
        )


def it_works_on_any_device(component: Component) -> None:
    """The output is on the device of the input."""
    for spec, augmentation in _accepted(component):
        expect(
            augmentation.to("meta")(samples(spec, N).to("meta")).is_meta,
            f"{component.on(spec)}: its output is not on the device of the input. Create tensors with device=x.device, "
            "and do not read their values in Python.",
        )


def it_has_nothing_to_train(component: Component) -> None:
    """It has no parameters: the discriminator would train them in its own favour."""
    names = [name for name, _ in component.build().named_parameters()]
    expect(not names, f"{component}: it has the parameters {', '.join(names)}. Make them buffers: register_buffer().")


def its_state_is_in_the_checkpoint(component: Component) -> None:
    """Attributes that after_move() changes are buffers."""
    augmentation = component.build()
    before = _plain_attributes(augmentation)
    for _ in range(2):
        augmentation.after_move()
    changed = [name for name, value in _plain_attributes(augmentation).items() if before.get(name) != value]
    expect(
        not changed,
        f"{component}: self.{''.join(changed[:1])} changes in training, but checkpoints do not contain it. Make it a "
        f'buffer: self.register_buffer("{"".join(changed[:1])}", torch.tensor(0.0)).',
    )


def _accepted(component: Component) -> Iterator[tuple[Spec, Augmentation]]:
    """Yield (spec, augmentation) for all accepted data."""
    checked = False
    for spec in component.specs:
        augmentation: Augmentation = component.build()
        try:
            augmentation.check(spec)
        except IncompatibleError:
            continue
        checked = True
        yield spec, augmentation
    if not checked:
        skip("it accepts none of the test data")


def _seeded(augmentation: Augmentation, x: Tensor) -> Tensor:
    torch.manual_seed(2)
    output: Tensor = augmentation(x)
    return output


def _plain_attributes(augmentation: Augmentation) -> dict[str, object]:
    return {
        name: value
        for name, value in vars(augmentation).items()
        if not name.startswith("_") and isinstance(value, (bool, int, float))
    }

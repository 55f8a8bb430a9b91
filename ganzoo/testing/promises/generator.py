"""What a ganzoo.Generator promises beside what all networks do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ganzoo.interfaces import Spec
from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component, output_of


def its_samples_have_the_shape_of_data(component: Component) -> None:
    """(N, z_dim) or (N, *source_shape) -> (N, *spec.shape), finite float32, or int64 for tokens."""
    for spec, network in component.networks():
        with torch.no_grad():
            made = network(*component.inputs(network, spec, 3))
        expect(
            made.shape == (3, *spec.shape),
            f"{component.on(spec)}: it makes {tuple(made.shape)} of 3 inputs, not {(3, *spec.shape)}. Compute the "
            "sizes of its layers from spec.shape, and end in .unflatten(1, spec.shape) where a Linear layer is the "
            "last.",
        )
        wanted = torch.int64 if spec.vocab else torch.float32
        expect(
            made.dtype is wanted,
            f"{component.on(spec)}: its samples are {made.dtype}, not {wanted}. Return "
            + ("token ids: .argmax() or torch.multinomial() of the logits." if spec.vocab else "x.float()."),
        )
        expect(
            made.isfinite().all(),
            f"{component.on(spec)}: fresh from its constructor, it makes numbers that are not finite. Initialise its "
            "weights smaller, and look for divisions by zero and logarithms of zero.",
        )


def images_lie_between_minus_one_and_one(component: Component) -> None:
    """Images are in [-1, 1] as those of the data are: fresh ones, and in evaluation whatever the weights."""
    for spec, network in component.networks(accepts=lambda spec: spec.is_image):
        given = component.inputs(network, spec, 3)
        largest = output_of(network, *given, seed=0).nan_to_num().abs().max().item()
        with torch.no_grad():
            for parameter in network.parameters():  # those of a trained network are no longer small
                parameter.mul_(10)
        largest = max(largest, output_of(network.eval(), *given, seed=0).nan_to_num().abs().max().item())
        expect(
            largest <= 1,
            f"{component.on(spec)}: with weights ten times as large, pixels reach {largest:.3g}. Images lie in "
            "[-1, 1]: end in nn.Tanh(), in 2 * torch.sigmoid(x) - 1, or in clamp(-1, 1) unless self.training.",
        )


def tokens_lie_below_the_vocabulary(component: Component) -> None:
    """Token ids are 0 to spec.vocab - 1."""
    for spec, network in component.networks(accepts=lambda spec: spec.vocab):
        made = output_of(network, *component.inputs(network, spec, 7), seed=0)
        expect(
            (made >= 0).all() and (made < spec.vocab).all(),
            f"{component.on(spec)}: token ids from {made.min()} to {made.max()}. Draw from spec.vocab logits, without "
            "ids of your own for beginnings and ends: those stay inside the network.",
        )


def its_noise_is_drawn_from_the_seed(component: Component) -> None:
    """prior(n) is float32 (n, z_dim), the same for the same seed and another for another."""
    for spec, network in _with_noise(component):
        torch.manual_seed(1)
        z = network.prior(5)
        torch.manual_seed(1)
        again, next_one = network.prior(5), network.prior(5)
        expect(
            z.shape == (5, network.z_dim) and z.dtype is torch.float32 and z.isfinite().all(),
            f"{component.on(spec)}: prior(5) is {z.dtype} {tuple(z.shape)}, not finite torch.float32 "
            f"{(5, network.z_dim)}. Set self.z_dim to the width of the noise in __init__.",
        )
        expect(
            torch.equal(z, again) and not torch.equal(again, next_one),
            f"{component.on(spec)}: prior(5) does not follow torch's seed. Draw by torch.randn() or torch.rand(), "
            "without a generator, NumPy or a seed of your own, so that a run can be repeated.",
        )


def its_noise_lies_where_its_weights_are(component: Component) -> None:
    """prior(n) is on the device of the network."""
    for spec, network in _with_noise(component):
        expect(
            network.to("meta").prior(2).is_meta,
            f"{component.on(spec)}: prior() stays on the CPU when the network moves. Draw it with "
            "device=next(self.parameters()).device.",
        )


def _with_noise(component: Component) -> Iterator[tuple[Spec, Any]]:
    """(spec, network) of each form of data, where the network draws noise."""
    asked = False
    for spec, network in component.one_per_form():
        if network.z_dim:
            asked = True
            yield spec, network
    if not asked:
        skip("it translates, and draws no noise")

"""Promises of a ganzoo.Generator, in addition to those of all networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ganzoo.interfaces import Spec
from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component, output_of


def its_samples_have_the_shape_of_data(component: Component) -> None:
    """(N, z_dim) or (N, *source_shape) -> finite (N, *spec.shape), float32, or int64 for tokens."""
    for spec, network in component.networks():
        with torch.no_grad():
            samples = network(*component.inputs(network, spec, 3))
        expect(
            samples.shape == (3, *spec.shape),
            f"{component.on(spec)}: it returns {tuple(samples.shape)} for 3 inputs, not {(3, *spec.shape)}. Compute "
            "the sizes of the layers from spec.shape. After a last Linear layer, end in .unflatten(1, spec.shape).",
        )
        dtype = torch.int64 if spec.vocab else torch.float32
        expect(
            samples.dtype is dtype,
            f"{component.on(spec)}: its samples are {samples.dtype}, not {dtype}. Return "
            + ("token ids: .argmax() or torch.multinomial() of the logits." if spec.vocab else "x.float()."),
        )
        expect(
            samples.isfinite().all(),
            f"{component.on(spec)}: before training, its samples contain values that are not finite. Initialise the "
            "weights with smaller values, and look for divisions by zero and logarithms of zero.",
        )


def images_lie_between_minus_one_and_one(component: Component) -> None:
    """In evaluation mode, generated images lie in [-1, 1], with any weights."""
    for spec, network in component.networks(accepts=lambda spec: spec.is_image):
        inputs = component.inputs(network.eval(), spec, 3)
        largest = output_of(network, *inputs, seed=0).nan_to_num().abs().max().item()
        with torch.no_grad():
            for parameter in network.parameters():  # the weights of a trained network are larger
                parameter.mul_(10)
        largest = max(largest, output_of(network, *inputs, seed=0).nan_to_num().abs().max().item())
        expect(
            largest <= 1,
            f"{component.on(spec)}: with all weights multiplied by 10, pixels reach {largest:.3g}. Images lie in "
            "[-1, 1]: end in nn.Tanh(), in 2 * torch.sigmoid(x) - 1, or in clamp(-1, 1) unless self.training.",
        )


def tokens_lie_below_the_vocabulary(component: Component) -> None:
    """Token ids lie in 0 to spec.vocab - 1."""
    for spec, network in component.networks(accepts=lambda spec: spec.vocab):
        tokens = output_of(network, *component.inputs(network, spec, 7), seed=0)
        expect(
            (tokens >= 0).all() and (tokens < spec.vocab).all(),
            f"{component.on(spec)}: it returns token ids from {tokens.min()} to {tokens.max()}, but the vocabulary has "
            f"{spec.vocab}. Sample from spec.vocab logits. If the network uses start or end tokens, do not return "
            "them.",
        )


def its_noise_is_drawn_from_the_seed(component: Component) -> None:
    """prior(n) is float32 (n, z_dim): equal for equal seeds, different for different ones."""
    for spec, network in _with_noise(component):
        torch.manual_seed(1)
        z = network.prior(5)
        torch.manual_seed(1)
        again, following = network.prior(5), network.prior(5)
        expect(
            z.shape == (5, network.z_dim) and z.dtype is torch.float32 and z.isfinite().all(),
            f"{component.on(spec)}: prior(5) is {z.dtype} {tuple(z.shape)}, not finite torch.float32 "
            f"{(5, network.z_dim)}. Set self.z_dim in __init__ to the width of the noise.",
        )
        expect(
            torch.equal(z, again) and not torch.equal(again, following),
            f"{component.on(spec)}: prior(5) does not follow PyTorch's seed. Use torch.randn() or torch.rand() with "
            "the global random generator, no NumPy and no fixed seed, so that runs are reproducible.",
        )


def its_noise_is_on_its_device(component: Component) -> None:
    """prior(n) is on the device of the network."""
    for spec, network in _with_noise(component):
        expect(
            network.to("meta").prior(2).is_meta,
            f"{component.on(spec)}: prior() stays on the CPU when the network moves to another device. Pass "
            "device=next(self.parameters()).device.",
        )


def _with_noise(component: Component) -> Iterator[tuple[Spec, Any]]:
    """Yield (spec, network) for each form of data for which the network draws noise."""
    checked = False
    for spec, network in component.one_per_form():
        if network.z_dim:
            checked = True
            yield spec, network
    if not checked:
        skip("it translates samples, and draws no noise")

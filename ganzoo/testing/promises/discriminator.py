"""What a ganzoo.Discriminator promises beside what all networks do."""

from __future__ import annotations

import torch

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component, output_of


def it_gives_a_logit_or_a_map_for_each_sample(component: Component) -> None:
    """(N, *spec.shape) -> finite float32 logits (N,), or a patch map (N, 1, h, w)."""
    for spec, network in component.networks():
        with torch.no_grad():
            logits = network(*component.inputs(network, spec, 3))
        expect(
            logits.shape == (3,) or (logits.dim() == 4 and logits.shape[:2] == (3, 1)),
            f"{component.on(spec)}: it gives {tuple(logits.shape)} for 3 samples, neither (3,) nor a map (3, 1, h, w). "
            "Add .squeeze(1) behind a last layer of one unit.",
        )
        expect(
            logits.dtype is torch.float32 and logits.isfinite().all(),
            f"{component.on(spec)}: its logits are {logits.dtype}, or not finite. Return x.float(), and initialise the "
            "weights smaller where they overflow.",
        )


def its_features_are_a_row_for_each_sample(component: Component) -> None:
    """features(x, y) -> (N, width): what the last layer sees."""
    for spec, network in component.networks():
        with torch.no_grad():
            features = network.features(*component.inputs(network, spec, 3))
        expect(
            features.dim() == 2 and len(features) == 3,
            f"{component.on(spec)}: features() gives {tuple(features.shape)} for 3 samples, not (3, width). Add "
            ".flatten(1), or .mean(dim=(2, 3)) for a map.",
        )


def its_logits_are_not_squashed(component: Component) -> None:
    """With large weights logits are large: there is no sigmoid or tanh behind them, since losses bring their own."""
    for spec, network in component.networks():
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(100)
        logits = output_of(network, *component.inputs(network, spec, 3), seed=0)
        expect(
            not (logits.abs() <= 1).all(),
            f"{component.on(spec)}: with weights a hundred times as large, no logit lies beyond 1. Take the sigmoid at "
            "the end out: losses take raw logits, and have a sigmoid of their own where they need one.",
        )


def a_gradient_penalty_can_be_taken(component: Component) -> None:
    """The norm of its gradient at a sample has a finite gradient in its weights, as gradient penalties want it."""
    for spec, network in component.one_per_form(lambda spec: not spec.vocab):  # token ids have no gradient
        x, y = component.inputs(network, spec, 3)
        x = x.requires_grad_() * 1
        try:
            (slope,) = torch.autograd.grad(network(x, y).sum(), x, create_graph=True)
            slope.square().sum().backward()  # grad() would walk around an operation that has no second derivative
        except RuntimeError as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: no gradient penalty can be taken of it: {str(error).splitlines()[0]}. It needs "
                "a second derivative: build it of torch's own operations, or write the backward() of an "
                "autograd.Function in such operations, without @once_differentiable; change nothing in place."
            ) from error
        reached = [p.grad for p in network.parameters() if p.grad is not None]
        expect(
            any(gradient.any() for gradient in reached) and all(gradient.isfinite().all() for gradient in reached),
            f"{component.on(spec)}: the gradient of a gradient penalty is nought in all weights, or not finite. Detach "
            "nothing on the way, and keep torch.sqrt() and norms away from zero: torch.sqrt(x + 1e-8).",
        )

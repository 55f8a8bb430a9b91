"""Promises of a ganzoo.Discriminator, in addition to those of all networks."""

from __future__ import annotations

import torch

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component, output_of


def it_gives_a_logit_or_a_map_for_each_sample(component: Component) -> None:
    """(N, *spec.shape) -> finite float32 logits (N,), or patch maps (N, K, h, w)."""
    for spec, network in component.networks():
        with torch.no_grad():
            logits = network(*component.inputs(network, spec, 3))
        expect(
            logits.shape == (3,) or (logits.dim() == 4 and len(logits) == 3),
            f"{component.on(spec)}: it returns {tuple(logits.shape)} for 3 samples, not (3,) or patch maps "
            "(3, K, h, w). Add .squeeze(1) after a last layer with one unit.",
        )
        expect(
            logits.dtype is torch.float32 and logits.isfinite().all(),
            f"{component.on(spec)}: its logits are {logits.dtype}, or not finite. Return x.float(). If they overflow, "
            "initialise the weights with smaller values.",
        )


def its_features_are_a_row_for_each_sample(component: Component) -> None:
    """features(x, y) -> (N, width), the input of the last layer."""
    for spec, network in component.networks():
        with torch.no_grad():
            features = network.features(*component.inputs(network, spec, 3))
        expect(
            features.dim() == 2 and len(features) == 3,
            f"{component.on(spec)}: features() returns {tuple(features.shape)} for 3 samples, not (3, width). Add "
            ".flatten(1), or .mean(dim=(2, 3)) for a feature map.",
        )


def its_layers_have_features_of_each_sample(component: Component) -> None:
    """layer_features(x, y) -> float tensors (N, ...), one for each layer."""
    for spec, network in component.one_per_form():
        with torch.no_grad():
            layers = network.layer_features(*component.inputs(network, spec, 3))
        expect(
            len(layers) > 0 and all(len(layer) == 3 and layer.is_floating_point() for layer in layers),
            f"{component.on(spec)}: layer_features() returns {[tuple(layer.shape) for layer in layers]} for 3 samples. "
            "Return a list of tensors (3, ...), what each layer returns for the samples.",
        )


def its_logits_are_not_squashed(component: Component) -> None:
    """Large weights give large logits: there is no sigmoid or tanh at the end, since losses expect raw logits."""
    for spec, network in component.networks():
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(100)
        logits = output_of(network, *component.inputs(network, spec, 3), seed=0)
        expect(
            not (logits.abs() <= 1).all(),
            f"{component.on(spec)}: with all weights multiplied by 100, every logit still lies in [-1, 1]. Remove the "
            "sigmoid or tanh at the end: losses expect raw logits, and apply a sigmoid themselves if they need one.",
        )


def a_gradient_penalty_can_be_taken(component: Component) -> None:
    """The norm of the gradient at a sample has a finite gradient in the weights, as gradient penalties require."""
    for spec, network in component.one_per_form(lambda spec: not spec.vocab):  # token ids have no gradient
        x, y = component.inputs(network, spec, 3)
        x = x.requires_grad_() * 1
        try:
            (slope,) = torch.autograd.grad(network(x, y).sum(), x, create_graph=True)
            slope.square().sum().backward()  # grad() would bypass an operation without a second derivative
        except RuntimeError as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: a gradient penalty cannot be computed: {str(error).splitlines()[0]}. The "
                "network needs a second derivative: build it from PyTorch operations, or write the backward() of an "
                "autograd.Function with such operations, without @once_differentiable. Change no tensor in place."
            ) from error
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        expect(
            any(gradient.any() for gradient in gradients) and all(gradient.isfinite().all() for gradient in gradients),
            f"{component.on(spec)}: the gradient of a gradient penalty is zero in all weights, or not finite. Detach "
            "no tensor in forward(), and keep the arguments of torch.sqrt() and of norms away from zero: "
            "torch.sqrt(x + 1e-8).",
        )

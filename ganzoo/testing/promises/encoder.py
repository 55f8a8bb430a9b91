"""Promises of a ganzoo.Encoder, in addition to those of all networks."""

from __future__ import annotations

import torch

from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component


def its_codes_are_as_wide_as_it_says(component: Component) -> None:
    """(N, *spec.shape) -> finite float32 codes (N, z_dim)."""
    for spec, network in component.networks():
        with torch.no_grad():
            z = network(*component.inputs(network, spec, 3))
        expect(
            network.z_dim > 0 and z.shape == (3, network.z_dim),
            f"{component.on(spec)}: the codes of 3 samples have shape {tuple(z.shape)}, but z_dim is {network.z_dim}. "
            "Set self.z_dim in __init__ to the width of the last layer.",
        )
        expect(
            z.dtype is torch.float32 and z.isfinite().all(),
            f"{component.on(spec)}: its codes are {z.dtype}, or not finite. Return x.float(). If they overflow, "
            "initialise the weights with smaller values.",
        )


def its_posterior_is_a_mean_and_a_log_variance(component: Component) -> None:
    """With probabilistic = True, posterior(x, y) returns (N, z_dim) twice, of which the first equals forward(x, y)."""
    checked = False
    for spec, network in component.networks():
        if not network.probabilistic:
            continue
        checked = True
        x, y = component.inputs(network, spec, 3)
        with torch.no_grad():
            z, (mean, log_variance) = network(x, y), network.posterior(x, y)
        expect(
            mean.shape == log_variance.shape == z.shape and log_variance.isfinite().all(),
            f"{component.on(spec)}: posterior() returns {tuple(mean.shape)} and {tuple(log_variance.shape)}, not twice "
            f"{tuple(z.shape)}, or values that are not finite. Compute both with one last layer: "
            "layer(h).chunk(2, dim=1).",
        )
        expect(
            torch.allclose(mean, z, rtol=1e-4, atol=1e-5),
            f"{component.on(spec)}: forward() differs from the mean of posterior(). Return the mean in forward(), "
            "without noise: procedures sample the codes themselves.",
        )
    if not checked:
        skip("it is not probabilistic")

"""What a ganzoo.Encoder promises beside what all networks do."""

from __future__ import annotations

import torch

from ganzoo.testing.check import expect, skip
from ganzoo.testing.subjects import Component


def its_codes_are_as_wide_as_it_says(component: Component) -> None:
    """(N, *spec.shape) -> finite float32 (N, z_dim)."""
    for spec, network in component.networks():
        with torch.no_grad():
            z = network(*component.inputs(network, spec, 3))
        expect(
            network.z_dim > 0 and z.shape == (3, network.z_dim),
            f"{component.on(spec)}: codes of 3 samples are {tuple(z.shape)}, and z_dim says {network.z_dim}. Set "
            "self.z_dim in __init__ to the width of the last layer.",
        )
        expect(
            z.dtype is torch.float32 and z.isfinite().all(),
            f"{component.on(spec)}: its codes are {z.dtype}, or not finite. Return x.float(), and initialise the "
            "weights smaller where they overflow.",
        )


def its_posterior_is_a_mean_and_a_log_variance(component: Component) -> None:
    """posterior(x, y) -> two (N, z_dim), of which the first is what forward() says, where probabilistic = True."""
    asked = False
    for spec, network in component.networks():
        if not network.probabilistic:
            continue
        asked = True
        x, y = component.inputs(network, spec, 3)
        with torch.no_grad():
            z, (mean, log_variance) = network(x, y), network.posterior(x, y)
        expect(
            mean.shape == log_variance.shape == z.shape and log_variance.isfinite().all(),
            f"{component.on(spec)}: posterior() gives {tuple(mean.shape)} and {tuple(log_variance.shape)}, not twice "
            f"{tuple(z.shape)}, or is not finite. Make both by the same last layer: layer(h).chunk(2, dim=1).",
        )
        expect(
            torch.allclose(mean, z, rtol=1e-4, atol=1e-5),
            f"{component.on(spec)}: forward() says something else than the mean of posterior(). Return the mean there, "
            "without noise: procedures draw codes themselves.",
        )
    if not asked:
        skip("it tells codes, not distributions")

"""What runs inside of two networks when the discriminator judges what the generator makes, for who puts layers in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, eval_mode


class Call(NamedTuple):
    """A module of a network, by its name there, with its first argument and its result."""

    name: str
    module: nn.Module
    given: object
    made: object


class Probe(NamedTuple):
    """Every call in either network, in the order in which they end, and the discriminator's features (N, width)."""

    discriminator: list[Call]
    generator: list[Call]
    features: list[Tensor]


def probe(asker: str, discriminator: nn.Module, generator: nn.Module) -> Probe:
    """Run both once on two samples. Networks, and generators of noise, are left as they are.

    Errors: IncompatibleError in the name of `asker` for networks that cannot be tried so.
    """
    if not isinstance(generator, Generator) or not isinstance(discriminator, Discriminator) or not generator.z_dim:
        raise IncompatibleError(
            f"{asker} must try the networks on noise first, which this generator does not take: leave it out."
        )
    device = next(generator.parameters()).device
    y = torch.zeros(2, dtype=torch.long, device=device) if generator.conditional else None
    found = Probe([], [], [])
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(enabled=device.type != "meta"))
        for network, calls in ((discriminator, found.discriminator), (generator, found.generator)):
            stack.enter_context(eval_mode(network))
            stack.enter_context(_listening(network, calls))
        stack.enter_context(_hearing_features(discriminator, found.features))
        discriminator(generator(generator.prior(2), y), y)
    return found


@contextmanager
def _listening(network: nn.Module, calls: list[Call]) -> Iterator[None]:
    def listen(name: str) -> torch.utils.hooks.RemovableHandle:
        def heard(module: nn.Module, given: tuple[object, ...], made: object) -> None:
            calls.append(Call(name, module, given[0] if given else None, made))

        return network.get_submodule(name).register_forward_hook(heard)

    handles = [listen(name) for name, _ in network.named_modules() if name]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _hearing_features(discriminator: Discriminator, heard: list[Tensor]) -> Iterator[None]:
    features = discriminator.features

    def hear(x: Tensor, y: Tensor | None = None) -> Tensor:
        heard.append(features(x, y))
        return heard[-1]

    discriminator.features = hear  # type: ignore[method-assign]
    try:
        yield
    finally:
        del discriminator.features

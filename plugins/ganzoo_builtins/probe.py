"""A probe of networks: the layers that they run.

It runs networks on two samples in evaluation mode. It changes neither the networks nor the random generators.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, eval_mode


class Call(NamedTuple):
    """A call of a module.

    Attributes:
        name: Name of the module in its network.
        module: The module.
        input: Its first argument.
        output: Its result.
    """

    name: str
    module: nn.Module
    input: object
    output: object


class Calls(NamedTuple):
    """The calls of all modules of two networks, in the order in which they end.

    Attributes:
        discriminator: Calls of the discriminator's modules.
        generator: Calls of the generator's modules.
        features: The discriminator's features (N, width), once for each call of `features`.
    """

    discriminator: list[Call]
    generator: list[Call]
    features: list[Tensor]


def probe(component: str, discriminator: nn.Module, generator: nn.Module) -> Calls:
    """Run the discriminator on two samples of the generator, and record the calls of their modules.

    Args:
        component: Kind and name of the component that probes, for the message.
        discriminator: The discriminator.
        generator: The generator.

    Returns:
        The calls.

    Raises:
        IncompatibleError: The generator has no prior, or a network has another interface.
    """
    if not isinstance(generator, Generator) or not isinstance(discriminator, Discriminator) or not generator.z_dim:
        raise IncompatibleError(
            f"{component} must try the networks on noise first, which this generator does not take: leave it out."
        )
    device = next(generator.parameters()).device
    y = torch.zeros(2, dtype=torch.long, device=device) if generator.conditional else None
    calls = Calls([], [], [])
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(enabled=device.type != "meta"))
        for network, record in ((discriminator, calls.discriminator), (generator, calls.generator)):
            stack.enter_context(eval_mode(network))
            stack.enter_context(_record_calls(network, record))
        stack.enter_context(_record_features(discriminator, calls.features))
        discriminator(generator(generator.prior(2), y), y)
    return calls


@contextmanager
def _record_calls(network: nn.Module, calls: list[Call]) -> Iterator[None]:
    def register(name: str) -> torch.utils.hooks.RemovableHandle:
        def record(module: nn.Module, args: tuple[object, ...], output: object) -> None:
            calls.append(Call(name, module, args[0] if args else None, output))

        return network.get_submodule(name).register_forward_hook(record)

    handles = [register(name) for name, _ in network.named_modules() if name]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _record_features(discriminator: Discriminator, record: list[Tensor]) -> Iterator[None]:
    features = discriminator.features

    def recorded(x: Tensor, y: Tensor | None = None) -> Tensor:
        record.append(features(x, y))
        return record[-1]

    discriminator.features = recorded  # type: ignore[method-assign]
    try:
        yield
    finally:
        del discriminator.features

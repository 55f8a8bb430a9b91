"""Conformance tests of components in a simulated plugin, and two components without defects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any
from unittest import SkipTest

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Batch, Blueprint, Dataset, Move, Procedure, Spec, testing
from ganzoo.registry import discovery


def checks(*components: tuple[str, str, Any], **settings: Any) -> list[testing.Check]:
    """Return the checks of a plugin with these components: (kind, name, class)."""
    module = ModuleType("planted")

    @ganzoo.hookimpl
    def ganzoo_register(zoo: ganzoo.Zoo) -> None:
        for kind, name, target in components:
            zoo.add(kind, name, target, summary="Something planted")

    module.ganzoo_register = ganzoo_register  # type: ignore[attr-defined]
    plugins = discovery.load({"planted/main": module})
    return testing.checks("planted", plugins=plugins, settings=settings)


def findings(asked: Iterable[testing.Check]) -> Iterator[tuple[testing.Check, str]]:
    """Yield the checks that fail, with their messages."""
    for check in asked:
        try:
            check()
        except testing.BrokenPromiseError as message:
            yield check, str(message)
        except SkipTest:
            continue


def broken(kind: str, target: Any, **settings: Any) -> dict[str, str]:
    """Return {promise: message} of the promises that a component breaks, without those of the plugin as a whole."""
    asked = checks((kind, "planted", target), **{f"{kind} planted": settings})
    return {check.name: message for check, message in findings(c for c in asked if str(c).startswith(kind))}


class SoundDataset(Dataset):
    """Points of two classes, drawn from a seed."""

    in_memory = True
    class_names = ("left", "right")

    def __init__(self, n: int = 300, seed: int = 0):
        self.n = n
        self.seed = seed
        self.spec = Spec((2,), classes=2)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self.tensors().items()}

    def tensors(self) -> Batch:
        y = torch.arange(self.n) % 2
        noise = torch.randn(self.n, 2, generator=torch.Generator().manual_seed(self.seed))
        return {"x": noise + y[:, None], "y": y}

    def held_out(self) -> Dataset | None:
        return type(self)(max(2, self.n // 6), self.seed + 1)


class SoundProcedure(Procedure):
    """Discriminator and generator move in turn."""

    def __init__(self, spec: Spec, generator: Blueprint, discriminator: Blueprint, loss: Blueprint):
        super().__init__()
        self.G = generator(spec)
        self.D = discriminator(spec)
        self.loss = loss()

    def players(self) -> Mapping[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        real = next(data)["x"]
        fake = self.G(self.G.prior(len(real)))
        yield {"discriminator": {"loss": self.loss.discriminator(self.D(real), self.D(fake.detach()))}}
        yield {"generator": {"loss": self.weight() * self.loss.generator(None, self.D(fake))}}

    def weight(self) -> float | Tensor:
        return 1.0

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))

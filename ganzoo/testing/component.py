"""A registered component as checks see it: what it can be built for, and building it small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.blueprint import Blueprint
from ganzoo.discovery import Plugins
from ganzoo.errors import Misfit
from ganzoo.interfaces import Spec
from ganzoo.registry import Entry

SPECS = (
    Spec((1, 28, 28)),
    Spec((1, 28, 28), classes=10),
    Spec((3, 32, 32)),
    Spec((3, 32, 32), classes=10),
    Spec((3, 33, 47)),
    Spec((2,)),
    Spec((1,), classes=2),
    Spec((12,), vocab=9),
)
"""Data of every kind. A network is asked on those that it takes; it refuses the others by a Misfit."""
SMALL = {"width": 8, "bottleneck": 16}  # settings of networks that are larger by default than a check needs


@dataclass(frozen=True)
class Component:
    """settings: laid over SMALL, where the component has settings of those names. given: settings of all components,
    by kind and name. kept: what its checks share.
    """

    entry: Entry
    plugins: Plugins
    settings: Mapping[str, Any] = field(default_factory=dict)
    specs: tuple[Spec, ...] = SPECS
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.entry.kind} {self.entry.full_name}"

    def build(self, *arguments: Any, **more: Any) -> Any:
        """The component: of a network build(spec), of a loss build()."""
        known = Blueprint(self.entry).signature.settings
        small = {name: value for name, value in SMALL.items() if name in known}
        return self.entry.load()(*arguments, **{**small, **self.settings, **more})

    def beside(self, entry: Entry) -> Component:
        """Another component of the same plugin, with the settings that were given for that one."""
        return Component(entry, self.plugins, self.given.get(f"{entry.kind} {entry.name}", {}), self.specs, self.given)

    def fitting(self) -> Iterator[tuple[Spec, nn.Module]]:
        """(spec, network) for each spec that the network takes, its weights drawn from seed 0."""
        for spec in self.specs:
            try:
                torch.manual_seed(0)
                yield spec, self.build(spec)
            except Misfit:
                continue


def labels(spec: Spec, n: int) -> Tensor | None:
    """Classes in turn, (n,), or None where there are none."""
    return torch.arange(n) % spec.classes if spec.classes else None


def samples(spec: Spec, n: int) -> Tensor:
    """Noise that has the shape and the range of data: (n, *shape)."""
    return torch.randint(spec.vocab, (n, *spec.shape)) if spec.vocab else torch.rand(n, *spec.shape) * 2 - 1

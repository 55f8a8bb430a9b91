"""A registered component as checks see it: what it can be built for, and building it small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganzoo.config.component import Blueprint
from ganzoo.errors import SetupError
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Entry
from ganzoo.testing.check import not_asked

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
"""Data of every kind. A network is asked on those that it takes; it refuses the others by an IncompatibleError."""
SMALL = {"width": 8, "bottleneck": 16}  # settings of networks that are larger by default than a check needs


@dataclass(frozen=True)
class Component:
    """settings: laid over SMALL, where the component has settings of those names. all_settings: those of every
    component, by kind and name. kept: what its checks share.
    """

    entry: Entry
    plugins: Plugins
    settings: Mapping[str, Any] = field(default_factory=dict)
    specs: tuple[Spec, ...] = SPECS
    all_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.entry.kind} {self.entry.full_name}"

    def on(self, spec: Spec) -> str:
        """The component and the data that it is asked on, for messages."""
        return f"{self} on {described(spec)}"

    def begins(self, told: str) -> bool:
        """Whether a refusal names the component first: "generator swirl ...", or with its owner."""
        names = (self.entry.name, self.entry.full_name)
        return any(told.startswith(f"{self.entry.kind} {name} ") for name in names)

    @property
    def target(self) -> Any:
        """The class or function. Errors: unittest.SkipTest where it does not load, which is a promise of its own."""
        try:
            return self.entry.load()
        except SetupError:
            not_asked("it does not load")

    def build(self, *arguments: Any, **more: Any) -> Any:
        """The component: of a network build(spec), of a loss build()."""
        target, known = self.target, Blueprint(self.entry).signature.settings
        small = {name: value for name, value in SMALL.items() if name in known}
        return target(*arguments, **{**small, **self.settings, **more})

    def beside(self, entry: Entry) -> Component:
        """Another component of the same plugin, with the settings that were given for that one."""
        own = self.all_settings.get(f"{entry.kind} {entry.name}", {})
        return Component(entry, self.plugins, own, self.specs, self.all_settings)

    def network(self, spec: Spec, seed: int = 0) -> Any:
        """A network in training mode, its weights drawn from a seed. Errors: whatever building it raises."""
        torch.manual_seed(seed)
        return self.build(spec)

    def fitting(
        self, device: str = "cpu", which: Callable[[Spec], object] = lambda spec: True
    ) -> Iterator[tuple[Spec, Any]]:
        """(spec, network) for each spec that the network takes, of those `which` chooses."""
        return self._fitting(filter(which, self.specs), device)

    def forms(self, which: Callable[[Spec], object] = lambda spec: True) -> Iterator[tuple[Spec, Any]]:
        """(spec, network) for the first image, the first points and the first tokens that the network takes."""
        return self._fitting(filter(which, self.specs), "cpu", one_of_a_form=True)

    def _fitting(self, specs: Iterable[Spec], device: str, one_of_a_form: bool = False) -> Iterator[tuple[Spec, Any]]:
        done = set()
        for spec in specs:
            form = (len(spec.shape), bool(spec.vocab))
            if one_of_a_form and form in done:
                continue
            try:
                with torch.device(device):
                    network = self.network(spec)
            except Exception:  # whether it is an IncompatibleError, and says what would fit, is a promise of its own
                continue
            done.add(form)
            yield spec, network
        if not done:
            not_asked("it fits no data of that form")

    def given(self, network: Any, spec: Spec, n: int) -> tuple[Tensor, Tensor | None]:
        """What forward() takes: noise or samples (n, ...), and labels (n,) where the network wants them."""
        y = labels(spec, n) if network.conditional else None
        if self.entry.kind != "generator":
            return samples(spec, n), y
        if network.z_dim:
            return network.prior(n), y
        return samples(spec if network.source_shape is None else Spec(network.source_shape), n), y


def described(spec: Spec) -> str:
    """Data in words: "(1, 28, 28) of 10 classes"."""
    classes = f" of {spec.classes} classes" if spec.classes else ""
    return f"{spec.shape}{classes}{f' token ids below {spec.vocab}' if spec.vocab else ''}"


def labels(spec: Spec, n: int) -> Tensor | None:
    """Classes in turn, (n,), or None where there are none."""
    return torch.arange(n) % spec.classes if spec.classes else None


def samples(spec: Spec, n: int) -> Tensor:
    """Noise that has the shape and the range of data: (n, *shape)."""
    return torch.randint(spec.vocab, (n, *spec.shape)) if spec.vocab else torch.rand(n, *spec.shape) * 2 - 1

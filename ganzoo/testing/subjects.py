"""The subjects of checks: a registered component, built small, and an installed plugin as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate.utils import set_seed
from torch import Tensor

from ganzoo.config.component import Blueprint
from ganzoo.errors import SetupError
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import PluginInfo, Plugins
from ganzoo.registry.zoo import Entry
from ganzoo.testing.check import skip

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
"""Data of every kind. A network is checked on those that it accepts and must refuse the others by IncompatibleError."""
SMALL = {"width": 8, "bottleneck": 16}  # for settings whose defaults make networks larger than a check needs


def _any_spec(_: Spec) -> bool:
    return True


@dataclass(frozen=True)
class Component:
    """A registered component under test.

    Attributes:
        entry: Its entry in the zoo.
        plugins: Everything that is installed.
        settings: Settings that replace its defaults and those of `SMALL`.
        specs: Data that a network is checked on.
        all_settings: Settings of every component of the plugin, by kind and name.
        cache: Results that the checks of this component share.
    """

    entry: Entry
    plugins: Plugins
    settings: Mapping[str, Any] = field(default_factory=dict)
    specs: tuple[Spec, ...] = SPECS
    all_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.entry.kind} {self.entry.full_name}"

    def on(self, spec: Spec) -> str:
        """Name the component and the data that it is checked on, for a message."""
        return f"{self} on {described(spec)}"

    def begins(self, message: str) -> bool:
        """Return True when a message starts with the component: "generator swirl ...", with or without its owner."""
        names = (self.entry.name, self.entry.full_name)
        return any(message.startswith(f"{self.entry.kind} {name} ") for name in names)

    @property
    def target(self) -> Any:
        """The class or function. Accessing it skips the check where it does not load: `it_loads` reports that."""
        try:
            return self.entry.load()
        except SetupError:
            skip("it does not load")

    def build(self, *arguments: Any, **more: Any) -> Any:
        """Build the component, for example a network from a spec, or a loss without arguments."""
        target = self.target
        known = Blueprint(self.entry).signature.settings
        small = {name: value for name, value in SMALL.items() if name in known}
        return target(*arguments, **{**small, **self.settings, **more})

    def sibling(self, entry: Entry) -> Component:
        """Return another component of the same plugin, with the settings given for it."""
        settings = self.all_settings.get(f"{entry.kind} {entry.name}", {})
        return Component(entry, self.plugins, settings, self.specs, self.all_settings)

    def network(self, spec: Spec, seed: int = 0) -> Any:
        """Build a network in training mode, with weights initialised from a seed. Raises whatever building raises."""
        torch.manual_seed(seed)
        return self.build(spec)

    def networks(
        self, device: str = "cpu", accepts: Callable[[Spec], object] = _any_spec
    ) -> Iterator[tuple[Spec, Any]]:
        """Yield (spec, network) for each spec that the network can be built for, among those that `accepts` admits."""
        return self._networks(filter(accepts, self.specs), device)

    def one_per_form(self, accepts: Callable[[Spec], object] = _any_spec) -> Iterator[tuple[Spec, Any]]:
        """Yield (spec, network) for the first images, points and tokens that the network accepts."""
        return self._networks(filter(accepts, self.specs), "cpu", one_per_form=True)

    def _networks(self, specs: Iterable[Spec], device: str, one_per_form: bool = False) -> Iterator[tuple[Spec, Any]]:
        forms = set()
        for spec in specs:
            form = (len(spec.shape), bool(spec.vocab))
            if one_per_form and form in forms:
                continue
            try:
                with torch.device(device):
                    network = self.network(spec)
            except Exception:  # `it_accepts_data_or_says_what_to_use` reports what it raises
                continue
            forms.add(form)
            yield spec, network
        if not forms:
            skip("it fits no data of that form")

    def inputs(self, network: Any, spec: Spec, n: int) -> tuple[Tensor, Tensor | None]:
        """Return arguments of forward(): noise or samples (n, ...), and labels (n,) for a conditional network."""
        y = labels(spec, n) if network.conditional else None
        if self.entry.kind != "generator":
            return samples(spec, n), y
        if network.z_dim:
            return network.prior(n), y
        return samples(spec if network.source_shape is None else Spec(network.source_shape), n), y

    def is_deterministic(self, network: Any, spec: Spec) -> bool:
        """Return True when the network's output depends on its input alone, and not on random numbers."""
        return self._outputs_agree(network, spec, seeds=(3, 4))

    def is_reproducible(self, network: Any, spec: Spec) -> bool:
        """Return True when the network gives equal outputs for equal inputs and seeds."""
        return self._outputs_agree(network, spec, seeds=(3, 3))

    def _outputs_agree(self, network: Any, spec: Spec, seeds: tuple[int, int]) -> bool:
        x, y = self.inputs(network, spec, 3)
        first, second = (output_of(network, x, y, seed) for seed in seeds)
        return identical(first, second)


@dataclass(frozen=True)
class Package:
    """An installed plugin as a whole.

    Attributes:
        owner: Its name in full component names, the "acme" of "acme/swirl".
        rows: Its entry points.
        plugins: Everything that is installed.
        components: Its registered components.
    """

    owner: str
    rows: tuple[PluginInfo, ...]
    plugins: Plugins
    components: tuple[Component, ...] = ()

    def __str__(self) -> str:
        return f"plugin {self.owner}"


def described(spec: Spec) -> str:
    """Describe data in words: "(1, 28, 28) of 10 classes"."""
    classes = f" of {spec.classes} classes" if spec.classes else ""
    return f"{spec.shape}{classes}{f' token ids below {spec.vocab}' if spec.vocab else ''}"


def labels(spec: Spec, n: int) -> Tensor | None:
    """Return labels 0, 1, 2, ..., 0, 1, ... of shape (n,), or None for data without classes."""
    return torch.arange(n) % spec.classes if spec.classes else None


def samples(spec: Spec, n: int) -> Tensor:
    """Return noise with the shape (n, *spec.shape) and the range of data."""
    return torch.randint(spec.vocab, (n, *spec.shape)) if spec.vocab else torch.rand(n, *spec.shape) * 2 - 1


def output_of(network: Any, x: Tensor, y: Tensor | None, seed: int) -> Tensor:
    """Return forward() of copies of the inputs, without gradients and with random numbers from `seed`."""
    set_seed(seed)
    with torch.no_grad():
        output: Tensor = network(x.clone(), y if y is None else y.clone())
    return output


def identical(a: Tensor, b: Tensor) -> bool:
    """Return True when two tensors are equal bit by bit; NaN counts as equal to NaN."""
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a.nan_to_num(), b.nan_to_num())

"""What networks promise that are conditional: labels are needed, count, and are classes that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ganzoo.interfaces import Spec
from ganzoo.testing.check import BrokenPromiseError, expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.outputs import judged, same


def it_refuses_data_without_labels(component: Component) -> None:
    """A conditional network raises ganzoo.IncompatibleError where the data has no classes."""
    conditional = False
    for spec, network in component.fitting("meta"):
        conditional |= bool(network.conditional)
        expect(
            spec.classes or not network.conditional,
            f"{component.on(spec)}: it is conditional, and can be built for data without classes. Raise "
            "ganzoo.IncompatibleError in __init__ where spec.classes is 0, and say which network or dataset would do.",
        )
    if not conditional:
        not_asked("it takes no labels")


def labels_matter(component: Component) -> None:
    """Other labels give another output."""
    for spec, network in _conditional(component):
        with torch.no_grad():
            for parameter in network.parameters():  # what starts at zero counts later
                parameter.add_(torch.randn_like(parameter) * 0.1)
        x, y = component.given(network, spec, 7)
        assert y is not None
        expect(
            not same(judged(network, x, y, 3), judged(network, x, (y + 1) % spec.classes, 3)),
            f"{component.on(spec)}: conditional = True, and other labels give the same output. Use y in forward(), or "
            "say conditional = False.",
        )


def labels_out_of_range_raise(component: Component) -> None:
    """A label that is no class, such as spec.classes or -1, raises an error and passes nowhere in silence."""
    for spec, network in _conditional(component):
        x, y = component.given(network, spec, 3)
        assert y is not None
        for wrong in (spec.classes, -1):
            try:
                judged(network, x, torch.full_like(y, wrong), 3)
            except Exception:
                continue
            raise BrokenPromiseError(
                f"{component.on(spec)}: the label {wrong} passes, though classes are 0 to {spec.classes - 1}. Look "
                "labels up by nn.Embedding(spec.classes, ...) or F.one_hot(y, spec.classes), which raise; clamp(), % "
                "and comparisons turn a wrong label into a silent one."
            )


def _conditional(component: Component) -> Iterator[tuple[Spec, Any]]:
    """(spec, network in evaluation) of each form of data, where the network takes labels."""
    asked = False
    for spec, network in component.forms(lambda spec: spec.classes):
        if network.conditional:
            asked = True
            yield spec, network.eval()
    if not asked:
        not_asked("it takes no labels")

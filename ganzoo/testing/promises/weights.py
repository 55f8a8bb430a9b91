"""What networks promise about their weights: all are trained, copied, and saved."""

from __future__ import annotations

import copy
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from ganzoo.testing.check import BrokenPromiseError, expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.outputs import judged, repeats, same

MOST = 5  # names that a message tells


def a_gradient_reaches_every_parameter(component: Component) -> None:
    """What it says depends on each parameter, and all gradients are finite. Fixed ones say requires_grad = False."""
    made = component.entry.kind == "generator"
    for spec, network in component.fitting(which=lambda spec: not (made and spec.vocab)):  # ids have no gradient
        x, y = component.given(network, spec, 3)
        sum(one.square().sum() for one in _told(component, network, x, y)).backward()  # type: ignore[union-attr]
        trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        # A bias in front of batch norm has a gradient of zero; a weight that has none takes no part.
        idle = [name for name, p in trained if p.grad is None or (p.dim() > 1 and not p.grad.any())]
        expect(
            not idle,
            f"{component.on(spec)}: no gradient reaches {_listed(idle)}: a parameter nobody trains. Use it in "
            "forward(), take it out, or make it a buffer by register_buffer() if it is meant to stay as it is. "
            "detach(), .data, argmax() and torch.no_grad() on the way stop a gradient.",
        )
        wild = [name for name, p in trained if p.grad is not None and not p.grad.isfinite().all()]
        expect(
            not wild,
            f"{component.on(spec)}: the gradient of {_listed(wild)} is not finite. Add a small number under a square "
            "root, in a logarithm or in a divisor: torch.sqrt(x + 1e-8).",
        )


def a_copy_is_equal_and_independent(component: Component) -> None:
    """copy.deepcopy() gives a network that says the same, and changing it leaves the first alone."""
    for spec, network in component.forms():
        twin = copy.deepcopy(network.eval())
        if repeats(component, network, spec):
            x, y = component.given(network, spec, 3)
            expect(
                same(judged(network, x, y, 3), judged(twin, x, y, 3)),
                f"{component.on(spec)}: copy.deepcopy() of it says something else. Keep what it needs in parameters, "
                "buffers and plain attributes, and refer to other modules by self.layer, not by a closure or a global.",
            )
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        with torch.no_grad():
            for tensor in twin.state_dict().values():
                tensor.add_(1)
        changed = [name for name, tensor in network.state_dict().items() if not same(tensor, before[name])]
        expect(
            not changed,
            f"{component.on(spec)}: a change of a copy.deepcopy() of it changes {_listed(changed)}, too. Share no "
            "tensor between instances: make each in __init__, not in the class body or the module.",
        )


def its_state_is_all_of_it(component: Component) -> None:
    """A network of other weights that loads its state_dict(), through safetensors, says the same."""
    asked = False
    for spec, network in component.forms():
        if not repeats(component, network.eval(), spec):
            continue
        asked = True
        state = {name: tensor.clone().contiguous() for name, tensor in network.state_dict().items()}
        other = component.network(spec, seed=7).eval()
        other.load_state_dict(safetensors.torch.load(safetensors.torch.save(state)))
        x, y = component.given(network, spec, 3)
        expect(
            same(judged(network, x, y, 3), judged(other, x, y, 3)),
            f"{component.on(spec)}: a network that loads its state_dict() says something else, so that a checkpoint "
            "does not hold all of it. A tensor that is drawn or changed, but not trained, must be a buffer: "
            'self.register_buffer("name", tensor).',
        )
    if not asked:
        not_asked("it is not the same twice, which is a promise of its own")


def safetensors_takes_its_state(component: Component) -> None:
    """safetensors.torch.save(network.state_dict()) works: each tensor stands there once, and is contiguous."""
    for spec, network in component.forms():
        try:
            safetensors.torch.save(network.state_dict())
        except (ValueError, RuntimeError, TypeError, AttributeError) as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: safetensors refuses its state_dict(): {str(error).strip().splitlines()[0]} "
                "Two names share one tensor, or one is not laid out in order. Give a tied weight one name: keep the "
                "layer once and call F.linear(x, self.embedding.weight), or copy by .clone(); make others "
                ".contiguous()."
            ) from error


def _told(component: Component, network: Any, x: Tensor, y: Tensor | None) -> list[Tensor]:
    """All that a network says of its input."""
    if component.entry.kind == "encoder" and network.probabilistic:
        return [network(x, y), *network.posterior(x, y)]
    return [network(x, y)]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")

"""Promises that generators, discriminators and encoders share."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component, described, identical, output_of

LISTED = 5  # names in a message


def it_accepts_data_or_says_what_to_use(component: Component) -> None:
    """The network can be built for some data; for other data it raises an IncompatibleError with an alternative."""
    kind, name, accepted = component.entry.kind, component.entry.name, 0
    for spec in component.specs:
        try:
            component.network(spec)
            accepted += 1
        except IncompatibleError as refusal:
            message = refusal.message
            expect(
                component.begins(message) and ": " in message and message.endswith("."),
                f"{component.on(spec)}: the message of its IncompatibleError is {message!r}. Write '{kind} {name} "
                "cannot ...: use ... instead.': the component, a colon, the alternative, and a full stop.",
            )
        except Exception as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: its constructor raised {type(error).__name__}: {error}. Check `spec` first. "
                f"Raise ganzoo.IncompatibleError('{kind} {name} cannot ...: use ... instead.') for data that the "
                "network does not support."
            ) from error
    expect(
        accepted,
        f"{component}: it rejects all of {'; '.join(map(described, component.specs))}. If it is meant for other data, "
        'pass their spec to the tests: checks("...", specs=[ganzoo.Spec(...)]).',
    )


def it_accepts_any_batch_size(component: Component) -> None:
    """In evaluation mode, the output for batches of 1, 2 and 7 differs in the first axis only."""
    for spec, network in component.one_per_form():
        network.eval()
        shapes = []
        for n in (1, 2, 7):
            output = output_of(network, *component.inputs(network, spec, n), seed=0)
            expect(
                output.dim() > 0 and len(output) == n,
                f"{component.on(spec)}: the output for a batch of {n} has shape {tuple(output.shape)}. Keep the batch "
                "axis: use flatten(1) instead of flatten(), squeeze(1) instead of squeeze(), and no fixed batch size "
                "in view().",
            )
            shapes.append(output.shape[1:])
        expect(
            shapes[0] == shapes[1] == shapes[2],
            f"{component.on(spec)}: without the batch axis, the outputs for 1, 2 and 7 samples have the shapes "
            f"{[tuple(shape) for shape in shapes]}. Make the shape independent of the batch size: use squeeze(1), not "
            "squeeze().",
        )


def it_does_not_change_its_input(component: Component) -> None:
    """forward() does not change noise, samples or labels in place: they are used again afterwards."""
    for spec, network in component.one_per_form():
        x, y = component.inputs(network, spec, 3)
        x_before, y_before = x.clone(), None if y is None else y.clone()
        with torch.no_grad():
            network(x, y)
        for name, now, before in (("input", x, x_before), ("labels", y, y_before)):
            expect(
                now is None or before is None or torch.equal(now, before),
                f"{component.on(spec)}: forward() changes its {name} in place. Write x = x * 2, not x *= 2 or "
                "x.mul_(2), and do not set inplace=True in the first layer: the caller uses the same tensor again.",
            )


def equal_seeds_give_equal_outputs(component: Component) -> None:
    """In evaluation mode, equal inputs and seeds give equal outputs, and forward() sets no seed."""
    for spec, network in component.one_per_form():
        network.eval()
        x, y = component.inputs(network, spec, 3)
        first = output_of(network, x, y, seed=3)
        next_random = torch.rand(4)
        expect(
            identical(first, output_of(network, x, y, seed=3)),
            f"{component.on(spec)}: in evaluation mode, equal inputs and seeds give different outputs, so samples are "
            "not reproducible. Keep no state between calls, and draw noise from PyTorch's global generator only.",
        )
        output_of(network, x, y, seed=4)
        expect(
            not torch.equal(next_random, torch.rand(4)),
            f"{component.on(spec)}: forward() sets a seed, so all noise of a run would be equal. Remove "
            "torch.manual_seed(): recipes set the seed by run.seed.",
        )


def evaluation_changes_nothing(component: Component) -> None:
    """After eval(), a forward pass changes no parameter and no buffer."""
    for spec, network in component.one_per_form():
        network.eval()
        before = _copy_state(network)
        output_of(network, *component.inputs(network, spec, 3), seed=0)
        changed = _changed_names(network, before)
        expect(
            not changed,
            f"{component.on(spec)}: a forward pass in evaluation mode changes {_listed(changed)}. Update running "
            "statistics only under `if self.training:`, so that sampling does not change the model.",
        )


def no_sample_depends_on_the_others(component: Component) -> None:
    """In evaluation mode, outputs are equal alone and in a batch, unless a layer has mixes_samples = True."""
    checked = False
    for spec, network in component.one_per_form():
        mixes = any(getattr(module, "mixes_samples", False) for module in network.modules())
        if mixes or not component.is_deterministic(network.eval(), spec):
            continue
        checked = True
        x, y = component.inputs(network, spec, 3)
        alone, together = output_of(network, x[:1], y if y is None else y[:1], 3), output_of(network, x, y, 3)[:1]
        expect(
            alone.shape != together.shape or torch.allclose(alone, together, rtol=1e-4, atol=1e-5),
            f"{component.on(spec)}: in evaluation mode, a sample has different outputs alone and in a batch of three. "
            "Use the statistics of training, as nn.BatchNorm2d does. If a layer mixes the samples of a batch by "
            "design, declare it by an attribute mixes_samples = True.",
        )
    if not checked:
        skip("it draws noise in evaluation mode, or declares that it mixes samples")


def it_computes_in_bfloat16(component: Component) -> None:
    """Under autocast to bfloat16, as with run.precision, the output is finite and has the same shape."""
    for spec, network in component.one_per_form():
        network.eval()
        x, y = component.inputs(network, spec, 2)
        full = output_of(network, x, y, seed=0)
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                half = output_of(network, x, y, seed=0)
        except RuntimeError as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: under torch.autocast(dtype=torch.bfloat16) it raised {error}. Create tensors "
                "with the dtype of the tensors that they are combined with, such as torch.zeros_like(x), and call "
                ".float() before an operation that needs float32."
            ) from error
        expect(
            half.shape == full.shape and (half.isfinite().all() or not full.isfinite().all()),
            f"{component.on(spec)}: under torch.autocast(dtype=torch.bfloat16) its output is not finite, or has "
            "another shape. Compute operations that overflow, such as exp() and sums of squares, from x.float().",
        )


def it_builds_on_any_device(component: Component) -> None:
    """Built under torch.device("meta"), as by `ganzoo check`, all parameters and outputs are on that device."""
    remedy = (
        "Do not choose a device: create tensors in forward() by torch.zeros_like(x) or with device=x.device, register "
        "constant tensors by register_buffer(), and do not read values of tensors in __init__."
    )
    accepted = False
    for spec in component.specs:
        try:
            with torch.device("meta"):
                network, accepted = component.build(spec), True
                misplaced = [name for name, parameter in network.named_parameters() if not parameter.is_meta]
                if not misplaced and not network(*component.inputs(network, spec, 3)).is_meta:
                    misplaced = ["its output"]
        except IncompatibleError:
            continue
        except Exception as error:
            if not _builds_on_cpu(component, spec):
                continue
            raise BrokenPromiseError(
                f'{component.on(spec)}: under torch.device("meta") it raised {error}. {remedy}'
            ) from error
        expect(
            not misplaced,
            f'{component.on(spec)}: under torch.device("meta"), {"".join(misplaced[:1])} is on another device. '
            f"{remedy}",
        )
    if not accepted:
        skip("it accepts none of the test data")


def a_gradient_reaches_every_parameter(component: Component) -> None:
    """Each parameter has a finite gradient, unless requires_grad = False freezes it or a layer after it starts at 0."""
    generates = component.entry.kind == "generator"
    for spec, network in component.networks(accepts=lambda spec: not (generates and spec.vocab)):  # ids are integers
        unused, infinite = _gradients(component, network, spec)
        if unused:  # perhaps behind a layer that starts at zero
            _move_weights(network)
            still_unused, more_infinite = _gradients(component, network, spec)
            unused, infinite = [name for name in unused if name in still_unused], infinite or more_infinite
        expect(
            not unused,
            f"{component.on(spec)}: no gradient reaches {_listed(unused)}, so it is never trained. Use it in "
            "forward(), or remove it. If it is meant to be constant, make it a buffer by register_buffer(). Gradients "
            "are stopped by detach(), .data, argmax() and torch.no_grad().",
        )
        expect(
            not infinite,
            f"{component.on(spec)}: the gradient of {_listed(infinite)} is not finite. Add a small number to the "
            "arguments of square roots and logarithms, and to divisors: torch.sqrt(x + 1e-8).",
        )


def a_copy_is_equal_and_independent(component: Component) -> None:
    """copy.deepcopy() gives a network with equal outputs; changing it does not change the original."""
    for spec, network in component.one_per_form():
        twin = copy.deepcopy(network.eval())
        if component.is_reproducible(network, spec):
            x, y = component.inputs(network, spec, 3)
            expect(
                identical(output_of(network, x, y, 3), output_of(twin, x, y, 3)),
                f"{component.on(spec)}: a copy by copy.deepcopy() gives other outputs. Keep all state in parameters, "
                "buffers and plain attributes, and refer to other modules by self.layer, not by a closure or a global.",
            )
        before = _copy_state(network)
        with torch.no_grad():
            for tensor in twin.state_dict().values():
                tensor.add_(1)
        changed = _changed_names(network, before)
        expect(
            not changed,
            f"{component.on(spec)}: changing a copy by copy.deepcopy() changes {_listed(changed)} of the original. "
            "Share no tensor between instances: create each one in __init__, not in the class body or module.",
        )


def its_state_dict_is_complete(component: Component) -> None:
    """A network with other weights that loads the state_dict() from safetensors gives equal outputs."""
    checked = False
    for spec, network in component.one_per_form():
        if not component.is_reproducible(network.eval(), spec):
            continue
        checked = True
        state = {name: tensor.clone().contiguous() for name, tensor in network.state_dict().items()}
        other = component.network(spec, seed=7).eval()
        other.load_state_dict(safetensors.torch.load(safetensors.torch.save(state)))
        x, y = component.inputs(network, spec, 3)
        expect(
            identical(output_of(network, x, y, 3), output_of(other, x, y, 3)),
            f"{component.on(spec)}: a network that loads its state_dict() gives other outputs, so checkpoints are "
            "incomplete. Make a tensor that is random or updated, but not trained, a buffer: "
            'self.register_buffer("name", tensor).',
        )
    if not checked:
        skip("its outputs are not reproducible, which another check reports")


def safetensors_can_save_its_state(component: Component) -> None:
    """safetensors.torch.save(network.state_dict()) works: each tensor is contiguous and has one name."""
    for spec, network in component.one_per_form():
        try:
            safetensors.torch.save(network.state_dict())
        except (ValueError, RuntimeError, TypeError, AttributeError) as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: safetensors cannot save its state_dict(): "
                f"{str(error).strip().splitlines()[0]} Two names share one tensor, or a tensor is not contiguous. Give "
                "a tied weight one name: keep one layer and call F.linear(x, self.embedding.weight), or copy it by "
                ".clone(). Call .contiguous() on other tensors."
            ) from error


def it_refuses_data_without_labels(component: Component) -> None:
    """A conditional network raises IncompatibleError for data without classes."""
    conditional = False
    for spec, network in component.networks("meta"):
        conditional |= bool(network.conditional)
        expect(
            spec.classes or not network.conditional,
            f"{component.on(spec)}: it is conditional, but can be built for data without classes. Raise "
            "ganzoo.IncompatibleError in __init__ if spec.classes is 0, and name a network or dataset to use instead.",
        )
    if not conditional:
        skip("it uses no labels")


def labels_matter(component: Component) -> None:
    """Different labels give different outputs."""
    for spec, network in _conditional(component):
        _move_weights(network)
        x, y = component.inputs(network, spec, 7)
        assert y is not None
        expect(
            not identical(output_of(network, x, y, 3), output_of(network, x, (y + 1) % spec.classes, 3)),
            f"{component.on(spec)}: conditional is True, but different labels give equal outputs. Use y in forward(), "
            "or set conditional = False.",
        )


def labels_out_of_range_raise(component: Component) -> None:
    """An invalid label, such as spec.classes or -1, raises an error."""
    for spec, network in _conditional(component):
        x, y = component.inputs(network, spec, 3)
        assert y is not None
        for label in (spec.classes, -1):
            try:
                output_of(network, x, torch.full_like(y, label), 3)
            except Exception:
                continue
            raise BrokenPromiseError(
                f"{component.on(spec)}: it accepts the label {label}, but classes are 0 to {spec.classes - 1}. Use "
                "nn.Embedding(spec.classes, ...) or F.one_hot(y, spec.classes), which raise an error. With clamp(), % "
                "or comparisons, an invalid label is not noticed."
            )


def _gradients(component: Component, network: Any, spec: Spec) -> tuple[list[str], list[str]]:
    """Return the names of the parameters that no gradient reaches, and of those whose gradient is not finite."""
    network.zero_grad()
    x, y = component.inputs(network, spec, 3)
    sum(output.square().sum() for output in _outputs(component, network, x, y)).backward()  # type: ignore[union-attr]
    trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    # A bias before batch norm has a gradient of zero. A weight with a gradient of zero is not used.
    unused = [name for name, p in trained if p.grad is None or (p.dim() > 1 and not p.grad.any())]
    return unused, [name for name, p in trained if p.grad is not None and not p.grad.isfinite().all()]


def _move_weights(network: nn.Module) -> None:
    """Add a little noise to all parameters, of which some start at zero."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)


def _copy_state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _changed_names(network: nn.Module, before: dict[str, Tensor]) -> list[str]:
    """Return the names of the parameters and buffers that differ from an earlier copy of the state."""
    return [name for name, tensor in network.state_dict().items() if not identical(tensor, before[name])]


def _builds_on_cpu(component: Component, spec: Spec) -> bool:
    """Return True when the network can be built for this data on the CPU. Another check reports if it should."""
    try:
        component.network(spec)
    except Exception:
        return False
    return True


def _outputs(component: Component, network: Any, x: Tensor, y: Tensor | None) -> list[Tensor]:
    """Return all outputs of a network, with those of posterior()."""
    if component.entry.kind == "encoder" and network.probabilistic:
        return [network(x, y), *network.posterior(x, y)]
    return [network(x, y)]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _conditional(component: Component) -> Iterator[tuple[Spec, Any]]:
    """Yield (spec, network in evaluation mode) for each form of data for which the network uses labels."""
    checked = False
    for spec, network in component.one_per_form(lambda spec: spec.classes):
        if network.conditional:
            checked = True
            yield spec, network.eval()
    if not checked:
        skip("it uses no labels")

"""Promises that generators, discriminators and encoders share."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component, described, identical, output_of


def it_fits_data_or_says_what_would(component: Component) -> None:
    """It can be built for some data; for other data it raises a ganzoo.IncompatibleError that says what to do."""
    kind, name, fits = component.entry.kind, component.entry.name, 0
    for spec in component.specs:
        try:
            component.network(spec)
            fits += 1
        except IncompatibleError as refusal:
            told = refusal.message
            expect(
                component.begins(told) and ": " in told and told.endswith("."),
                f"{component.on(spec)}: its IncompatibleError says {told!r}. Write it as '{kind} {name} cannot ...: "
                "use ... instead.', so that it names the component and, behind a colon, the way out, and ends with a "
                "full stop.",
            )
        except Exception as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: building it raised {type(error).__name__}: {error}. Look at `spec` first, and "
                f"raise ganzoo.IncompatibleError('{kind} {name} cannot ...: use ... instead.') for data it cannot take."
            ) from error
    expect(
        fits,
        f"{component}: it refuses all of {'; '.join(map(described, component.specs))}. If it is for other data, hand "
        'that over: checks("...", specs=[ganzoo.Spec(...)]).',
    )


def it_takes_one_sample_and_many(component: Component) -> None:
    """In evaluation, batches of 1, 2 and 7 give outputs that differ in nothing but their number."""
    for spec, network in component.one_per_form():
        network.eval()
        rests = []
        for n in (1, 2, 7):
            output = output_of(network, *component.inputs(network, spec, n), seed=0)
            expect(
                output.dim() > 0 and len(output) == n,
                f"{component.on(spec)}: a batch of {n} gives {tuple(output.shape)}. Keep the first axis as it "
                "comes: flatten(1) in place of flatten(), squeeze(1) in place of squeeze(), no batch size written "
                "into view().",
            )
            rests.append(output.shape[1:])
        expect(
            rests[0] == rests[1] == rests[2],
            f"{component.on(spec)}: outputs for 1, 2 and 7 samples have the shapes {[tuple(rest) for rest in rests]} "
            "behind the first axis. Do not let the batch size decide about them: use squeeze(1), not squeeze().",
        )


def its_input_stays_as_it_was(component: Component) -> None:
    """forward() leaves noise, samples and labels unchanged: others use them afterwards."""
    for spec, network in component.one_per_form():
        x, y = component.inputs(network, spec, 3)
        before = x.clone(), None if y is None else y.clone()
        with torch.no_grad():
            network(x, y)
        for name, now, then in (("input", x, before[0]), ("labels", y, before[1])):
            expect(
                now is None or then is None or torch.equal(now, then),
                f"{component.on(spec)}: forward() changes its {name} in place. Write x = x * 2, not x *= 2 or "
                "x.mul_(2), and give the first layer no inplace=True: the caller goes on with the same tensor.",
            )


def the_same_noise_gives_the_same_output(component: Component) -> None:
    """In evaluation, one seed and one input give one output, twice; and no seed is set in forward()."""
    for spec, network in component.one_per_form():
        network.eval()
        x, y = component.inputs(network, spec, 3)
        first = output_of(network, x, y, seed=3)
        drawn = torch.rand(4)
        expect(
            identical(first, output_of(network, x, y, seed=3)),
            f"{component.on(spec)}: in evaluation, the same input under the same seed gives two outputs. Keep nothing "
            "from call to call, and draw noise by torch's own generator only: samples could not be drawn again.",
        )
        output_of(network, x, y, seed=4)
        expect(
            not torch.equal(drawn, torch.rand(4)),
            f"{component.on(spec)}: forward() sets a seed. Take torch.manual_seed() out: all noise of a run would be "
            "the same, and a recipe has run.seed already.",
        )


def evaluation_changes_nothing(component: Component) -> None:
    """After eval(), a forward pass leaves all weights and buffers as they were."""
    for spec, network in component.one_per_form():
        network.eval()
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        output_of(network, *component.inputs(network, spec, 3), seed=0)
        changed = [name for name, tensor in network.state_dict().items() if not identical(tensor, before[name])]
        expect(
            not changed,
            f"{component.on(spec)}: a forward pass in evaluation changes {', '.join(changed[:5])}. Update running "
            "statistics under `if self.training:` only: drawing samples must not change a model.",
        )


def no_sample_depends_on_the_others(component: Component) -> None:
    """In evaluation, a sample's output is the same alone and in a batch. A layer may say mixes_samples = True."""
    asked = False
    for spec, network in component.one_per_form():
        mixes = any(getattr(module, "mixes_samples", False) for module in network.modules())
        if mixes or not component.is_deterministic(network.eval(), spec):
            continue
        asked = True
        x, y = component.inputs(network, spec, 3)
        alone, together = output_of(network, x[:1], y if y is None else y[:1], 3), output_of(network, x, y, 3)[:1]
        expect(
            alone.shape != together.shape or torch.allclose(alone, together, rtol=1e-4, atol=1e-5),
            f"{component.on(spec)}: in evaluation, the first sample of three gives another output than alone. Use "
            "statistics of training there, as nn.BatchNorm2d does; a layer that mixes the samples of a batch by design "
            "says so by an attribute mixes_samples = True.",
        )
    if not asked:
        skip("it draws noise in evaluation, or mixes samples and says so")


def it_computes_in_bfloat16(component: Component) -> None:
    """Under autocast to bfloat16, as run.precision asks for it, outputs are finite and of the same shape."""
    for spec, network in component.one_per_form():
        network.eval()
        x, y = component.inputs(network, spec, 2)
        whole = output_of(network, x, y, seed=0)
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                half = output_of(network, x, y, seed=0)
        except RuntimeError as error:
            raise BrokenPromiseError(
                f"{component.on(spec)}: under torch.autocast(dtype=torch.bfloat16) it raised {error}. Make new tensors "
                "of the dtype of those they meet, torch.zeros_like(x), and take .float() where an operation needs it."
            ) from error
        expect(
            half.shape == whole.shape and (half.isfinite().all() or not whole.isfinite().all()),
            f"{component.on(spec)}: under torch.autocast(dtype=torch.bfloat16) its output is not finite. Compute what "
            "overflows, such as exp() and sums of squares, in x.float().",
        )


def it_builds_on_any_device(component: Component) -> None:
    """Under torch.device("meta"), where `ganzoo check` builds, its parameters and outputs are there, too."""
    remedy = (
        "Choose no device yourself: make tensors in forward() by torch.zeros_like(x) or device=x.device, keep fixed "
        "ones by register_buffer(), and read no value of a tensor in __init__."
    )
    fits = False
    for spec in component.specs:
        try:
            with torch.device("meta"):
                network, fits = component.build(spec), True
                astray = [name for name, parameter in network.named_parameters() if not parameter.is_meta]
                if not astray and not network(*component.inputs(network, spec, 3)).is_meta:
                    astray = ["its output"]
        except IncompatibleError:
            continue
        except Exception as error:
            if not _builds(component, spec):
                continue
            raise BrokenPromiseError(
                f'{component.on(spec)}: under torch.device("meta") it raised {error}. {remedy}'
            ) from error
        expect(
            not astray,
            f'{component.on(spec)}: under torch.device("meta"), {"".join(astray[:1])} is elsewhere. {remedy}',
        )
    if not fits:
        skip("it fits none of the data it is asked on")


def _builds(component: Component, spec: Spec) -> bool:
    """Whether it takes this data on the CPU; whether it should is a promise of its own."""
    try:
        component.network(spec)
    except Exception:
        return False
    return True


MOST = 5  # names that a message tells


def a_gradient_reaches_every_parameter(component: Component) -> None:
    """What it says depends on each parameter, and all gradients are finite. Fixed ones say requires_grad = False."""
    made = component.entry.kind == "generator"
    for spec, network in component.networks(accepts=lambda spec: not (made and spec.vocab)):  # ids have no gradient
        x, y = component.inputs(network, spec, 3)
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
    for spec, network in component.one_per_form():
        twin = copy.deepcopy(network.eval())
        if component.is_reproducible(network, spec):
            x, y = component.inputs(network, spec, 3)
            expect(
                identical(output_of(network, x, y, 3), output_of(twin, x, y, 3)),
                f"{component.on(spec)}: copy.deepcopy() of it says something else. Keep what it needs in parameters, "
                "buffers and plain attributes, and refer to other modules by self.layer, not by a closure or a global.",
            )
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        with torch.no_grad():
            for tensor in twin.state_dict().values():
                tensor.add_(1)
        changed = [name for name, tensor in network.state_dict().items() if not identical(tensor, before[name])]
        expect(
            not changed,
            f"{component.on(spec)}: a change of a copy.deepcopy() of it changes {_listed(changed)}, too. Share no "
            "tensor between instances: make each in __init__, not in the class body or the module.",
        )


def its_state_is_all_of_it(component: Component) -> None:
    """A network of other weights that loads its state_dict(), through safetensors, says the same."""
    asked = False
    for spec, network in component.one_per_form():
        if not component.is_reproducible(network.eval(), spec):
            continue
        asked = True
        state = {name: tensor.clone().contiguous() for name, tensor in network.state_dict().items()}
        other = component.network(spec, seed=7).eval()
        other.load_state_dict(safetensors.torch.load(safetensors.torch.save(state)))
        x, y = component.inputs(network, spec, 3)
        expect(
            identical(output_of(network, x, y, 3), output_of(other, x, y, 3)),
            f"{component.on(spec)}: a network that loads its state_dict() says something else, so that a checkpoint "
            "does not hold all of it. A tensor that is drawn or changed, but not trained, must be a buffer: "
            'self.register_buffer("name", tensor).',
        )
    if not asked:
        skip("it is not the same twice, which is a promise of its own")


def safetensors_takes_its_state(component: Component) -> None:
    """safetensors.torch.save(network.state_dict()) works: each tensor stands there once, and is contiguous."""
    for spec, network in component.one_per_form():
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


def it_refuses_data_without_labels(component: Component) -> None:
    """A conditional network raises ganzoo.IncompatibleError where the data has no classes."""
    conditional = False
    for spec, network in component.networks("meta"):
        conditional |= bool(network.conditional)
        expect(
            spec.classes or not network.conditional,
            f"{component.on(spec)}: it is conditional, and can be built for data without classes. Raise "
            "ganzoo.IncompatibleError in __init__ where spec.classes is 0, and say which network or dataset would do.",
        )
    if not conditional:
        skip("it takes no labels")


def labels_matter(component: Component) -> None:
    """Other labels give another output."""
    for spec, network in _conditional(component):
        with torch.no_grad():
            for parameter in network.parameters():  # what starts at zero counts later
                parameter.add_(torch.randn_like(parameter) * 0.1)
        x, y = component.inputs(network, spec, 7)
        assert y is not None
        expect(
            not identical(output_of(network, x, y, 3), output_of(network, x, (y + 1) % spec.classes, 3)),
            f"{component.on(spec)}: conditional = True, and other labels give the same output. Use y in forward(), or "
            "say conditional = False.",
        )


def labels_out_of_range_raise(component: Component) -> None:
    """A label that is no class, such as spec.classes or -1, raises an error and passes nowhere in silence."""
    for spec, network in _conditional(component):
        x, y = component.inputs(network, spec, 3)
        assert y is not None
        for wrong in (spec.classes, -1):
            try:
                output_of(network, x, torch.full_like(y, wrong), 3)
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
    for spec, network in component.one_per_form(lambda spec: spec.classes):
        if network.conditional:
            asked = True
            yield spec, network.eval()
    if not asked:
        skip("it takes no labels")

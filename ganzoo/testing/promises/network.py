"""What generators, discriminators and encoders promise alike."""

from __future__ import annotations

import torch

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.testing.check import BrokenPromiseError, expect, not_asked
from ganzoo.testing.component import Component, described
from ganzoo.testing.outputs import draws_nothing, judged, same


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
    for spec, network in component.forms():
        network.eval()
        rests = []
        for n in (1, 2, 7):
            output = judged(network, *component.given(network, spec, n), seed=0)
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
    for spec, network in component.forms():
        x, y = component.given(network, spec, 3)
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
    for spec, network in component.forms():
        network.eval()
        x, y = component.given(network, spec, 3)
        first = judged(network, x, y, seed=3)
        drawn = torch.rand(4)
        expect(
            same(first, judged(network, x, y, seed=3)),
            f"{component.on(spec)}: in evaluation, the same input under the same seed gives two outputs. Keep nothing "
            "from call to call, and draw noise by torch's own generator only: samples could not be drawn again.",
        )
        judged(network, x, y, seed=4)
        expect(
            not torch.equal(drawn, torch.rand(4)),
            f"{component.on(spec)}: forward() sets a seed. Take torch.manual_seed() out: all noise of a run would be "
            "the same, and a recipe has run.seed already.",
        )


def evaluation_changes_nothing(component: Component) -> None:
    """After eval(), a forward pass leaves all weights and buffers as they were."""
    for spec, network in component.forms():
        network.eval()
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        judged(network, *component.given(network, spec, 3), seed=0)
        changed = [name for name, tensor in network.state_dict().items() if not same(tensor, before[name])]
        expect(
            not changed,
            f"{component.on(spec)}: a forward pass in evaluation changes {', '.join(changed[:5])}. Update running "
            "statistics under `if self.training:` only: drawing samples must not change a model.",
        )


def no_sample_depends_on_the_others(component: Component) -> None:
    """In evaluation, a sample's output is the same alone and in a batch. A layer may say mixes_samples = True."""
    asked = False
    for spec, network in component.forms():
        mixes = any(getattr(module, "mixes_samples", False) for module in network.modules())
        if mixes or not draws_nothing(component, network.eval(), spec):
            continue
        asked = True
        x, y = component.given(network, spec, 3)
        alone, together = judged(network, x[:1], y if y is None else y[:1], 3), judged(network, x, y, 3)[:1]
        expect(
            alone.shape != together.shape or torch.allclose(alone, together, rtol=1e-4, atol=1e-5),
            f"{component.on(spec)}: in evaluation, the first sample of three gives another output than alone. Use "
            "statistics of training there, as nn.BatchNorm2d does; a layer that mixes the samples of a batch by design "
            "says so by an attribute mixes_samples = True.",
        )
    if not asked:
        not_asked("it draws noise in evaluation, or mixes samples and says so")


def it_computes_in_bfloat16(component: Component) -> None:
    """Under autocast to bfloat16, as run.precision asks for it, outputs are finite and of the same shape."""
    for spec, network in component.forms():
        network.eval()
        x, y = component.given(network, spec, 2)
        whole = judged(network, x, y, seed=0)
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                half = judged(network, x, y, seed=0)
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
                if not astray and not network(*component.given(network, spec, 3)).is_meta:
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
        not_asked("it fits none of the data it is asked on")


def _builds(component: Component, spec: Spec) -> bool:
    """Whether it takes this data on the CPU; whether it should is a promise of its own."""
    try:
        component.network(spec)
    except Exception:
        return False
    return True

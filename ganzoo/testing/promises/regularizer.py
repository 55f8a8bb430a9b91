"""Promises of a ganzoo.Regularizer, checked on two small players, which it is attached to if it accepts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config.component import Blueprint
from ganzoo.errors import IncompatibleError
from ganzoo.regularizer import terms_of
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.stand_ins import Judge, Maker, attach, compared, real_and_fake
from ganzoo.testing.subjects import Component


def its_terms_are_penalties(component: Component) -> None:
    """Each term of either player is a finite, non-negative float32 scalar."""
    for name, term in _terms(*attach(component.build())).items():
        expect(
            isinstance(term, Tensor) and term.shape == () and term.dtype is torch.float32 and term.isfinite(),
            f"{component}: its term {name!r} is {term!r}, not a finite float32 scalar. Compute it from x.float(), and "
            "take the .mean() over the batch.",
        )
        expect(
            term >= 0,
            f"{component}: its term {name!r} is {term.item():.4g}. Players minimise penalties, which are at least 0: "
            "square the difference, or take its absolute value.",
        )


def the_same_seed_gives_the_same_terms(component: Component) -> None:
    """Random numbers come from PyTorch's global generator."""
    first, second = (_terms(*attach(component.build())) for _ in range(2))
    if not first:
        skip("it has no terms for the two test networks")
    expect(
        first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first),
        f"{component}: two instances have different terms for the same seed and players. Use torch.rand() and similar "
        "functions for random numbers, and keep no state in the class or module.",
    )


def a_gradient_reaches_the_players(component: Component) -> None:
    """Each term has a finite gradient in the discriminator's weights; in the generator's for generator_terms()."""
    regularizer, judge, maker = attach(component.build())
    real, _ = real_and_fake()
    _terms(regularizer, judge, maker)
    with torch.no_grad():  # a penalty may be zero for the initial weights
        for parameter in [*judge.parameters(), *maker.parameters()]:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    checked = False
    fake, generated = maker(maker.prior(5)).detach(), maker(maker.prior(5))
    for terms, player in (
        (terms_of(regularizer, "terms", compared(judge, maker, real, fake)), judge),
        (terms_of(regularizer, "generator_terms", compared(judge, maker, real, generated)), maker),
    ):
        for name, term in terms.items():
            checked = True
            weights = [p for p in player.parameters() if p.requires_grad]
            gradients = (
                torch.autograd.grad(term, weights, allow_unused=True, retain_graph=True) if _has_graph(term) else []
            )
            used = [gradient for gradient in gradients if gradient is not None]
            expect(
                any(gradient.any() for gradient in used) and all(gradient.isfinite().all() for gradient in used),
                f"{component}: its term {name!r} has no finite gradient in the player's weights, so it has no effect. "
                "Compute it from critic(x), without detach() and torch.no_grad(). Pass create_graph=True for a "
                "gradient at samples, and add a small number to the arguments of square roots.",
            )
    if not checked:
        skip("it has no terms for the two test networks")


def it_does_not_change_the_samples(component: Component) -> None:
    """Samples are not changed in place, and the discriminator's terms give them no gradient."""
    regularizer, judge, maker = attach(component.build())
    real, fake = (x.detach() for x in real_and_fake())
    real_before, fake_before = real.clone(), fake.clone()
    for method in ("terms", "generator_terms"):
        terms_of(regularizer, method, compared(judge, maker, real, fake))
    expect(
        torch.equal(real, real_before) and torch.equal(fake, fake_before),
        f"{component}: it changes samples in place. Write x = x + noise, not x += noise: the samples are used again.",
    )
    real, fake = real_and_fake()
    handed = replace(compared(judge, maker, real.detach(), fake.detach()), real=real, fake=fake)
    for term in terms_of(regularizer, "terms", handed).values():
        if _has_graph(term):
            term.backward(retain_graph=True)
    expect(
        real.grad is None and fake.grad is None,
        f"{component}: its terms give the samples a gradient. Start with x = real.detach().requires_grad_(): "
        "otherwise a gradient may reach the generator in the discriminator's move.",
    )


def projected_weights_can_be_trained(component: Component) -> None:
    """project() keeps the discriminator's weights trainable, finite and of the same shape, and no others change."""
    regularizer, judge, maker = attach(component.build())
    shapes = [p.shape for p in judge.parameters()]
    trained = [p.requires_grad for p in judge.parameters()]
    generator_before = {name: tensor.clone() for name, tensor in maker.state_dict().items()}
    regularizer.project(judge)
    expect(
        [p.shape for p in judge.parameters()] == shapes
        and [p.requires_grad for p in judge.parameters()] == trained
        and all(p.isfinite().all() for p in judge.parameters()),
        f"{component}: after project(), weights of the discriminator have another shape, are no longer trainable, or "
        "are not finite. Change only their values, under torch.no_grad(): p.clamp_(-c, c). The optimizer refers to "
        "these parameters.",
    )
    expect(
        all(torch.equal(tensor, generator_before[name]) for name, tensor in maker.state_dict().items()),
        f"{component}: project() changes the generator too. Change only the network that is passed to it.",
    )


def every_is_a_number_of_steps(component: Component) -> None:
    """The attribute `every` is an integer of at least 1, and equals the setting `every` if there is one."""
    regularizer = component.build()
    expect(
        isinstance(regularizer.every, int) and regularizer.every >= 1,
        f"{component}: every is {regularizer.every!r}. It is a number of steps, at least 1: annotate the setting as "
        "PositiveInt.",
    )
    if "every" in Blueprint(component.entry).signature.settings:
        expect(
            component.build(every=4).every == 4,
            f"{component}: with every=4, .every is {component.build(every=4).every!r}. Write self.every = every in "
            "__init__.",
        )


def its_state_is_in_the_checkpoint(component: Component) -> None:
    """Attributes that change in training are buffers of the regularizer, as an nn.Module, or state of the players."""
    regularizer, judge, maker = attach(component.build())
    before = _plain_attributes(regularizer)
    for _ in range(2):
        _terms(regularizer, judge, maker)
        regularizer.project(judge)
    after = _plain_attributes(regularizer)
    changed = [name for name in after if name not in before or not _equal(before[name], after[name])]
    name = "".join(changed[:1])
    expect(
        not changed,
        f"{component}: self.{name} changes in training, but checkpoints do not contain it, so a resumed run loses it. "
        "Derive from ganzoo.Regularizer and nn.Module, call super().__init__(), and make it a buffer: "
        f'self.register_buffer("{name}", torch.tensor(0.0)).',
    )


def per_sample_penalties_refuse_batch_norm(component: Component) -> None:
    """With per_sample = True, check() raises IncompatibleError for a discriminator that mixes samples."""
    regularizer = component.build()
    if not regularizer.per_sample:
        skip("its terms are not gradients at single samples")
    with_batch_norm = nn.Sequential(nn.Flatten(), nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0))
    try:
        regularizer.check(with_batch_norm)
    except IncompatibleError:
        return
    raise BrokenPromiseError(
        f"{component}: per_sample is True, but check() accepts batch norm. If you override check(), call "
        "super().check(critic)."
    )


def _terms(regularizer: Any, judge: Judge, maker: Maker) -> dict[str, Tensor]:
    """Return all terms of both players, with random numbers from seed 1."""
    torch.manual_seed(1)
    real, fake = (x.detach() for x in real_and_fake())
    comparison = compared(judge, maker, real, fake)
    generator_terms = terms_of(regularizer, "generator_terms", comparison)
    return {
        **terms_of(regularizer, "terms", comparison),
        **{f"generator's {name}": term for name, term in generator_terms.items()},
    }


def _has_graph(term: Any) -> bool:
    return isinstance(term, Tensor) and term.requires_grad


def _plain_attributes(regularizer: Any) -> dict[str, Any]:
    """Return copies of the numbers and tensors among the attributes that are no parameters or buffers."""
    return {
        name: value.clone() if isinstance(value, Tensor) else value
        for name, value in vars(regularizer).items()
        if not name.startswith("_") and name != "training" and isinstance(value, (bool, int, float, Tensor))
    }


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape and torch.equal(a, b)
    return bool(a == b)

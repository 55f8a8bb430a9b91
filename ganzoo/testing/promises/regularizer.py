"""What a ganzoo.Regularizer promises, asked between two small players, attached to them where it takes them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config.component import Blueprint
from ganzoo.errors import IncompatibleError
from ganzoo.testing.check import expect, skip
from ganzoo.testing.stand_ins import Judge, Maker, attach, real_and_fake
from ganzoo.testing.subjects import Component


def its_terms_are_penalties(component: Component) -> None:
    """Each term, for either player, is a finite float32 scalar of at least 0."""
    for name, term in _terms(*attach(component.build())).items():
        expect(
            isinstance(term, Tensor) and term.shape == () and term.dtype is torch.float32 and term.isfinite(),
            f"{component}: its term {name!r} is {term!r}, not a finite float32 scalar. Take the .mean() over the "
            "batch, of x.float().",
        )
        expect(
            term >= 0,
            f"{component}: its term {name!r} is {term.item():.4g}. A penalty is nought at best: square the difference, "
            "or take its absolute value; a player minimises it.",
        )


def the_same_seed_gives_the_same_terms(component: Component) -> None:
    """What it draws, it draws from torch's generator."""
    first, second = (_terms(*attach(component.build())) for _ in range(2))
    if not first:
        skip("it has no terms for the players it is asked on")
    expect(
        first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first),
        f"{component}: two of them, under one seed and with the same players, give other terms. Draw by torch.rand() "
        "and its like, and keep nothing in the class or the module.",
    )


def a_gradient_reaches_the_players(component: Component) -> None:
    """Its terms have a finite gradient in the weights of the discriminator, or of the generator for generator_terms."""
    regularizer, judge, maker = attach(component.build())
    real, _ = real_and_fake()
    _terms(regularizer, judge, maker)
    with torch.no_grad():  # a penalty may be nought where the players started
        for parameter in [*judge.parameters(), *maker.parameters()]:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    asked = False
    for told, player in (
        (regularizer.terms(judge, real, maker(maker.prior(5)).detach()), judge),
        (regularizer.generator_terms(judge.features, real, maker(maker.prior(5))), maker),
    ):
        for name, term in told.items():
            asked = True
            weights = [p for p in player.parameters() if p.requires_grad]
            found = torch.autograd.grad(term, weights, allow_unused=True, retain_graph=True) if _grows(term) else []
            reached = [gradient for gradient in found if gradient is not None]
            expect(
                any(gradient.any() for gradient in reached) and all(one.isfinite().all() for one in reached),
                f"{component}: its term {name!r} has no finite gradient in the player's weights, so that it changes "
                "nothing. Compute it from critic(x), without detach() and no_grad(); for a gradient at samples, with "
                "create_graph=True; and add a small number under square roots.",
            )
    if not asked:
        skip("it has no terms for the players it is asked on")


def samples_stay_as_they_were(component: Component) -> None:
    """Real and fake samples are not changed, and the discriminator's terms give them no gradient."""
    regularizer, judge, _ = attach(component.build())
    real, fake = (x.detach() for x in real_and_fake())
    before = real.clone(), fake.clone()
    regularizer.terms(judge, real, fake)
    regularizer.generator_terms(judge.features, real, fake)
    expect(
        torch.equal(real, before[0]) and torch.equal(fake, before[1]),
        f"{component}: it changes real or fake samples in place. Write x = x + noise, not x += noise: others use the "
        "same samples afterwards.",
    )
    real, fake = real_and_fake()
    for term in regularizer.terms(judge, real, fake).values():
        if _grows(term):
            term.backward(retain_graph=True)
    expect(
        real.grad is None and fake.grad is None,
        f"{component}: its terms give the samples a gradient. Begin with x = real.detach().requires_grad_(): fakes may "
        "hang on the generator, which is not to move here.",
    )


def what_it_changes_can_still_be_trained(component: Component) -> None:
    """project() keeps the shapes of the discriminator's weights, that they are trained, and that they are finite."""
    regularizer, judge, maker = attach(component.build())
    shapes = [p.shape for p in judge.parameters()]
    trained = [p.requires_grad for p in judge.parameters()]
    others = {name: tensor.clone() for name, tensor in maker.state_dict().items()}
    regularizer.project(judge)
    expect(
        [p.shape for p in judge.parameters()] == shapes
        and [p.requires_grad for p in judge.parameters()] == trained
        and all(p.isfinite().all() for p in judge.parameters()),
        f"{component}: after project(), weights of the discriminator have another shape, are not trained any more, or "
        "are not finite. Change values alone, under torch.no_grad(): p.clamp_(-c, c). Optimizers hold the parameters.",
    )
    expect(
        all(torch.equal(tensor, others[name]) for name, tensor in maker.state_dict().items()),
        f"{component}: project() changes the generator, too. It is called after the discriminator's moves, with the "
        "discriminator: change no other network.",
    )


def it_is_computed_every_so_many_steps(component: Component) -> None:
    """`every` is a whole number from 1, and what the setting of that name says, where there is one."""
    regularizer = component.build()
    expect(
        isinstance(regularizer.every, int) and regularizer.every >= 1,
        f"{component}: every is {regularizer.every!r}. It counts steps, from 1: annotate the setting as PositiveInt.",
    )
    if "every" in Blueprint(component.entry).signature.settings:
        expect(
            component.build(every=4).every == 4,
            f"{component}: with every=4, .every is {component.build(every=4).every!r}. Write self.every = every in "
            "__init__.",
        )


def what_it_remembers_is_in_a_checkpoint(component: Component) -> None:
    """What changes while it trains is in buffers of its own, being an nn.Module, or in the players' state."""
    regularizer, judge, maker = attach(component.build())
    before = _plain(regularizer)
    for _ in range(2):
        _terms(regularizer, judge, maker)
        regularizer.project(judge)
    now = _plain(regularizer)
    changed = [name for name in now if name not in before or not _equal(before[name], now[name])]
    remedy = (
        "Derive from ganzoo.Regularizer and nn.Module, call super().__init__(), and keep it by "
        f'self.register_buffer("{changed[0] if changed else ""}", torch.tensor(0.0)): a resumed run has nothing else.'
    )
    expect(
        not changed,
        f"{component}: self.{''.join(changed[:1])} changes in training, and no checkpoint keeps it. {remedy}",
    )


def penalties_of_each_sample_refuse_batch_norm(component: Component) -> None:
    """With per_sample = True, check() raises ganzoo.IncompatibleError for a discriminator that mixes samples."""
    regularizer = component.build()
    if not regularizer.per_sample:
        skip("its terms are no gradients at single samples")
    mixed = nn.Sequential(nn.Flatten(), nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0))
    try:
        regularizer.check(mixed)
    except IncompatibleError:
        return
    expect(
        False,
        f"{component}: per_sample = True, and check() lets batch norm pass. Where you override it, call "
        "super().check(critic).",
    )


def _terms(regularizer: Any, judge: Judge, maker: Maker) -> dict[str, Tensor]:
    """All terms, of both players, their noise drawn from seed 1."""
    torch.manual_seed(1)
    real, fake = (x.detach() for x in real_and_fake())
    return {
        **regularizer.terms(judge, real, fake),
        **{f"generator's {name}": one for name, one in regularizer.generator_terms(judge.features, real, fake).items()},
    }


def _grows(term: Any) -> bool:
    return isinstance(term, Tensor) and term.requires_grad


def _plain(regularizer: Any) -> dict[str, Any]:
    """Numbers and tensors that are attributes, and no parameters or buffers."""
    own = {name: value for name, value in vars(regularizer).items() if not name.startswith("_") and name != "training"}
    kept = (bool, int, float, Tensor)
    return {n: v.clone() if isinstance(v, Tensor) else v for n, v in own.items() if isinstance(v, kept)}


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape and torch.equal(a, b)
    return bool(a == b)

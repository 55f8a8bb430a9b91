"""Comparisons that regularizers are handed, several regularizers of a discriminator, and those of ganzoo 0.1."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import (
    Batch,
    Comparison,
    Critic,
    Discriminator,
    Fakes,
    Features,
    IncompatibleError,
    Regularizer,
    Regularizers,
    Spec,
    Terms,
)
from ganzoo.registry.versions import Deprecated
from ganzoo.testing.stand_ins import Judge, Maker
from ganzoo_builtins.losses.non_saturating import NonSaturating
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.regularizers.feature_matching import FeatureMatching
from ganzoo_builtins.regularizers.historical_averaging import HistoricalAveraging
from ganzoo_builtins.regularizers.r1 import R1
from ganzoo_builtins.regularizers.spectral_norm import SpectralNorm
from ganzoo_builtins.regularizers.virtual_batch_norm import VirtualBatchNorm
from helpers.support import compared

SPEC = Spec((2, 2, 2))
REAL, FAKE = torch.full((3, 2), 1.0), torch.full((3, 2), 2.0)


def linear(x: Tensor) -> Tensor:
    """Has the gradient (3, 4) everywhere."""
    return x.flatten(1) @ torch.tensor([3.0, 4.0]).to(x)


class Labelled(Discriminator):
    """Answers with the label itself."""

    conditional = True

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return 10.0 * y[:, None]

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return features[:, 0] / 10


class Earlier(Regularizer):
    """Terms in the form of ganzoo 0.1."""

    per_sample = True

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:  # type: ignore[override]
        self.networks = discriminator, generator

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:  # type: ignore[override]
        return {"earlier": critic(real).mean() + 100 * critic(fake).mean()}

    def generator_terms(self, features: Features, real: Tensor, fake: Tensor) -> Terms:  # type: ignore[override]
        return {"helping": features(fake).mean()}


class Half(R1):
    """A subclass of a regularizer of today, in the form of ganzoo 0.1."""

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:  # type: ignore[override]
        return {"half": super().terms(critic, real, fake)["r1"] / 2}  # type: ignore[call-arg, arg-type]


class Constant(Regularizer):
    """A term of 2 for the discriminator, and one of 3 for the generator."""

    def __init__(self, name: str = "constant", every: int = 1):
        self.name = name
        self.every = every

    def terms(self, comparison: Comparison) -> Terms:
        return {self.name: torch.tensor(2.0)}

    def generator_terms(self, comparison: Comparison) -> Terms:
        return {self.name: torch.tensor(3.0)}


class Another(Constant):
    """Another class of the same terms."""


def attached(*items: Regularizer) -> Regularizers:
    return Regularizers([lambda one=one: one for one in items], Judge(), Maker(), SPEC)


def numbers(terms: Terms) -> dict[str, float]:
    return {name: term.item() for name, term in terms.items()}


def test_real_and_fake_samples_are_judged_under_their_own_labels() -> None:
    real_labels, fake_labels = torch.tensor([1, 2, 3]), torch.tensor([7, 8, 9])
    one = Comparison.of(Labelled(), nn.Identity(), REAL, FAKE, real_labels=real_labels, fake_labels=fake_labels, step=4)
    assert one.critic(FAKE).tolist() == [1, 2, 3]  # one critic, for points between real samples and fakes
    assert one.features(REAL).flatten().tolist() == [10, 20, 30]
    assert one.features(FAKE).flatten().tolist() == [70, 80, 90]
    assert one.real_labels is real_labels and one.fake_labels is fake_labels and one.step == 4
    assert one.over_processes(torch.tensor(3.0, requires_grad=True)).requires_grad is False


def test_a_discriminator_that_takes_no_labels_is_given_none() -> None:
    judge = Judge()
    x = torch.randn(3, 2, 2, 2)
    one = Comparison.of(judge, Maker(), x, x, real_labels=torch.zeros(3), fake_labels=torch.tensor([1, 2, 3]))
    assert one.real_labels is None and one.fake_labels is not None
    assert torch.equal(one.critic(x), judge(x)) and torch.equal(one.features(x), judge.features(x))


def test_logits_that_a_move_has_computed_are_not_computed_again() -> None:
    calls: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        calls.append(x)
        return linear(x)

    known = Comparison.of(nn.Identity(), nn.Identity(), REAL, FAKE, judge=critic, fake_logits=torch.zeros(3))
    real, fake = known.logits()
    assert real.tolist() == [7, 7, 7] and fake.tolist() == [0, 0, 0]
    assert len(calls) == 1 and calls[0] is REAL


def test_terms_are_added_to_those_of_the_procedure() -> None:
    own = {"adversarial": torch.tensor(1.0), "shared": torch.tensor(5.0)}
    items = attached(Constant("shared"), Constant("constant"), Another("constant"))
    assert numbers(items.terms(compared(linear, REAL, FAKE), own)) == {
        "adversarial": 1,
        "shared": 7,  # summed with the procedure's
        "constant_2": 2,  # of the second one of its class
        "constant": 2,
    }
    assert numbers(items.generator_terms(compared(linear, REAL, FAKE)))["shared"] == 3
    assert list(own) == ["adversarial", "shared"]


def test_lazy_ones_are_scaled() -> None:
    items = attached(Constant(every=3))
    comparisons = [Comparison.of(nn.Identity(), nn.Identity(), REAL, FAKE, step=t) for t in range(4)]
    assert [numbers(items.terms(one)) for one in comparisons] == [{"constant": 6}, {}, {}, {"constant": 6}]


def test_without_regularizers_nothing_is_added() -> None:
    items = Regularizers(None, Judge(), Maker(), SPEC)
    assert len(items) == 0 and [*items] == [] and items.state_dict() == {}
    assert items.terms(compared(linear, REAL, FAKE), {"own": torch.tensor(1.0)}) == {"own": torch.tensor(1.0)}


def test_state_is_saved_and_the_networks_are_not_saved_twice() -> None:
    items = attached(R1(), HistoricalAveraging())
    assert {name.split(".")[0] for name in items.state_dict()} == {"0"}
    assert "0.discriminator_t" in items.state_dict()
    assert not [*items.parameters()]


def test_the_data_s_spec_reaches_attach() -> None:
    class Attached(Regularizer):
        def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
            self.seen = discriminator, generator, spec

    item = Attached()
    judge, maker = Judge(), Maker()
    Regularizers([lambda: item], judge, maker, SPEC)
    assert item.seen == (judge, maker, SPEC)


def test_several_discriminators_change_their_generator_once() -> None:
    torch.manual_seed(0)
    judges, maker = [Judge(), Judge(), Judge()], Maker()
    each = Regularizers.of_each([VirtualBatchNorm, lambda: SpectralNorm(players="both")], judges, maker, SPEC)
    assert len(each) == 3
    assert sum(nn.utils.parametrize.is_parametrized(layer) for layer in maker.modules()) == 2
    assert all(nn.utils.parametrize.is_parametrized(judge.head) for judge in judges)
    assert maker(maker.prior(4)).shape == (4, 2, 2, 2)  # the reference batch was put in front only once


def test_regularizers_of_every_discriminator_see_the_generator_s_own_weights() -> None:
    judges, maker = [Judge(), Judge()], Maker()
    each = Regularizers.of_each([HistoricalAveraging], judges, maker, SPEC)
    comparison = compared(linear, REAL, FAKE)
    for items in each:
        items.generator_terms(comparison)
    with torch.no_grad():
        next(maker.parameters()).add_(1.0)
    paid = [items.generator_terms(comparison)["historical_averaging"] for items in each]
    assert paid[0].item() > 0 and torch.equal(paid[0], paid[1])


def test_one_that_does_not_suit_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="R1 penalises the gradient of each sample"):
        Regularizers([R1], nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), Maker(), SPEC)


def test_a_regularizer_in_the_earlier_form_works_and_says_what_it_is_now() -> None:
    item = Earlier()
    with pytest.warns(Deprecated) as caught:
        items = attached(item)
    (message,) = (str(warning.message) for warning in caught)
    assert message.startswith("regularizer Earlier: attach(discriminator, generator) is now attach(discriminator,")
    assert "terms(critic, real, fake) is now terms(comparison)" in message
    assert "generator_terms(features, real, fake) is now generator_terms(comparison)" in message
    assert "ganzoo 0.3: see docs/regularizers.md" in message
    assert isinstance(item.networks[0], Judge)
    comparison = compared(linear, REAL, FAKE)
    assert numbers(items.terms(comparison)) == {"earlier": 7 + 100 * 14}
    assert numbers(items.generator_terms(comparison)) == {"helping": 14}
    assert items.for_generator() == [item]


class Foreign:
    """A regularizer that derives from nothing."""

    every, per_sample = 1, False

    def attach(self, discriminator: Any, generator: Any) -> None: ...

    def check(self, critic: Any) -> None: ...

    def terms(self, critic: Any, real: Tensor, fake: Tensor) -> Terms:
        return {"foreign": critic(real).mean()}

    def generator_terms(self, features: Any, real: Tensor, fake: Tensor) -> Terms:
        return {}


def test_one_that_derives_from_nothing_works_too() -> None:
    with pytest.warns(Deprecated, match="regularizer Foreign"):
        items = attached(Foreign())  # type: ignore[arg-type]
    assert numbers(items.terms(compared(linear, REAL, FAKE))) == {"foreign": 7}


def test_a_procedure_in_the_earlier_form_gets_the_same_terms() -> None:
    new = numbers(R1(weight=2).terms(compared(linear, REAL, FAKE)))
    with pytest.warns(Deprecated, match=r"terms\(critic, real, fake\) of regularizers is now terms\(comparison\)"):
        assert numbers(R1(weight=2).terms(linear, REAL, FAKE)) == new == {"r1": 25}  # type: ignore[call-arg, arg-type]
    with pytest.warns(Deprecated, match="generator_terms"):
        terms = FeatureMatching().generator_terms(lambda x: x, real=REAL, fake=FAKE)  # type: ignore[call-arg, arg-type]
    assert numbers(terms) == {"feature_matching": 2}
    judge = Judge()
    with pytest.warns(Deprecated, match="is now"):  # methods that a regularizer inherits
        R1().attach(judge, Maker())  # type: ignore[call-arg]
        assert SpectralNorm().terms(linear, REAL, FAKE) == {}  # type: ignore[call-arg, arg-type]
    with pytest.warns(Deprecated, match=r"attach\(discriminator, generator\) of regularizers is now"):
        SpectralNorm().attach(judge, Maker())  # type: ignore[call-arg]
    assert nn.utils.parametrize.is_parametrized(judge.head)


def test_an_earlier_subclass_of_a_regularizer_of_today_may_call_super() -> None:
    with pytest.warns(Deprecated, match="regularizer Half"):
        items = attached(Half(weight=2))
    with pytest.warns(Deprecated, match="is now terms"):
        assert numbers(items.terms(compared(linear, REAL, FAKE))) == {"half": 12.5}


def test_one_of_today_is_called_without_a_warning() -> None:
    items = attached(R1(weight=2), FeatureMatching())
    assert numbers(items.terms(compared(linear, REAL, FAKE))) == {"r1": 25}
    assert numbers(items.generator_terms(compared(lambda x: x, REAL, FAKE))) == {"feature_matching": 2}


class EarlierProcedure(Adversarial):
    """Overrides terms as ganzoo 0.1 called them, without logits."""

    def discriminator_terms(  # type: ignore[override]
        self, adversarial: Tensor, batch: Batch, fakes: Fakes, t: int
    ) -> dict[str, Tensor]:
        return {"more": torch.tensor(4.0), **super().discriminator_terms(adversarial, batch, fakes, t)}


def test_a_procedure_that_overrides_terms_in_the_earlier_form_works() -> None:
    parts: Any = (lambda spec: Maker(), lambda spec: Judge(), NonSaturating, [R1])
    procedure = EarlierProcedure(SPEC, *parts)
    with pytest.warns(Deprecated, match=r"EarlierProcedure.discriminator_terms\(\) takes the logits of the move"):
        first, second = procedure.step(iter([{"x": torch.randn(4, 2, 2, 2)}]), 0)
    assert set(first["discriminator"]) == {"more", "adversarial", "r1"} and set(second["generator"]) == {"adversarial"}

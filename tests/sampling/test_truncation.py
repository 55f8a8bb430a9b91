"""Truncated samples: their distribution, and who can be truncated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from ganzoo import GanzooError, Generator, IncompatibleError, Model, Procedure, Spec, truncated_prior
from ganzoo.sampling import latents
from helpers.examples import PROCEDURES, example_of


class Line(Generator):
    """x = z: its samples are its codes."""

    z_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return source + self.shift


class Uniform(Line):
    def prior(self, n: int) -> Tensor:
        return torch.rand(n, 2)


class Extended(Line):
    """A normal code whose second number is 3."""

    def prior(self, n: int) -> Tensor:
        return torch.cat([super().prior(n)[:, :1], torch.full((n, 1), 3.0)], 1)

    def truncated(self, truncation: float):  # type: ignore[no-untyped-def]
        return truncated_prior(truncation)


class Towards(Line):
    """Moves its inner code towards a mean, as StyleGAN does."""

    share = 1.0

    @contextmanager
    def truncated(self, truncation: float) -> Iterator[None]:
        self.share = truncation
        yield
        self.share = 1.0

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return 5 + self.share * (source - 5)


class Sampling(Procedure):
    def __init__(self, *generators: Generator, calls_prior: bool = True):
        super().__init__()
        self.G = nn.ModuleList(generators)
        self.calls_prior = calls_prior

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G]}

    def step(self, data, t):  # type: ignore[no-untyped-def]
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return sum(G(G.prior(n) if self.calls_prior else torch.randn(n, 2)) for G in self.G)  # type: ignore[return-value]


def model(*generators: Generator, **settings: bool) -> Model:
    return Model(Sampling(*generators, **settings).eval(), Spec((2,)), [])


@pytest.mark.parametrize(("bound", "deviation"), [(0.5, 0.284), (1.0, 0.540), (1.5, 0.743), (2.0, 0.880)])
def test_numbers_have_the_distribution_of_those_drawn_again(bound: float, deviation: float) -> None:
    x = model(Line()).sample(50_000, seed=0, truncation=bound)
    assert x.abs().max() <= bound
    assert x.std().item() == pytest.approx(deviation, abs=0.004)
    assert x.mean().item() == pytest.approx(0, abs=0.01)
    inside = math.erf(bound / 2 / math.sqrt(2)) / math.erf(bound / math.sqrt(2))  # P(|z| < bound / 2), given the bound
    assert (x.abs() < bound / 2).float().mean().item() == pytest.approx(inside, abs=0.006)


def test_the_same_seed_gives_the_same_order_and_none_the_same_samples() -> None:
    whole, less = (model(Line()).sample(200, seed=3, truncation=bound) for bound in (None, 0.7))
    assert torch.equal(whole[:, 0].argsort(), less[:, 0].argsort())
    torch.testing.assert_close(model(Line()).sample(200, seed=3, truncation=8.0), whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(model(Line()).sample(200, seed=3), whole)


def test_every_generator_of_a_procedure_is_truncated() -> None:
    assert model(Line(), Line()).sample(5_000, seed=0, truncation=0.1).abs().max() <= 0.2


def test_a_generator_declares_how() -> None:
    extended = model(Extended()).sample(500, seed=0, truncation=0.5)
    assert extended[:, 0].abs().max() <= 0.5 and (extended[:, 1] == 3).all()
    plain, towards = (model(Towards()).sample(9, seed=0, truncation=share) for share in (None, 0.5))
    torch.testing.assert_close(towards, 5 + 0.5 * (plain - 5))


def test_those_that_cannot_are_refused_in_one_line() -> None:
    with pytest.raises(IncompatibleError, match="generator Uniform has a prior that is not normal: leave out"):
        model(Uniform()).sample(2, truncation=0.5)
    with pytest.raises(IncompatibleError, match="samples without its generator's prior: leave out the truncation"):
        model(Line(), calls_prior=False).sample(2, truncation=0.5)
    for bound in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(GanzooError, match="give a number above 0, such as"):
            model(Line()).sample(2, truncation=bound)


def test_codes_of_interpolations_are_truncated_too() -> None:
    procedure = Sampling(Line())
    with torch.no_grad(), latents.truncated(procedure, 0.5):
        (codes,) = latents.drawn(procedure, 100, None)
        assert codes.abs().max() <= 0.5
        given = torch.full((100, 2), 2.0)
        assert torch.equal(latents.sample(procedure, 100, None, [given]), given)


@pytest.mark.parametrize("name", ["ganzoo/translation", "ganzoo/ppgn"])
def test_translators_and_chains_are_refused(name: str) -> None:
    entry = next(entry for entry in PROCEDURES if entry.full_name == name)
    example = example_of(entry)
    with pytest.raises(IncompatibleError, match="leave out the truncation"):
        Model(example.procedure().eval(), example.spec, []).sample(2, truncation=0.5)

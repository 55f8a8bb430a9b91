"""Ways between codes, and samples from codes that were prescribed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import GanzooError, Generator, Procedure
from ganzoo.registry.zoo import Entry
from ganzoo.sampling import latents
from ganzoo.utils import modes
from helpers.examples import PROCEDURES, example_of

CPU = torch.device("cpu")


def test_spherical_goes_along_the_circle_at_an_even_pace() -> None:
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    for place in (0.0, 0.25, 1 / 3, 1.0):
        angle = place * math.pi / 2
        assert latents.spherical(a, b, place)[0].tolist() == pytest.approx([math.cos(angle), math.sin(angle)])


def test_spherical_keeps_the_length_of_normal_codes_and_linear_does_not() -> None:
    a, b = torch.randn(2, 50, 400, generator=torch.Generator().manual_seed(0)).unbind()
    ends = (a.norm(dim=1).mean() + b.norm(dim=1).mean()) / 2
    assert latents.spherical(a, b, 0.5).norm(dim=1).mean() / ends == pytest.approx(1, abs=0.02)
    assert latents.linear(a, b, 0.5).norm(dim=1).mean() / ends == pytest.approx(math.sqrt(0.5), abs=0.02)


@pytest.mark.parametrize(
    ("a", "b", "middle"),
    [
        ([1.0, 2.0], [2.0, 4.0], [1.5, 3.0]),  # parallel
        ([1.0, 2.0], [1.0, 2.0], [1.0, 2.0]),  # the same
        ([1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]),  # opposite: no circle is the shortest
        ([3.0], [-5.0], [-1.0]),  # of one number
    ],
)
def test_spherical_is_straight_where_there_is_no_circle(a: list[float], b: list[float], middle: list[float]) -> None:
    way = latents.spherical(torch.tensor([a]), torch.tensor([b]), 0.5)
    assert way[0].tolist() == pytest.approx(middle, abs=1e-6)


def test_spherical_is_as_long_as_its_ends_even_between_nearly_opposite_codes() -> None:
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[-3.0, 0.01]])
    assert [latents.spherical(a, b, place).norm().item() for place in (0.25, 0.5)] == pytest.approx(
        [1.5, 2.0], abs=1e-4
    )


@pytest.mark.parametrize("path", latents.PATHS.values())
def test_ways_begin_and_end_where_they_should(path: latents.Path) -> None:
    a, b = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0)).unbind()
    assert torch.allclose(path(a, b, 0.0), a) and torch.allclose(path(a, b, 1.0), b)
    assert path(a.half(), b.half(), 0.5).dtype == torch.half


def own_and_again(entry: Entry) -> tuple[Tensor, Tensor, Tensor]:
    """Four samples, the same from their own codes, and others from other codes."""
    example = example_of(entry)
    procedure = example.procedure()
    y = torch.arange(4) % example.spec.classes if procedure.conditional else None
    with modes.sampling(procedure, CPU, 7):
        codes = latents.drawn(procedure, 4, y)
    made: list[Tensor] = []
    for given in (None, codes, [code.flip(0) * 0.9 for code in codes]):
        with modes.sampling(procedure, CPU, 7):
            made.append(latents.sample(procedure, 4, y, given) if given else procedure.sample(4, y))
    assert not any("prior" in module.__dict__ for module in procedure.modules())
    return made[0], made[1], made[2]


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_a_sample_from_its_own_codes_is_the_same_sample(entry: Entry) -> None:
    """Of every procedure: whatever else it draws, the next codes change nothing but what comes of them."""
    try:
        own, again, other = own_and_again(entry)
    except GanzooError as error:
        assert "draws no codes from a generator's prior" in str(error)
        return
    assert torch.equal(own, again)
    assert other.shape == own.shape and not torch.equal(own, other)


class Linear(Generator):
    """z -> z."""

    def __init__(self) -> None:
        super().__init__()
        self.z_dim = 3
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.weight * z


class NoisyAfterwards(Procedure):
    """Draws a code, and then noise that is added to the sample."""

    def __init__(self) -> None:
        super().__init__()
        self.G = Linear()

    def players(self) -> Any: ...
    def step(self, data: Any, t: int) -> Any: ...

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n)) + torch.randn(n, 3)


def test_what_is_drawn_after_the_code_stays_the_same() -> None:
    procedure, given = NoisyAfterwards(), [torch.full((2, 3), 5.0)]
    with modes.sampling(procedure, CPU, 1):
        codes = latents.drawn(procedure, 2, None)
    with modes.sampling(procedure, CPU, 1):
        own = procedure.sample(2)
    with modes.sampling(procedure, CPU, 1):
        other = latents.sample(procedure, 2, None, given)
    assert torch.allclose(other - given[0], own - codes[0], atol=1e-6)


def test_priors_are_as_before_after_a_failure() -> None:
    entry = next(entry for entry in PROCEDURES if entry.name == "adversarial")
    procedure = example_of(entry).procedure()
    with pytest.raises(GanzooError, match="draws other codes each time"), torch.no_grad():
        latents.sample(procedure, 4, None, [torch.zeros(3, 2)])
    assert not any("prior" in module.__dict__ for module in procedure.modules())

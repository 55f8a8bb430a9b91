"""Translators: where pairs come from, what their grids show, and which generators they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, GanzooError, Generator, IncompatibleError, Move, Spec, Transform, Translator
from ganzoo.registry.zoo import Entry
from ganzoo.translator import beside, shown

SPEC = Spec((1, 8, 8))


class Half(Transform):
    """Every second pixel."""

    def spec(self, spec: Spec) -> Spec:
        return Spec((spec.shape[0], spec.shape[1] // 2, spec.shape[2] // 2))

    def __call__(self, x: Tensor) -> Tensor:
        return x[..., ::2, ::2]


class Twice(Generator):
    """Every pixel twice, times a weight of one."""

    def __init__(self, spec: Spec, source: Spec | None = None):
        super().__init__()
        self.source_shape = source.shape if source else (spec.shape[0], spec.shape[1] // 2, spec.shape[2] // 2)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.weight * a.repeat_interleave(2, 2).repeat_interleave(2, 3)


class Same(Generator):
    """Returns its input; knows nothing of other shapes."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.weight * a


class Noisy(Same):
    z_dim = 3


def blueprint(target: Any) -> Blueprint:
    return Blueprint(Entry("generator", target.__name__.lower(), "tests", target))


class Copying(Translator):
    """Trains nothing."""

    def __init__(self, spec: Spec, generator: Blueprint, transform: Blueprint | None = None):
        super().__init__(spec, transform)
        self.G = self.make(generator)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.G(a, y)


def halving() -> Copying:
    return Copying(SPEC, blueprint(Twice), blueprint(Half))


def test_pairs_are_made_by_the_transform() -> None:
    x = torch.rand(3, 1, 8, 8)
    a, b = halving().pairs({"x": x})
    assert torch.equal(a, x[..., ::2, ::2]) and b is x


def test_pairs_of_the_data_are_taken_as_they_are() -> None:
    batch = {"a": torch.rand(3, 1, 8, 8), "b": torch.rand(3, 1, 8, 8)}
    a, b = Copying(SPEC, blueprint(Same)).pairs(batch)
    assert a is batch["a"] and b is batch["b"]


def test_without_pairs_and_transform_it_says_what_to_do() -> None:
    with pytest.raises(GanzooError, match=r"has no pairs.*\[transform\]"):
        Copying(SPEC, blueprint(Same)).pairs({"x": torch.rand(3, 1, 8, 8)})


def test_the_source_is_what_the_transform_makes() -> None:
    assert halving().source == Spec((1, 4, 4)) and halving().spec == SPEC
    assert Copying(SPEC, blueprint(Same)).source == SPEC


def test_samples_are_of_the_shape_of_the_data_and_drawn_from_the_seed() -> None:
    torch.manual_seed(0)
    x = halving().sample(2)
    assert x.shape == (2, 1, 8, 8) and x.min() < 0 < x.max() and x.abs().max() <= 1
    torch.manual_seed(0)
    assert torch.equal(x, halving().sample(2))


def test_a_preview_shows_input_output_and_truth_beside_each_other() -> None:
    x = torch.rand(200, 1, 8, 8)
    panel = halving().preview({"x": x})
    assert len(panel.samples) == 3 * shown(SPEC, 3) and panel.columns % 3 == 0
    enlarged = x[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)
    for i in range(2):
        assert torch.equal(panel.samples[3 * i], enlarged[i])  # the input, as large as the output
        assert torch.equal(panel.samples[3 * i + 1], enlarged[i])
        assert torch.equal(panel.samples[3 * i + 2], x[i])


@pytest.mark.parametrize(("width", "triplets"), [(28, 4), (64, 2), (256, 1)])
def test_a_row_of_a_grid_has_room_for_so_many(width: int, triplets: int) -> None:
    assert shown(Spec((3, width, width)), 3) == 6 * triplets
    assert beside(*[torch.zeros(6 * triplets, 3, width, width)] * 3).columns == 3 * triplets


def test_grey_inputs_are_shown_beside_colour() -> None:
    panel = beside(torch.zeros(2, 1, 4, 4), torch.ones(2, 3, 4, 4))
    assert panel.samples.shape == (4, 3, 4, 4)
    assert panel.samples.flatten(1).mean(1).tolist() == [0, 1, 0, 1]


def test_a_generator_is_told_what_it_is_given() -> None:
    assert halving().G.source_shape == (1, 4, 4)
    assert Copying(SPEC, blueprint(Same)).G.source_shape is None
    assert halving().make(blueprint(Twice), Spec((3, 8, 8))).source_shape == (1, 4, 4)


def test_a_generator_of_noise_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="generator noisy draws from noise"):
        Copying(SPEC, blueprint(Noisy))


def test_a_generator_for_other_inputs_is_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"takes inputs of shape \(1, 8, 8\), and they have \(1, 4, 4\)"):
        Copying(SPEC, blueprint(Same), blueprint(Half))

"""Translators: where pairs come from, what their grids show, and which generators they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import (
    Batch,
    Blueprint,
    GanzooError,
    Generator,
    IncompatibleError,
    Model,
    Move,
    Procedure,
    Spec,
    Transform,
    Translator,
    Unpaired,
)
from ganzoo.registry.zoo import Entry
from ganzoo.testing.stand_ins import Noise
from ganzoo.translator import beside, check_data, shown

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


class Loose(Copying):
    """Learns both directions, from two sets."""

    needs_pairs = False

    def __init__(self, spec: Spec, generator: Blueprint, transform: Blueprint | None = None):
        super().__init__(spec, generator, transform)
        self.F = self.make(generator, spec=self.source, source=spec)

    def translate_back(self, b: Tensor, y: Tensor | None = None) -> Tensor:
        return -self.F(b)


class Convolution(Same):
    multiple = 2


class Alone(Procedure):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def players(self) -> dict[str, list[nn.Module]]:
        return {}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.weight.expand(n, *SPEC.shape)


def test_inputs_may_have_a_shape_of_their_own_in_the_data() -> None:
    small = Spec(SPEC.shape, classes=3, source_shape=(1, 4, 4))
    translator = Copying(small, blueprint(Twice))
    assert translator.source == Spec((1, 4, 4)) and translator.translate(torch.rand(2, 1, 4, 4)).shape == (2, 1, 8, 8)
    assert Copying(small, blueprint(Twice), blueprint(Half)).source == Spec((1, 4, 4))  # those of the transform


def test_samples_of_two_sets_are_not_shown_as_if_they_were_targets() -> None:
    translator, x = Loose(SPEC, blueprint(Same)), torch.rand(40, 1, 8, 8)
    panel = translator.preview({"a": x, "b": -x})
    assert translator.kinds == 2 and halving().kinds == 3
    assert torch.equal(panel.samples[::2], x[: shown(SPEC, 2)]) and torch.equal(panel.samples[1::2], panel.samples[::2])


@pytest.mark.parametrize(
    ("procedure", "message"),
    [
        (Alone(), r"the data is two sets, and procedure Alone learns from one"),
        (Copying(SPEC, blueprint(Same)), r"procedure Copying compares outputs with targets: use data of pairs"),
    ],
)
def test_two_sets_are_refused_by_procedures_of_one(procedure: Procedure, message: str) -> None:
    with pytest.raises(IncompatibleError, match=message):
        check_data(procedure, Unpaired(Noise(SPEC.shape), Noise(SPEC.shape)))
    check_data(procedure, Noise(SPEC.shape))


def test_two_sets_and_a_transform_are_one_too_many() -> None:
    sets = Unpaired(Noise(SPEC.shape), Noise(SPEC.shape))
    check_data(Loose(SPEC, blueprint(Same)), sets)
    with pytest.raises(IncompatibleError, match=r"\[transform\] computes inputs.*leave out one of them"):
        check_data(Loose(SPEC, blueprint(Same), blueprint(Negated)), sets)


class Negated(Transform):
    def __call__(self, x: Tensor) -> Tensor:
        return -x


def model(translator: Translator) -> Model:
    return Model(translator.eval(), translator.spec, [], data=lambda: Noise(SPEC.shape, n=9, pairs=True))


def test_a_model_translates_in_both_directions() -> None:
    two_way, x = model(Loose(SPEC, blueprint(Same))), torch.rand(3, 1, 8, 8)
    assert torch.equal(two_way.translate(x), x) and torch.equal(two_way.translate(x, reverse=True), -x)
    a, b = two_way.pairs(4, seed=1)
    ((given, output, target),) = two_way.stream_translations(4, None, 1, reverse=True)
    assert torch.equal(given, b) and torch.equal(output, -b) and target is None
    assert two_way.translator.two_way and not torch.equal(a, b)


def test_one_direction_is_not_reversed() -> None:
    with pytest.raises(GanzooError, match="one direction only"):
        model(Copying(SPEC, blueprint(Same))).translate(torch.rand(1, 1, 8, 8), reverse=True)
    with pytest.raises(IncompatibleError, match="Copying translates in one direction only"):
        Copying(SPEC, blueprint(Same)).translate_back(torch.rand(1, 1, 8, 8))


def test_generators_of_convolutions_take_any_size() -> None:
    x = torch.rand(2, 1, 11, 40)
    assert torch.equal(model(Copying(SPEC, blueprint(Convolution))).translate(x), x)
    assert torch.equal(model(Copying(SPEC, blueprint(Convolution))).translate(x, tile=8), x)
    with pytest.raises(GanzooError, match=r"inputs have shape \(1, 11, 40\), and this GAN translates \(1, 8, 8\)"):
        model(Copying(SPEC, blueprint(Same))).translate(x)
    with pytest.raises(GanzooError, match=r"inputs have shape \(3, 8, 8\)"):
        model(Copying(SPEC, blueprint(Convolution))).translate(torch.rand(2, 3, 8, 8))


def test_sides_are_multiples_for_every_generator() -> None:
    class Four(Same):
        multiple = 4

    class Three(Translator):
        translate = Copying.translate  # type: ignore[assignment]
        step, players = Copying.step, Copying.players

        def __init__(self) -> None:
            super().__init__(SPEC)
            self.G = self.make(blueprint(Convolution))
            self.K = self.make(blueprint(Four))

    three = Three()
    assert three.multiple == 4
    three.L = three.make(blueprint(Same))
    assert three.multiple == 0

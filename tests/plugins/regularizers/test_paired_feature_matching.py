"""Feature matching layer by layer: its value, its zero, whom its gradient reaches, and through what it looks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import AugmentedDiscriminator, Comparison, Discriminator, IncompatibleError, Spec
from ganzoo.config import instantiate
from helpers.support import PLUGINS, tiny


class Judge(Discriminator):
    """Two layers: 2 x and x^2."""

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x.square()

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        return [2 * x, x.square()]


class Shift(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


def regularizer(**settings: Any) -> Any:
    return PLUGINS.zoo.find("regularizer", "paired_feature_matching").load()(**settings)


def value(judge: Any, real: Tensor, fake: Tensor, **settings: Any) -> float:
    handed = Comparison.of(judge, nn.Identity(), real, fake)
    return regularizer(**settings).generator_terms(handed)["paired_feature_matching"].item()


def test_it_is_the_sum_over_layers_of_mean_absolute_differences() -> None:
    target, output = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    # pairs differ by 0, 2, 1, 0, their squares by 0, 4, 1, 0
    assert value(Judge(), target, output, weight=3.0) == pytest.approx(3 * (2 * 0.75 + 1.25))
    assert value(Judge(), target, target) == 0
    assert value(Judge(), target, target.flip(0)) > 0  # samples are compared in pairs


def test_a_discriminator_without_layers_is_compared_by_its_features() -> None:
    target, output = torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 2.0]])
    handed = Comparison.of(nn.Identity(), nn.Identity(), target, output, features=torch.square)
    assert regularizer(weight=1.0).generator_terms(handed)["paired_feature_matching"].item() == 1.5


def test_augmentations_are_seen_through() -> None:
    target, output = torch.tensor([[1.0]]), torch.tensor([[2.0]])
    shifted = AugmentedDiscriminator(Judge(), [Shift()])  # type: ignore[list-item]
    assert value(shifted, target, output, weight=1.0) == 2 * 1 + (9 - 4)


def test_the_target_gets_no_gradient() -> None:
    target, output = torch.rand(2, 3, requires_grad=True), torch.rand(2, 3, requires_grad=True)
    handed = Comparison.of(Judge(), nn.Identity(), target, output)
    regularizer().generator_terms(handed)["paired_feature_matching"].backward()
    assert target.grad is None and output.grad is not None and output.grad.all()


def test_a_translators_input_is_held_beside_both() -> None:
    """In `translation`, the layers are those of the discriminator of pairs."""
    recipe = tiny(
        """
        [dataset]
        use = "digits"
        [procedure]
        use = "translation"
        [transform]
        use = "negative"
        [generator]
        use = "pix2pix"
        width = 2
        [discriminator]
        use = "multi_scale"
        width = 2
        scales = 1
        layers = 1
        [[regularizer]]
        use = "paired_feature_matching"
        weight = 1.0
        """
    )
    procedure: Any = instantiate.procedure(recipe, Spec((1, 8, 8)))
    a, b, fake = (torch.rand(2, 1, 8, 8) for _ in range(3))
    handed = procedure.comparison(a, b, fake, 0)
    judge = procedure.D
    expected = sum(
        (one - other).abs().mean()
        for one, other in zip(
            judge.layer_features(torch.cat([a, b], 1)), judge.layer_features(torch.cat([a, fake], 1)), strict=True
        )
    )
    term = procedure.regularizers.generator_terms(handed)["paired_feature_matching"]
    torch.testing.assert_close(term, expected)


def test_generators_from_noise_are_refused() -> None:
    generator = nn.Linear(2, 2)
    generator.z_dim = 2
    with pytest.raises(IncompatibleError, match="draws from noise: use feature_matching"):
        regularizer().attach(nn.Identity(), generator, Spec((2,)))

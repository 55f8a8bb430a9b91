"""The multi-scale discriminator: what each scale sees, how scales are joined, and its features of all layers."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import avg_pool2d

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.gans.multi_scale import MultiScaleDiscriminator


def test_the_second_scale_sees_twice_as_much() -> None:
    """Patches of 70 pixels, and of 141 by the 3x3 mean of stride 2."""
    D = MultiScaleDiscriminator(Spec((1, 256, 256)), width=1, layers=3, norm="none")
    for judge, patch in zip(D.judges, (70, 141), strict=True):
        x = torch.rand(1, 1, 256, 256, requires_grad=True)
        image = x if judge is D.judges[0] else D._scales(x)[1]
        logits = judge(image)
        middle = logits.shape[-1] // 2
        logits[0, 0, middle, middle].backward()
        seen = x.grad[0, 0].abs() > 0  # type: ignore[index]
        assert int(seen.any(0).sum()) == patch


def test_each_scale_has_a_map_and_features_of_each_of_its_layers() -> None:
    D = MultiScaleDiscriminator(Spec((1, 28, 28)), width=2)
    x = torch.rand(3, 1, 28, 28)
    first, second = D.judges
    half = avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)  # (3, 1, 14, 14)
    logits = D(x)  # (3, 2, 5, 5)
    torch.testing.assert_close(logits[:, :1], first(x))
    torch.testing.assert_close(logits[:, 1].mean(), second(half).mean())
    maps = D.layer_features(x)
    assert [tuple(m.shape) for m in maps[:3]] == [(3, 2, 14, 14), (3, 4, 7, 7), (3, 8, 6, 6)]
    torch.testing.assert_close(torch.cat([maps[2].flatten(1), maps[5].flatten(1)], dim=1), D.features(x))
    torch.testing.assert_close(first.head(maps[2]), first(x))


def test_the_paper_has_three_strided_layers_wherever_there_is_room() -> None:
    for side, scales, layers in ((256, 3, 3), (48, 2, 3), (28, 2, 2), (28, 3, 1), (33, 1, 3)):
        with torch.device("meta"):
            D = MultiScaleDiscriminator(Spec((3, side, side)), scales=scales)
        assert len(D.layer_features(torch.empty(1, 3, side, side, device="meta"))) == scales * (layers + 1)


def test_images_without_room_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"less than 3 pixels are left of 28x28: add dataset.size=96"):
        MultiScaleDiscriminator(Spec((1, 28, 28)), scales=3, layers=3)
    with pytest.raises(IncompatibleError, match=r"add dataset.size=96"):
        MultiScaleDiscriminator(Spec((1, 28, 28)), scales=5)

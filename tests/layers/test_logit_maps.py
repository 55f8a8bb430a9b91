"""Logits of several judges as one tensor."""

from __future__ import annotations

import pytest
import torch

from ganzoo import stack_logits


def test_smaller_maps_are_repeated_to_the_size_of_the_largest() -> None:
    large = torch.arange(16.0).view(1, 1, 4, 4)
    small = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    stacked = stack_logits([large, small, torch.tensor([7.0])])
    assert stacked.shape == (1, 3, 4, 4)
    assert torch.equal(stacked[:, :1], large)
    assert stacked[0, 1].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert (stacked[0, 2] == 7).all()


def test_each_judge_counts_alike_in_a_mean_of_any_function() -> None:
    torch.manual_seed(0)
    maps = [torch.randn(3, 1, 6, 6), torch.randn(3, 1, 3, 2), torch.randn(3)]
    expected = sum(logits.exp().mean() for logits in maps) / 3
    assert stack_logits(maps).exp().mean().item() == pytest.approx(expected.item(), rel=1e-5)


def test_logits_alone_become_a_map_of_one_pixel_and_gradients_return_to_each() -> None:
    logits, maps = torch.zeros(2, requires_grad=True), torch.zeros(2, 2, 5, 5, requires_grad=True)
    assert stack_logits([logits]).shape == (2, 1, 1, 1)
    stack_logits([logits, maps]).sum().backward()
    assert logits.grad is not None and logits.grad.tolist() == [25, 25]
    assert maps.grad is not None and (maps.grad == 1).all()

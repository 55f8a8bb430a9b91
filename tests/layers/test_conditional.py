"""Layers that take labels, against closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import (
    ConcatEmbedding,
    ConcatPlane,
    ConditionalBatchNorm2d,
    ConditionalSequential,
    ProjectionHead,
    apply_layer,
)


def weights(layer: nn.Module, rows: list[list[float]]) -> None:
    assert isinstance(layer, nn.Embedding | nn.Linear)
    layer.weight.data = torch.tensor(rows)


def test_batch_norm_of_a_class_has_the_gain_and_bias_of_the_class() -> None:
    norm = ConditionalBatchNorm2d(channels=1, classes=2)
    weights(norm.gain, [[2.0], [3.0]])
    weights(norm.bias, [[1.0], [-1.0]])
    x = torch.tensor([0.0, 2.0]).view(2, 1, 1, 1)  # the batch has mean 1 and variance 1
    assert norm(x, torch.tensor([0, 1])).flatten().tolist() == pytest.approx([-1, 2], abs=1e-4)
    assert norm(x, torch.tensor([1, 0])).flatten().tolist() == pytest.approx([-4, 3], abs=1e-4)


def test_batch_norm_of_a_class_starts_as_batch_norm() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(6, 3, 4, 4), torch.arange(6) % 2
    plain, conditional = nn.BatchNorm2d(3, eps=0.1), ConditionalBatchNorm2d(3, 2, eps=0.1)
    assert torch.allclose(conditional(x, y), plain(x), atol=1e-6)
    assert torch.equal(conditional.norm.running_var, plain.running_var)
    assert torch.allclose(conditional.eval()(x, y), plain.eval()(x), atol=1e-6)


def test_only_classes_of_the_batch_get_a_gradient() -> None:
    norm = ConditionalBatchNorm2d(channels=2, classes=3)
    norm(torch.randn(4, 2, 3, 3), torch.tensor([0, 2, 0, 2])).square().sum().backward()
    for table in (norm.gain, norm.bias):
        assert table.weight.grad is not None
        assert table.weight.grad.abs().sum(1).gt(0).tolist() == [True, False, True]


def test_projection_is_the_linear_logit_plus_the_inner_product_with_the_class_vector() -> None:
    head = ProjectionHead(features=2, classes=2)
    weights(head.linear, [[1.0, 0.0]])
    nn.init.constant_(head.linear.bias, 0.1)
    weights(head.class_vectors, [[0.5, 0.5], [1.0, -1.0]])
    features = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    assert head(features, torch.tensor([0, 1])).tolist() == [[pytest.approx(2.6)], [pytest.approx(1.1)]]
    weights(head.class_vectors, [[0.0, 0.0], [0.0, 0.0]])
    assert torch.equal(head(features, torch.tensor([0, 1])), head.linear(features))


def test_a_vector_of_the_class_stands_beside_the_input() -> None:
    layer = ConcatEmbedding(classes=2, width=1)
    weights(layer.embedding, [[7.0], [8.0]])
    assert layer(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1, 0])).tolist() == [[1, 2, 8], [3, 4, 7]]


def test_a_map_of_the_class_stands_beside_the_channels() -> None:
    layer = ConcatPlane(classes=2, height=1, width=2)
    weights(layer.embedding, [[5.0, 6.0], [7.0, 8.0]])
    x = torch.zeros(2, 3, 1, 2)
    out = layer(x, torch.tensor([1, 0]))
    assert out.shape == (2, 4, 1, 2)
    assert out[:, 3].tolist() == [[[7, 8]], [[5, 6]]]
    assert torch.equal(out[:, :3], x)


def test_layers_in_a_row_give_the_labels_to_those_that_take_them() -> None:
    layers = ConditionalSequential(ConcatEmbedding(2, 1), nn.Linear(3, 1))
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 1, 0])
    assert torch.equal(layers(x, y), layers[1](layers[0](x, y)))
    assert torch.equal(apply_layer(layers[1], layers[0](x, y), y), layers(x, y))
    assert list(layers.state_dict()) == ["0.embedding.weight", "1.weight", "1.bias"]


def test_layers_without_labels_are_a_plain_sequence() -> None:
    x = torch.randn(2, 3)
    assert ConditionalSequential()(x) is x
    linear = nn.Linear(3, 1)
    assert torch.equal(ConditionalSequential(linear)(x), linear(x))

"""Orthogonal regularization: its value, its gradient, the weights that it is of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import Comparison
from ganzoo_builtins.regularizers.orthogonal import matrices, off_diagonal
from helpers.support import PLUGINS


def test_the_penalty_of_two_rows() -> None:
    """Rows (1, 1) and (0, 1) have the inner product 1, which is counted twice; lengths do not count."""
    rows = torch.tensor([[1.0, 1.0], [0.0, 1.0]], requires_grad=True)
    penalty = off_diagonal(rows)
    assert penalty.item() == 2
    penalty.backward()
    products = (rows @ rows.T) * (1 - torch.eye(2))
    torch.testing.assert_close(rows.grad, 4 * products @ rows)
    assert off_diagonal(torch.tensor([[3.0, 0.0], [0.0, 0.5]])).item() == 0


def test_it_is_of_weights_by_their_outputs_without_embeddings_biases_and_gains() -> None:
    network = nn.Sequential(
        nn.Embedding(5, 4), nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Conv2d(6, 3, 2), nn.ConvTranspose2d(3, 7, 2)
    )
    assert [tuple(rows.shape) for rows in matrices(network)] == [(6, 4), (3, 24), (7, 12)]


def test_it_is_a_term_of_the_generator() -> None:
    generator = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with torch.no_grad():
        for layer in generator:
            layer.weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
    item = PLUGINS.zoo.find("regularizer", "orthogonal").load()(weight=0.5)
    comparison = Comparison.of(nn.Identity(), generator, torch.zeros(1, 2), torch.zeros(1, 2))
    terms = item.generator_terms(comparison)
    assert terms["orthogonal"].item() == pytest.approx(2.0)
    assert not item.terms(comparison)
    terms["orthogonal"].backward()
    assert all(layer.weight.grad.any() and layer.bias.grad is None for layer in generator)

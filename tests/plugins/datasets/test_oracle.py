"""The oracle's likelihood is that of its samples."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from ganzoo_builtins.datasets.oracle import Oracle


def test_the_chances_of_all_sequences_are_one() -> None:
    oracle = Oracle(n=1, vocab=4, length=3, hidden=5)
    every = torch.tensor([*product(range(4), repeat=3)])
    assert (-3 * oracle.nll(every)).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_sequences_are_as_frequent_as_their_likelihood_says() -> None:
    oracle = Oracle(n=40_000, vocab=3, length=2, hidden=5)
    x = oracle.tensors()["x"]
    for pair in product(range(3), repeat=2):
        chance = (-2 * oracle.nll(torch.tensor([pair]))).exp().item()
        share = (x == torch.tensor(pair)).all(1).float().mean().item()
        assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 40_000) + 1e-6)


def test_it_tells_its_own_sequences_from_random_ones() -> None:
    oracle = Oracle(n=2000, vocab=50, length=8, hidden=16)
    own = oracle.measure(oracle.tensors()["x"])["nll"]
    fresh = oracle.measure(oracle.draw(2000, seed=99))["nll"]
    random = oracle.measure(torch.randint(50, (2000, 8), generator=torch.Generator().manual_seed(0)))["nll"]
    assert own == pytest.approx(fresh, abs=0.05)
    assert own < math.log(50) - 0.5 and random > own + 1  # the entropy is below that of a flat oracle


def test_weights_are_standard_normal() -> None:
    language = Oracle()._language
    assert language.cell.weight_ih.std().item() == pytest.approx(1, abs=0.05)
    assert language.head.weight.std().item() == pytest.approx(1, abs=0.01)
    assert language.cell.bias_ih.std().item() == pytest.approx(1, abs=0.2) and not language.cell.bias_hh.any()


def test_another_seed_is_another_language() -> None:
    one, other = (Oracle(n=500, vocab=50, length=8, hidden=16, seed=seed) for seed in (0, 1))
    x = one.tensors()["x"]
    assert one.measure(x)["nll"] < other.measure(x)["nll"] - 0.5


def test_what_is_held_out_is_the_same_language() -> None:
    oracle = Oracle(n=600, vocab=50, length=5, seed=3)
    held = oracle.held_out()
    x = oracle.tensors()["x"]
    assert held.nll(x).equal(oracle.nll(x))
    assert not held.tensors()["x"].equal(x[: len(held)])

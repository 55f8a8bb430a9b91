"""Path length regularization: its value for linear generators, its running mean, and whom its gradient reaches."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Spec
from ganzoo_builtins.regularizers.path_length import path_lengths
from helpers.support import PLUGINS

SHAPE = (2, 3, 3)


class LinearStyles(nn.Module):
    """x = sum over layers k of A_k w_k, where w_k = z."""

    z_dim = 4

    def __init__(self, layers: int):
        super().__init__()
        self.matrices = nn.Parameter(torch.randn(layers, math.prod(SHAPE), self.z_dim))

    def prior(self, n: int) -> Tensor:
        return torch.randn(n, self.z_dim)

    def styles_of(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return z[:, None].expand(-1, len(self.matrices), -1).clone()

    def synthesis(self, styles: Tensor) -> Tensor:
        return torch.einsum("lxz,nlz->nx", self.matrices, styles).unflatten(1, SHAPE)


class Linear(nn.Module):
    """x = A z."""

    z_dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(math.prod(SHAPE), self.z_dim))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return (z @ self.matrix.T).unflatten(1, SHAPE)


def regularizer(**settings: Any) -> Any:
    return PLUGINS.zoo.find("regularizer", "path_length").load()(**settings)


def compared(generator: nn.Module, z: Tensor, **more: Any) -> Comparison:
    x = torch.zeros(len(z), *SHAPE)
    return Comparison.of(nn.Identity(), generator, x, x, source=z, **more)


def test_lengths_of_a_linear_generator_are_those_of_its_transpose() -> None:
    """With x = sum of A_k w_k, |J^T y|^2 is the mean over k of |A_k^T y|^2, whatever w is."""
    torch.manual_seed(0)
    for layers in (1, 5):
        generator = LinearStyles(layers)
        torch.manual_seed(1)
        lengths = path_lengths(generator, torch.randn(6, 4))
        torch.manual_seed(1)
        torch.randn(6, 4)
        y = torch.randn(6, *SHAPE).flatten(1) / 3  # by the root of 9 pixels
        expected = torch.einsum("lxz,nx->nlz", generator.matrices, y).square().sum(2).mean(1).sqrt()
        torch.testing.assert_close(lengths, expected)


def test_squared_lengths_are_the_frobenius_norm_in_the_mean() -> None:
    torch.manual_seed(0)
    generator = Linear()
    mean = path_lengths(generator, torch.randn(20_000, 4)).square().mean().item()
    assert mean == pytest.approx(generator.matrix.square().sum().item() / 9, rel=0.02)


def test_a_weight_of_two_is_the_papers_gamma() -> None:
    """ln 2 / (r^2 (ln r - ln 2)) for lengths that are summed over layers, for noise of deviation 1."""
    for side, gamma in ((32, 2.4414e-4), (64, 4.8828e-5), (1024, None)):
        paper = math.log(2) / (side**2 * (math.log(side) - math.log(2)))
        layers = 2 * math.log2(side) - 2
        assert 2 / (side**2 * layers) == pytest.approx(paper)
        assert gamma is None or paper == pytest.approx(gamma, rel=1e-4)


def test_the_term_is_the_squared_distance_from_the_running_mean() -> None:
    torch.manual_seed(0)
    generator, z = Linear(), torch.randn(6, 4)
    item = regularizer(weight=3.0, decay=0.9)
    mean = 0.0
    for seed in range(3):
        torch.manual_seed(seed)
        lengths = path_lengths(generator, z[:3])  # half of the batch
        mean += 0.1 * (lengths.mean().item() - mean)
        torch.manual_seed(seed)
        term = item.generator_terms(compared(generator, z))["path_length"]
        assert term.item() == pytest.approx(3 * (lengths - mean).square().mean().item(), rel=1e-5)
    assert item.mean_length.item() == pytest.approx(mean)
    assert [*item.state_dict()] == ["mean_length"]


def test_the_mean_is_over_all_processes() -> None:
    item = regularizer(decay=0.9)
    item.generator_terms(compared(Linear(), torch.randn(2, 4), over_processes=lambda value: torch.tensor(7.0)))
    assert item.mean_length.item() == pytest.approx(0.7)


def test_it_trains_the_generator_alone() -> None:
    G = PLUGINS.zoo.find("generator", "stylegan2").load()(Spec((1, 12, 12)), z_dim=4, width=4, area=64, mapping=1)
    D = nn.Linear(144, 1)
    z = G.prior(4)
    fake = G(z)
    handed = Comparison.of(D, G, torch.zeros_like(fake), fake, source=z)
    item = regularizer(shrink=1)
    assert not item.terms(handed)
    item.generator_terms(handed)["path_length"].backward()
    assert all(parameter.grad is None for parameter in D.parameters())
    moved = {name for name, parameter in G.named_parameters() if parameter.grad is not None and parameter.grad.any()}
    assert {"constant", "mapping.layers.0.weight", "layers.0.convolution.style.weight"} <= moved


def test_labels_and_codes_are_those_of_the_fakes() -> None:
    seen: dict[str, Any] = {}

    class Watched(Linear):
        def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
            seen.update(z=z.detach(), y=y)
            return super().forward(z, y)

    z, y = torch.randn(4, 4), torch.tensor([3, 1, 2, 0])
    regularizer().generator_terms(compared(Watched(), z, fake_labels=y))
    assert torch.equal(seen["z"], z[:2]) and seen["y"].tolist() == [3, 1]


@pytest.mark.parametrize(("z_dim", "vocab", "reason"), [(0, 0, "translates and has none"), (4, 9, "makes token ids")])
def test_generators_without_a_path_are_refused(z_dim: int, vocab: int, reason: str) -> None:
    generator = Linear()
    generator.z_dim = z_dim
    with pytest.raises(IncompatibleError, match=reason):
        regularizer().attach(nn.Identity(), generator, Spec((4,), vocab=vocab))

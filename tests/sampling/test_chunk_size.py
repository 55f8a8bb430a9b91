"""Samples are generated in parts that take a bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from ganzoo import Model, Move, Procedure, Spec
from ganzoo.sampling import chunk_size


@pytest.mark.parametrize(
    ("side", "expected"),  # an operation reads and writes 2 * 8 * side**2 * 4 bytes of each sample
    [(8, 500), (64, 64), (80, 32), (256, 4), (1024, 1)],
)
def test_the_largest_operation_on_a_part_takes_16_mib(side: int, expected: int) -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 1), nn.LeakyReLU())
    assert chunk_size.measure(network, lambda: network(torch.zeros(1, 1, side, side))) == expected


def test_weights_do_not_count() -> None:
    network = nn.Linear(2000, 2000)  # 16 MB, which addmm reads transposed
    assert chunk_size.measure(network, lambda: network(torch.zeros(1, 2000))) == 500


class Wide(Procedure):
    """Generates images (N, 1, 64, 64) in one operation that reads and writes 32 KiB of each."""

    sizes: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.G = nn.Conv2d(1, 1, 1)
        self.sizes = []

    def players(self) -> dict[str, nn.Module]:
        return {"generator": self.G}

    def step(self, data: object, t: int) -> Iterator[Move]:
        yield from ()

    def sample(self, n: int, y: torch.Tensor | None = None) -> torch.Tensor:
        self.sizes.append(n)
        return self.G(torch.randn(n, 1, 64, 64))


def test_parts_of_whole_blocks_have_the_noise_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(procedure := Wide(), Spec((1, 64, 64)), ())
    whole = model.sample(50, seed=1)
    monkeypatch.setattr(chunk_size, "MEMORY", 2**19 + 2**15)  # 17 samples fit: 16 are taken
    model = Model(procedure, Spec((1, 64, 64)), ())
    procedure.sizes.clear()
    parts = [*model.stream(50, seed=1)]
    assert [len(part) for part in parts] == [16, 16, 16, 2] == procedure.sizes[1:]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)
    assert model.chunk(16) == 16 == model.chunk(10**6)


def test_few_samples_are_generated_without_measuring() -> None:
    model = Model(procedure := Wide(), Spec((1, 64, 64)), ())
    model.sample(16, seed=1)
    assert procedure.sizes == [16]

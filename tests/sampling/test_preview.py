"""What grids show: the layout, the real samples beside them, and sampling that leaves no trace."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import Spec
from ganzoo.sampling.preview import CELLS, POINTS, classes_in_turn, layout, sampling

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("spec", "by_class", "expected"),
    [
        (Spec((1, 28, 28)), False, (CELLS, 8)),
        (Spec((1, 28, 28), classes=10), False, (CELLS, 8)),
        (Spec((1, 28, 28), classes=10), True, (60, 10)),
        (Spec((1, 28, 28), classes=2), True, (16, 2)),
        (Spec((1, 28, 28), classes=47), True, (188, 47)),
        (Spec((2,), classes=8), True, (POINTS, 1)),
    ],
)
def test_layout(spec: Spec, by_class: bool, expected: tuple[int, int]) -> None:
    assert layout(spec, by_class) == expected


def test_labels_go_round() -> None:
    assert classes_in_turn(7, 3, CPU).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_sampling_is_seeded_and_leaves_the_noise_of_training_alone() -> None:
    module, drawn = nn.Linear(1, 1), []
    before = torch.get_rng_state()
    for seed in (1, 1, 2):
        with sampling(module, CPU, seed):
            drawn.append(torch.randn(3))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_sampling_is_in_evaluation_mode_without_gradients_and_restores_every_part() -> None:
    module = nn.Sequential(nn.Linear(1, 1), nn.Dropout(), nn.BatchNorm1d(1))
    module[2].eval()  # frozen while the rest trains
    with pytest.raises(KeyError), sampling(module, CPU, 0):
        assert not any(part.training for part in module.modules())
        assert not torch.is_grad_enabled()
        raise KeyError
    assert [part.training for part in module.modules()] == [True, True, True, False]
    assert torch.is_grad_enabled()

"""Evaluation mode and sampling that leave modules and random numbers as they were."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo.utils.modes import sampling

CPU = torch.device("cpu")


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

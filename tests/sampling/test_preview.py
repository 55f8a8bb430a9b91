"""What grids show: the layout, the real samples beside them, and sampling that leaves no trace."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import Batch, Dataset, Spec
from ganzoo.sampling.preview import CELLS, POINTS, classes_in_turn, layout, real, sampling
from ganzoo_builtins.datasets.toy import Ring

CPU = torch.device("cpu")


class Labelled(Dataset):
    """Images of one pixel, whose brightness is their number; class 2 does not occur."""

    def __init__(self, labels: list[int], streamed: bool = False):
        self.spec, self.labels, self.streamed = Spec((1, 1, 1), classes=4), labels, streamed

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full((1, 1, 1), i, dtype=torch.uint8), "y": torch.tensor(self.labels[i])}

    def tensors(self) -> Batch | None:
        if self.streamed:
            return None
        examples = [self[i] for i in range(len(self))]
        return {key: torch.stack([example[key] for example in examples]) for key in ("x", "y")}


def numbers(batch: Batch) -> list[int]:
    return ((batch["x"].flatten() + 1) * 127.5).round().int().tolist()


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


@pytest.mark.parametrize("streamed", [False, True])
def test_real_samples_by_class_come_in_columns(streamed: bool) -> None:
    batch = real(Labelled([0, 0, 1, 3, 1, 3, 0, 2], streamed), 12, by_class=True)
    assert batch["y"].tolist() == [0, 1, 2, 3] * 3
    assert numbers(batch) == [0, 2, 7, 3, 1, 4, 7, 5, 6, 2, 7, 3]  # each class from its first on, and around again


def test_a_class_that_does_not_occur_is_filled_with_what_there_is() -> None:
    batch = real(Labelled([0, 1, 3]), 8, by_class=True)
    assert [y for i, y in enumerate(batch["y"].tolist()) if i % 4 != 2] == [0, 1, 3, 0, 1, 3]
    assert len(numbers(batch)) == 8


@pytest.mark.parametrize("streamed", [False, True])
def test_real_samples_are_drawn_from_the_whole_set_and_always_alike(streamed: bool) -> None:
    batch = real(Labelled([0] * 100, streamed), 60, by_class=False)
    assert len({*numbers(batch)}) == 60 and max(numbers(batch)) > 90 and min(numbers(batch)) < 10
    assert numbers(batch) == numbers(real(Labelled([0] * 100, not streamed), 60, by_class=False))
    assert batch["x"].dtype == torch.float32


def test_a_period_of_the_data_does_not_show() -> None:
    """Labels that go round by eight, of which every 50th has four."""
    y = real(Ring(n=100_000, labels=True), 2000, by_class=False)["y"]
    assert y.bincount().min() > 150


def test_a_small_set_is_shown_again_and_again() -> None:
    shown = numbers(real(Labelled([0, 1, 3]), 7, by_class=False))
    assert sorted(shown[:3]) == [0, 1, 2] and shown == [*shown[:3], *shown[:3], shown[0]]


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

"""Start from trained weights: the first legible checkpoint, and the table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import transfer
from ganzoo import Extractor, Spec


class Brightness(Extractor):
    """Reads bright images as the new character, dark ones as the first letter."""

    def task(self, spec: Spec) -> Spec:
        return spec

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).mean(1, keepdim=True)

    def logits(self, x: Tensor) -> Tensor:
        return torch.zeros(len(x), 27)

    def classes(self, features: Tensor, logits: Tensor) -> Tensor:
        return torch.where(features[:, 0] > 0, len(transfer.LETTERS), 0)

    def facts(self) -> Mapping[str, Any]:
        return {}


class Model:
    """Samples of which a share is bright."""

    def __init__(self, share: float):
        self.share = share

    def sample(self, n: int, y: Tensor, seed: int) -> Tensor:
        assert y.tolist() == [len(transfer.LETTERS)] * n  # the new character is asked for
        return torch.where(torch.arange(n) < self.share * n, 1.0, -1.0)[:, None, None, None].expand(n, 1, 4, 4)


class FakeRun:
    """A run of which samples become legible."""

    def __init__(self, folder: Path, shares: Mapping[int, float]):
        self.checkpoints = folder
        self.shares = shares

    def load(self, checkpoint: Path) -> Model:
        return Model(self.shares[int(checkpoint.name.removeprefix("step-"))])


@pytest.mark.parametrize(
    ("shares", "step"),
    [({10: 0.1, 20: 0.79, 30: 0.8, 40: 1.0}, 30), ({10: 0.9}, 10), ({10: 0.5, 20: 0.7}, None)],
)
def test_the_first_checkpoint_with_four_fifths_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shares: dict[int, float], step: int | None
) -> None:
    names = [tmp_path / f"step-{step:08d}" for step in shares]
    monkeypatch.setattr(transfer.retention, "complete", lambda folder: names)
    run: Any = FakeRun(tmp_path, shares)
    assert transfer.first_legible(run, Brightness()) == step


def test_the_table_has_ratios_and_medians() -> None:
    text = transfer.page(0.99, [(20, 300), (30, 240), (25, None)], 0.5)
    assert "The referee reads 99 % of real examples right." in text
    assert text.splitlines()[-4:] == [
        "| seed 0 | 20 | 300 | 15.0 |",
        "| seed 1 | 30 | 240 | 8.0 |",
        "| seed 2 | 25 | more than 1,000 |  |",
        "| median | 25 | 270 | 10.8 |",
    ]


def test_both_runs_learn_the_same_examples() -> None:
    assert transfer.NEW not in transfer.LETTERS
    assert transfer.TARGET["dataset.n"] == 27 * transfer.EXAMPLES
    assert not {*transfer.STARTED, *transfer.SCRATCH} - {"run.steps", "run.save"}

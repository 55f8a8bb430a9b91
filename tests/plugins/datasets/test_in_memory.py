"""The base class of datasets that are loaded as a whole."""

from __future__ import annotations

from pathlib import Path

import torch

from ganzoo import Batch, Spec
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.text import Text
from ganzoo_builtins.datasets.toy import Ring


class Counted(InMemoryDataset):
    spec = Spec((2,), classes=3)
    loads = 0

    def load(self) -> Batch:
        self.loads += 1
        return {"x": torch.arange(8.0).view(4, 2), "y": torch.tensor([0, 1, 2, 0])}


def test_it_is_loaded_once_and_not_before_it_is_read() -> None:
    dataset = Counted()
    assert dataset.loads == 0
    assert len(dataset) == 4 and dataset.tensors() is dataset.tensors()
    assert dataset[1]["x"].tolist() == [2, 3] and dataset[-1]["y"].item() == 0
    assert dataset.all_labels() is dataset.tensors()["y"]
    assert dataset.loads == 1 and dataset.in_memory


def test_a_length_that_is_a_setting_needs_no_loading(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("a\nb\n")
    for dataset, length in [(Ring(n=10), 10), (Text(str(tmp_path / "lines.txt")), 2)]:
        assert len(dataset) == length and "_loaded" not in vars(dataset)

"""Evidence for metrics, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ganzoo import Evidence, Extractor, Seen


class AsTheyAre(Extractor):
    """An extractor whose features and logits are the samples."""

    classifies = "data"

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1)

    def logits(self, x: Tensor) -> Tensor:
        return x.flatten(1)


def seen(x: Tensor) -> Seen:
    return Seen(x, None, AsTheyAre())


def labelled(x: Tensor, y: Sequence[int] | Tensor) -> Seen:
    return Seen(x, torch.as_tensor(y), AsTheyAre())


def classified(*classes: int, of: int) -> Seen:
    """Return samples that the classifier assigns to these classes with certainty, and with these labels."""
    y = torch.tensor(classes)
    return Seen(torch.eye(of)[y] * 1000, y, AsTheyAre())


def shown(real: Seen, fake: Seen, held: Seen | None = None, **data: Any) -> Evidence:
    """Return evidence; `data` are attributes of the dataset, which has a test split unless `test_part` is False."""
    part = object() if data.pop("test_part", True) else None
    dataset: Any = SimpleNamespace(held_out=lambda: part, **data)
    return Evidence(real, real if held is None else held, fake, dataset)

"""Samples as metrics are shown them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ganzoo import Evidence, Extractor, Seen


class AsTheyAre(Extractor):
    """Features are the samples, and logits as well."""

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
    """Samples of which a referee is sure that they are of these classes, labelled so too."""
    y = torch.tensor(classes)
    return Seen(torch.eye(of)[y] * 1000, y, AsTheyAre())


def shown(real: Seen, fake: Seen, held: Seen | None = None, **data: Any) -> Evidence:
    """data: attributes of the dataset; it has a test part unless `test_part` is False."""
    part = object() if data.pop("test_part", True) else None
    dataset: Any = SimpleNamespace(held_out=lambda: part, **data)
    return Evidence(real, real if held is None else held, fake, dataset)

"""Data that is drawn as it is read; a module of its own, so that a process that is started anew can import it."""

from __future__ import annotations

import random

import numpy as np
import torch

from ganzoo import Dataset, Spec
from ganzoo.interfaces import Batch


class Noisy(Dataset):
    """Augmented, so to say: its number, and a number from each generator that there is."""

    spec = Spec((4,))

    def __len__(self) -> int:
        return 40

    def __getitem__(self, i: int) -> Batch:
        noise = [random.random(), np.random.rand(), torch.rand(()).item()]
        return {"x": torch.tensor([i, *noise], dtype=torch.float32)}

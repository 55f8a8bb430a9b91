"""A dataset with random examples, in a module that spawned processes can import."""

from __future__ import annotations

import random

import numpy as np
import torch

from ganzoo import Dataset, Spec
from ganzoo.interfaces import Batch


class Noisy(Dataset):
    """Examples of their index and a random number from each generator: Python's, NumPy's and PyTorch's."""

    spec = Spec((4,))

    def __len__(self) -> int:
        return 40

    def __getitem__(self, i: int) -> Batch:
        noise = [random.random(), np.random.rand(), torch.rand(()).item()]
        return {"x": torch.tensor([i, *noise], dtype=torch.float32)}

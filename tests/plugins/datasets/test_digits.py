"""scikit-learn's digits."""

import sys

import pytest
import torch

from ganzoo.errors import SetupError
from ganzoo_builtins.datasets.digits import Digits


def test_they_are_all_there_and_use_the_whole_range():
    whole = Digits().tensors()
    assert whole["x"].shape == (1797, 1, 8, 8)
    assert (whole["x"].min(), whole["x"].max()) == (0, 255)
    assert whole["y"].bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    zeros, ones = (whole["x"][whole["y"] == digit].double().mean(0)[0] for digit in (0, 1))
    assert zeros[3:5, 3:5].mean() < 40 < 200 < ones[3:5, 3:5].mean()  # a hole, a stroke


def test_another_size():
    assert Digits(size=16)[0]["x"].shape == (1, 16, 16)
    assert torch.equal(Digits(size=12, fit="pad")[0]["x"][:, 2:10, 2:10], Digits()[0]["x"])


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(SetupError, match=r"ganzoo-torch\[digits\]"):
        Digits().tensors()

"""Arrays of labels of any type, shape and numbers: taken as they are, or refused with a remedy that works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganzoo.errors import DataError
from ganzoo_builtins.datasets import arrays
from ganzoo_builtins.datasets.arrays import FEW, GAPS, MOST_CLASSES

FILE = Path("set.npz")
INTEGERS = [f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (1, 2, 4, 8)]
REMEDIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # text of a message -> what it tells to do
    "numpy.unique(labels, return_inverse=True)[1]": lambda labels: np.unique(labels, return_inverse=True)[1],
    "labels.argmax(1)": lambda labels: labels.argmax(1),
    "labels.argmax(0)": lambda labels: labels.argmax(0),
    "labels.squeeze()": lambda labels: labels.squeeze(),
    "labels.astype(numpy.int64)": lambda labels: labels.astype(np.int64),
}


@st.composite
def integers(draw: st.DrawFn) -> np.ndarray:
    """Integers (n,) of any type: few classes, gaps, ids, years, -1 for none, or anything."""
    dtype = np.dtype(draw(st.sampled_from(INTEGERS)))
    limits = np.iinfo(dtype)
    ranges = [(0, 9), (-1, -1), (-1, 3), (1, 3), (0, 120), (1990, 2024), (limits.min, limits.max)]
    least, most = draw(st.sampled_from([(a, b) for a, b in ranges if limits.min <= a and b <= limits.max]))
    number = st.integers(least, most)
    return np.array(draw(st.lists(number, min_size=1, max_size=30)), dtype=dtype)


@st.composite
def anything(draw: st.DrawFn) -> np.ndarray:
    """Labels as others save them: one-hot, with axes of length 1, as fractions, texts or truth values, or too few."""
    labels = draw(integers())
    shapes: list[Callable[[np.ndarray], np.ndarray]] = [
        lambda labels: labels,
        lambda labels: labels[:, None],
        lambda labels: labels[None],
        lambda labels: labels % 3 == np.arange(3)[:, None],
        lambda labels: (labels[:, None] % 3 == np.arange(3)).astype(np.float32),
        lambda labels: labels.astype(np.float64),
        lambda labels: labels / 2,
        lambda labels: labels.astype(str),
        lambda labels: labels % 2 == 0,
        lambda labels: labels[:-1],
    ]
    return draw(st.sampled_from(shapes))(labels)


def read(labels: np.ndarray, n: int) -> torch.Tensor | None:
    return arrays.labels(labels, "labels", n, FILE)


def are_classes(labels: list[int]) -> bool:
    """Tell whether integers number classes from 0, of which a tenth at least occurs where there are many."""
    largest = max(labels)
    dense = largest < FEW or largest < GAPS * len({*labels})
    return min(labels) >= 0 and dense and largest < MOST_CLASSES


@settings(max_examples=200, deadline=None)
@given(labels=integers())
@example(labels=np.array([2**63], dtype=np.uint64))
@example(labels=np.array([0, 2**40]))
def test_classes_are_taken_as_they_are_and_other_numbers_refused(labels: np.ndarray) -> None:
    numbers = labels.tolist()
    if {*numbers} == {-1}:
        assert read(labels, len(labels)) is None
    elif are_classes(numbers):
        taken = read(labels, len(labels))
        assert taken is not None and taken.dtype == torch.int64 and taken.tolist() == numbers
    else:
        with pytest.raises(DataError, match=r"^set\.npz: "):
            read(labels, len(labels))


@settings(max_examples=200, deadline=None)
@given(labels=anything(), n=st.integers(1, 31))
@example(labels=np.array([2.0**63]), n=1)
@example(labels=np.array([-np.inf, np.inf]), n=2)
@example(labels=np.array([0, 1], dtype=np.float16), n=2)
@example(labels=np.array([0, 1e4000], dtype=np.longdouble), n=2)
def test_what_a_refusal_advises_is_taken(labels: np.ndarray, n: int) -> None:
    """As often as needed: one-hot labels with an axis too many need two steps."""
    n = n if n % 3 == 0 else max(*labels.shape, 1)  # mostly as many samples as labels
    for _ in range(4):
        try:
            read(labels, n)
            return
        except DataError as error:
            remedy = next((apply for text, apply in REMEDIES.items() if text in error.message), None)
            if remedy is None:
                assert "Save as many labels as samples" in error.message and labels.shape != (n,)
                return
            labels = remedy(labels)
    pytest.fail(f"the advice leads nowhere: {labels!r}")

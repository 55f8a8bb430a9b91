"""Checks of examples against the spec of their dataset."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo.data.loader import Batches
from helpers.support import tiny, train

IMAGE, POINT, WORDS = Spec((1, 2, 2), classes=3), Spec((2,)), Spec((5,), vocab=7)


class Given(Dataset):
    """A dataset of given tensors, in memory or streamed."""

    def __init__(self, spec: Spec, content: dict[str, Any], streamed: bool = False, length: int = 8):
        self.spec = spec
        self.content = content
        self.streamed = streamed
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: int) -> Batch:
        return {key: value[i] for key, value in self.content.items()}

    def tensors(self) -> Batch | None:
        return None if self.streamed else self.content


def images(n: int = 8) -> Tensor:
    return torch.zeros(n, 1, 2, 2, dtype=torch.uint8)


def labels(*last: int) -> Tensor:
    return torch.tensor([*range(3), *range(3), 0, 1][: 8 - len(last)] + list(last))


def first(dataset: Dataset) -> Batch:
    """Return one batch of all examples."""
    return next(Batches.of(dataset, 8, 0, torch.device("cpu")))


SOUND: list[tuple[Spec, dict[str, Any]]] = [
    (IMAGE, {"x": images(), "y": labels()}),
    (IMAGE, {"x": images().float() - 1, "y": labels()}),
    (POINT, {"x": torch.full((8, 2), 1e6)}),
    (WORDS, {"x": torch.full((8, 5), 6)}),
    (IMAGE, {"a": images(), "b": images(), "y": labels()}),
]
WRONG: list[tuple[str, Spec, dict[str, Any]]] = [
    (r"labels lie in 0\.\.3, expected 0\.\.2", IMAGE, {"x": images(), "y": labels(3)}),
    (r"labels lie in -1\.\.2, expected 0\.\.2", IMAGE, {"x": images(), "y": labels(-1)}),
    (r"labels are torch\.float32. Make them int64", IMAGE, {"x": images(), "y": labels().float()}),
    (r"labels have shape \(8, 1\), expected one an example", IMAGE, {"x": images(), "y": labels()[:, None]}),
    ('has 3 classes, and gives no labels "y"', IMAGE, {"x": images()}),
    (r"gives \['y'\], but no", IMAGE, {"y": labels()}),
    (r"has shape \(2, 2\), and its spec says \(1, 2, 2\)", IMAGE, {"x": images()[:, 0], "y": labels()}),
    (r'"x" is torch\.float64', POINT, {"x": torch.zeros(8, 2).double()}),
    (r"float images lie in \[0, 255\], expected \[-1, 1\]", IMAGE, {"x": images() + 0.0, "y": labels()}),
    ("NaN or infinite", POINT, {"x": torch.tensor([[0.0, 1.0]] * 7 + [[0.0, float("nan")]])}),
    ("NaN or infinite", POINT, {"x": torch.tensor([[0.0, 1.0]] * 7 + [[0.0, float("inf")]])}),
    (r"token ids lie in 0\.\.7, expected 0\.\.6", WORDS, {"x": torch.tensor([[0] * 5] * 7 + [[7] * 5])}),
    (r'a sample "b" has shape \(1, 4, 4\)', IMAGE, {"a": images(), "b": torch.zeros(8, 1, 4, 4), "y": labels()}),
    ('"a" is torch.int32', IMAGE, {"a": images().int(), "b": images(), "y": labels()}),
]
WRONG[8][2]["x"][3] = 255.0
each_wrong = pytest.mark.parametrize(("message", "spec", "content"), WRONG, ids=[message for message, *_ in WRONG])
each_way = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@each_way
@pytest.mark.parametrize(("spec", "content"), SOUND)
def test_sound_examples_pass(spec: Spec, content: dict[str, Any], streamed: bool) -> None:
    assert first(Given(spec, content, streamed)).keys() == content.keys()


@each_way
@each_wrong
def test_wrong_examples_are_refused_with_the_dataset_and_what_is_wrong(
    message: str, spec: Spec, content: dict[str, Any], streamed: bool
) -> None:
    with pytest.raises(DataError, match=f"dataset Given.*{message}"):
        first(Given(spec, content, streamed))


@each_wrong
def test_what_is_whole_is_refused_before_the_first_batch(message: str, spec: Spec, content: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=message):
        Batches.of(Given(spec, content), 8, 0, torch.device("cpu"))


def test_labels_that_a_streamed_dataset_knows_are_looked_at_before_the_first_batch() -> None:
    class Telling(Given):
        def all_labels(self) -> Tensor:
            return labels(7)

    with pytest.raises(DataError, match=r"labels lie in 0\.\.7"):
        Batches.of(Telling(IMAGE, {"x": images(), "y": labels()}, streamed=True), 8, 0, torch.device("cpu"))


@pytest.mark.parametrize("key", ["x", "y"])
def test_as_many_of_everything_as_the_dataset_is_long(key: str) -> None:
    content = {"x": images(), "y": labels()}
    content[key] = content[key][:-1]
    with pytest.raises(DataError, match=f'has 8 examples, but 7 of "{key}"'):
        first(Given(IMAGE, content))


def test_arrays_that_are_no_tensors_are_refused() -> None:
    with pytest.raises(DataError, match=r'"x" as ndarray\. Make it a torch\.Tensor'):
        first(Given(POINT, {"x": torch.zeros(8, 2).numpy()}))


def test_training_on_wrong_labels_ends_before_a_run_folder_is_made(tmp_path, monkeypatch) -> None:
    from ganzoo_builtins.datasets.toy import Ring

    def wrong(self: Ring) -> Batch:
        return {"x": torch.zeros(200, 2), "y": torch.full((200,), 8)}

    monkeypatch.setattr(Ring, "tensors", wrong)
    with pytest.raises(DataError, match=r"dataset Ring: labels lie in 8\.\.8, expected 0\.\.7"):
        train(tiny("", "dataset.labelled=true"), tmp_path)
    assert list(tmp_path.iterdir()) == []

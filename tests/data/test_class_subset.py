"""The setting `per_class` of every dataset: which examples it takes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganzoo import Batch, DataError, Dataset, IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.config.signature import describe, loaded
from ganzoo.data.class_subset import ClassSubset
from ganzoo.errors import RecipeError
from ganzoo.registry.zoo import Zoo
from helpers.support import PLUGINS, tiny


class Numbered(Dataset):
    """Images of one pixel, whose brightness is their number, with labels 0, 1, 2 in turn."""

    class_names = ("a", "b", "c")

    def __init__(self, n: int = 30, streamed: bool = False, spec: Spec = Spec((1, 1, 1), classes=3)):  # noqa: B008
        self.n = n
        self.streamed = streamed
        self.spec = spec

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full((1, 1, 1), i, dtype=torch.uint8), "y": torch.tensor(i % 3)}

    def tensors(self) -> Batch | None:
        if self.streamed:
            return None
        examples = [self[i] for i in range(self.n)]
        return {key: torch.stack([example[key] for example in examples]) for key in ("x", "y")}

    def all_labels(self) -> torch.Tensor:
        return torch.arange(self.n) % 3

    def held_out(self) -> Dataset:
        return Numbered(9)


@pytest.mark.parametrize("streamed", [False, True])
def test_it_has_as_many_of_each_class_and_no_example_twice(streamed: bool) -> None:
    few = ClassSubset(Numbered(streamed=streamed), 4, seed=0)
    assert len(few) == 12
    numbers = [int(few[i]["x"]) for i in range(12)]
    assert numbers == sorted({*numbers}) and [few.example_name(i) for i in range(12)] == [*map(str, numbers)]
    assert torch.tensor(numbers).remainder(3).bincount().tolist() == [4, 4, 4]
    assert few.all_labels() is not None and few.all_labels().tolist() == [n % 3 for n in numbers]
    if not streamed:
        assert few.tensors() is not None and few.tensors()["x"].flatten().tolist() == numbers
    assert len(few.held_out() or ()) == 9 and few.class_names == ("a", "b", "c")


def test_the_seed_chooses() -> None:
    first, again, other = (ClassSubset(Numbered(300), 4, seed).indices.tolist() for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (Numbered(28), r"per_class=10, and class b has 9 examples: set dataset.per_class=9 or less"),
        (Numbered(2), r"class c has no examples: leave it out"),
    ],
)
def test_too_few_examples_are_refused(dataset: Dataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ClassSubset(dataset, 10, 0).tensors()


def test_what_has_no_labels_or_does_not_tell_them_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="this dataset has no labels: leave it out"):
        ClassSubset(Numbered(spec=Spec((1, 1, 1))), 1, 0)
    untold = Numbered(streamed=True)
    untold.all_labels = lambda: None  # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(DataError, match="does not tell them: leave it out"):
        ClassSubset(untold, 1, 0)[0]


def test_every_dataset_of_a_recipe_takes_it(tmp_path: Path) -> None:
    recipe = tiny('[dataset]\nuse = "digits"\n', "dataset.per_class=3", "run.seed=5")
    few = instantiate.dataset(recipe)
    assert isinstance(few, ClassSubset) and len(few) == 30 and few.seed == 5
    assert recipe.resolved()["dataset"]["per_class"] == 3
    assert few.fingerprint() != instantiate.dataset(tiny('[dataset]\nuse = "digits"\n')).fingerprint()
    with pytest.raises(RecipeError, match="per_class"):
        tiny('[dataset]\nuse = "digits"\n', "dataset.per_class=0")
    entry = PLUGINS.zoo.find("dataset", "digits")
    for signature in (describe(entry), loaded(entry)):
        assert "chosen by run.seed" in signature.descriptions()["per_class"]


def test_a_dataset_with_a_setting_of_that_name_keeps_it() -> None:
    class Own(Numbered):
        """Has examples.

        Args:
            per_class: Number of examples of each class.
        """

        def __init__(self, per_class: int = 5):
            super().__init__(3 * per_class)

    zoo = Zoo(owner="tests")
    zoo.add("dataset", "own", Own)
    from ganzoo.config.component import Blueprint

    made = instantiate.dataset_from(Blueprint(zoo.find("dataset", "own"), {"per_class": 2}), 0)
    assert isinstance(made, Own) and len(made) == 6

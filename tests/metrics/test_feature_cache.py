"""The cache of features: used for equal content only, and replaced if it is damaged; reference samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import Dataset, Extractor, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.interfaces import Batch
from ganzoo.metrics import feature_cache
from ganzoo.metrics.reference import MOST, Reference
from ganzoo.metrics.selection import Selected
from ganzoo.registry import discovery

RAW = Blueprint(discovery.load().zoo.find("extractor", "raw"))
BOTH = frozenset({"features", "logits"})


class Numbers(Dataset):
    """Points from `first` upwards."""

    in_memory = True

    def __init__(self, first: float = 0.0, n: int = 10, held: Dataset | None = None):
        self.spec = Spec((1,))
        self.held = held
        self.x = first + torch.arange(float(n))[:, None]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Batch:
        return {"x": self.x[i]}

    def tensors(self) -> Batch:
        return {"x": self.x}

    def held_out(self) -> Dataset | None:
        return self.held


class Counting(Extractor):
    """Twice the samples; records its calls."""

    classifies = "others"

    def __init__(self, digest: str = "weights") -> None:
        self.digest = digest
        self.asked = list[str]()

    def features(self, x: Tensor) -> Tensor:
        self.asked.append("features")
        return 2 * x

    def logits(self, x: Tensor) -> Tensor:
        self.asked.append("logits")
        return -x


def look(data: Dataset, extractor: Counting, cache: Path, wanted: frozenset[str] = frozenset({"features"})) -> Any:
    return feature_cache.seen(Reference.from_dataset(data).real, Selected(extractor, RAW), cache, wanted)


def test_the_same_samples_are_looked_at_once(tmp_path: Path) -> None:
    extractor = Counting()
    first, second = (look(Numbers(), extractor, tmp_path) for _ in range(2))
    assert extractor.asked == ["features"] and torch.equal(first.features, second.features)
    assert torch.equal(second.features, 2 * second.x)


def test_what_was_not_wanted_before_is_added(tmp_path: Path) -> None:
    extractor = Counting()
    look(Numbers(), extractor, tmp_path)
    seen = look(Numbers(), extractor, tmp_path, BOTH)
    assert extractor.asked == ["features", "logits"] and torch.equal(seen.logits, -seen.x)
    look(Numbers(), extractor, tmp_path, BOTH)
    assert len(extractor.asked) == 2 and len([*tmp_path.iterdir()]) == 1


def test_other_content_under_the_same_name_is_looked_at_anew(tmp_path: Path) -> None:
    extractor = Counting()
    for data in (Numbers(0.0), Numbers(0.5), Numbers(n=11)):
        seen = look(data, extractor, tmp_path)
        assert torch.equal(seen.features, 2 * seen.x)
    assert extractor.asked == ["features"] * 3


def test_other_weights_look_anew_and_none_are_not_kept(tmp_path: Path) -> None:
    for digest in ("weights", "other weights", ""):
        extractor = Counting(digest)
        seen = look(Numbers(), extractor, tmp_path)
        assert torch.equal(seen.features, 2 * seen.x) and extractor.asked == ["features"]
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("damage", [b"", b"no safetensors", None])
def test_a_damaged_file_is_made_anew(damage: bytes | None, tmp_path: Path) -> None:
    extractor = Counting()
    look(Numbers(), extractor, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)
    seen = look(Numbers(), extractor, tmp_path)
    assert torch.equal(seen.features, 2 * seen.x) and len(extractor.asked) == 2
    look(Numbers(), extractor, tmp_path)
    assert len(extractor.asked) == 2


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    seen = look(Numbers(), Counting(), tmp_path / "file")
    assert torch.equal(seen.features, 2 * seen.x)


def test_a_test_part_is_held_out_and_half_of_the_data_where_there_is_none() -> None:
    split = Reference.from_dataset(Numbers(n=7, held=Numbers(100, n=3)))
    assert sorted(split.real.samples.flatten().tolist()) == [*range(7)]
    assert sorted(split.held.samples.flatten().tolist()) == [100, 101, 102]
    halves = Reference.from_dataset(Numbers(n=7))
    assert (len(halves.real), len(halves.held)) == (4, 3)
    assert sorted(torch.cat([halves.real.samples, halves.held.samples]).flatten().tolist()) == [*range(7)]
    assert "half of the data" in halves.told and "test data" in split.told


def test_the_order_is_random_and_always_the_same() -> None:
    one, again = (Reference.from_dataset(Numbers(n=50)).real.indices for _ in range(2))
    assert one == again and list(one) != sorted(one)


def test_of_large_data_as_many_as_figures_of_the_field_rest_on() -> None:
    split = Reference.from_dataset(Numbers(n=MOST + 5, held=Numbers(n=2)))
    assert len(split.real) == MOST and split.real.told == "50,000 of 50,005, training data"


def test_a_single_example_has_nothing_to_hold_out() -> None:
    with pytest.raises(IncompatibleError, match="nothing to hold out"):
        Reference.from_dataset(Numbers(n=1))


def test_examples_that_are_drawn_anew_each_time_are_drawn_alike() -> None:
    class Shaken(Numbers):
        in_memory = False

        def __getitem__(self, i: int) -> Batch:
            return {"x": self.x[i] + torch.rand(1)}

        def tensors(self) -> None:  # type: ignore[override]
            return None

    one, again = Reference.from_dataset(Shaken()).real, Reference.from_dataset(Shaken()).real
    before = torch.get_rng_state()
    assert torch.equal(one.samples, again.samples) and one.fingerprint == again.fingerprint
    assert torch.equal(torch.get_rng_state(), before)
    assert one.samples.frac().unique().numel() > 1

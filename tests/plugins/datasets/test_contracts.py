"""What ganzoo.Dataset promises, asked of every built-in dataset.

Nothing here is written for one dataset: whatever is registered is covered, those that need a path by PATHS.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import DataError, Dataset, discovery
from ganzoo.blueprint import Blueprint
from ganzoo.registry import Entry
from ganzoo.sources import Source

DATASETS = [entry for entry in discovery.load().zoo.entries("dataset") if entry.owner == "ganzoo"]
every = pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
N = 60


def needed(entry: Entry) -> list[str]:
    """Settings without a default."""
    return [name for name, p in Blueprint(entry).signature.settings.items() if p.default is p.empty]


def without_path(entry: Entry) -> bool:
    return not needed(entry)


def generated(entry: Entry) -> bool:
    """Drawn by the dataset itself, from a seed."""
    return without_path(entry) and "seed" in Blueprint(entry).signature.settings and not make(entry).sources()


def make(entry: Entry, **settings: Any) -> Dataset:
    return Blueprint(entry, settings)()


def small(entry: Entry, **settings: Any) -> Dataset:
    return make(entry, **({"n": N} if "n" in Blueprint(entry).signature.settings else {}), **settings)


def among(choice: Callable[[Entry], bool]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", list(filter(choice, DATASETS)), ids=lambda entry: entry.name)


@pytest.fixture(autouse=True)
def no_data(root: Path) -> Path:
    return root


OPENED: list[str] = []
LISTENING: list[bool] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if LISTENING and event in ("open", "os.listdir", "os.scandir"):
        OPENED.append(str(arguments[0]))


sys.addaudithook(_hear)


@contextmanager
def listening() -> Iterator[list[str]]:
    """The files and folders that are opened inside the block."""
    OPENED.clear()
    LISTENING.append(True)
    try:
        yield OPENED
    finally:
        LISTENING.clear()


@every
def test_described(entry: Entry) -> None:
    assert len(entry.summary) > 0 and not entry.summary.endswith(".")
    assert entry.load().__doc__
    assert issubclass(entry.load(), Dataset)


@every
def test_defaults_pass_their_own_checks(entry: Entry) -> None:
    blueprint = Blueprint(entry, dict.fromkeys(needed(entry), "somewhere"))
    filled = blueprint.filled()
    filled.pop("use")
    assert Blueprint(entry, filled).problems() == []


@every
def test_building_one_opens_no_file(entry: Entry) -> None:
    settings = dict.fromkeys(needed(entry), "nowhere")
    make(entry, **settings)  # imports what it needs
    with listening() as opened:
        dataset = make(entry, **settings)
        if without_path(entry):
            _ = dataset.spec, dataset.class_names
        assert opened == []


def test_the_listener_hears(tmp_path: Path) -> None:
    with listening() as opened:
        (tmp_path / "a").write_text("x")
        list(tmp_path.iterdir())
    assert opened == [str(tmp_path / "a"), str(tmp_path)]


@among(without_path)
def test_spec_and_class_names_agree(entry: Entry) -> None:
    dataset = make(entry)
    assert len(dataset.class_names) == dataset.spec.classes
    assert len(set(dataset.class_names)) == len(dataset.class_names)
    assert all(isinstance(name, str) and name for name in dataset.class_names)
    assert all(isinstance(side, int) and side > 0 for side in dataset.spec.shape)
    assert not dataset.spec.is_image or dataset.spec.shape[0] in (1, 3)
    assert make(entry).spec == dataset.spec


@every
def test_it_can_be_handed_to_another_process(entry: Entry) -> None:
    dataset = make(entry, **dict.fromkeys(needed(entry), "nowhere"))
    again = pickle.loads(pickle.dumps(dataset))
    assert vars(again).keys() == vars(dataset).keys()
    if without_path(entry):
        assert (again.spec, list(again.class_names)) == (dataset.spec, list(dataset.class_names))


READINGS: dict[str, Callable[[Dataset], Any]] = {
    "len": len,
    "[0]": lambda dataset: dataset[0],
    "tensors": lambda dataset: dataset.tensors(),
    "fingerprint": lambda dataset: dataset.fingerprint(),
}


@among(lambda entry: without_path(entry) and bool(make(entry).sources()))
@pytest.mark.parametrize("reading", READINGS)
def test_missing_data_say_what_to_type(entry: Entry, reading: str) -> None:
    dataset = make(entry)
    if not all(source.missing() for source in dataset.sources()):
        pytest.skip("its data lie where the system keeps them")
    with pytest.raises(DataError) as caught:
        READINGS[reading](dataset)
    assert f"`ganzoo data get {MADE_OF.get(entry.name, entry.name)}`" in caught.value.message
    assert caught.value.exit_code == 3
    for source in dataset.sources():
        assert source.path in caught.value.message


@among(lambda entry: not without_path(entry))
@pytest.mark.parametrize("reading", READINGS)
def test_a_path_that_leads_nowhere_is_named(entry: Entry, reading: str) -> None:
    with pytest.raises(DataError, match="'nowhere'"):
        READINGS[reading](make(entry, **dict.fromkeys(needed(entry), "nowhere")))


@every
def test_sources_are_files_below_the_data_folder(entry: Entry) -> None:
    sources = make(entry, **dict.fromkeys(needed(entry), "nowhere")).sources()
    for source in sources:
        assert isinstance(source, Source)
        assert not Path(source.path).is_absolute() and ".." not in Path(source.path).parts
        assert source.urls
        assert source.md5 or all(url.startswith("https://") for url in source.urls)


def write_npz(folder: Path, shade: int) -> str:
    images = np.full((N, 8, 8), shade, np.uint8)
    np.savez(folder / f"{shade}.npz", images=images, labels=np.arange(N) % 3)
    return str(folder / f"{shade}.npz")


def write_folder(folder: Path, shade: int) -> str:
    for name in ("cats", "dogs"):
        place = folder / str(shade) / name
        place.mkdir(parents=True)
        for i in range(N // 2):
            Image.new("RGB", (8, 8), (shade, i, 0)).save(place / f"{i}.png")
    return str(folder / str(shade))


def write_text(folder: Path, shade: int) -> str:
    lines = (f"line {i} of shade {shade}\n" for i in range(N))
    (folder / f"{shade}.txt").write_text("".join(lines))
    return str(folder / f"{shade}.txt")


def write_pairs(folder: Path, shade: int) -> str:
    for side in ("a", "b"):
        place = folder / str(shade) / side
        place.mkdir(parents=True)
        for i in range(N):
            Image.new("RGB", (8, 8), (shade, i, len(side))).save(place / f"{i}.png")
    return str(folder / str(shade))


PATHS: dict[str, Callable[[Path, int], str]] = {
    "npz": write_npz,
    "folder": write_folder,
    "pairs": write_pairs,
    "text": write_text,
}


@pytest.fixture
def readable(entry: Entry, tmp_path: Path) -> Callable[[int], Dataset]:
    """A dataset with content, another one for another number."""
    if generated(entry):
        return lambda number: small(entry, seed=number)
    if entry.name not in PATHS:
        pytest.skip(f"needs {', '.join(needed(entry)) or 'its files'}, and PATHS has no example")
    write = PATHS[entry.name]
    written: dict[int, str] = {}

    def made(number: int) -> Dataset:
        if number not in written:
            written[number] = write(tmp_path, number)
        return make(entry, path=written[number])

    return made


contents = among(lambda entry: generated(entry) or not without_path(entry))


@contents
def test_an_example_is_as_the_spec_says(entry: Entry, readable: Callable[[int], Dataset]) -> None:
    dataset = readable(0)
    assert len(dataset) == N
    for i in (0, 1, N - 1):
        example = dataset[i]
        samples = ["a", "b"] if "a" in example else ["x"]
        assert set(example) == {*samples, *(["y"] if dataset.spec.classes else [])}
        numbers = torch.int64 if dataset.spec.vocab else torch.float32
        for one in (example[name] for name in samples):
            assert one.shape == dataset.spec.shape
            assert one.dtype == (torch.uint8 if dataset.spec.is_image else numbers)
            assert not dataset.spec.vocab or 0 <= one.min() <= one.max() < dataset.spec.vocab
            assert one.isfinite().all()
        if dataset.spec.classes:
            assert (example["y"].shape, example["y"].dtype) == ((), torch.int64)
            assert 0 <= example["y"].item() < dataset.spec.classes


@contents
def test_the_whole_is_the_sum_of_its_parts(entry: Entry, readable: Callable[[int], Dataset]) -> None:
    dataset = readable(0)
    whole = dataset.tensors()
    assert whole is not None  # so small a set fits in memory
    for key, tensor in whole.items():
        assert torch.equal(tensor, torch.stack([dataset[i][key] for i in range(len(dataset))]))


@contents
def test_every_class_occurs(entry: Entry, readable: Callable[[int], Dataset]) -> None:
    dataset = readable(0)
    whole = dataset.tensors() or {}
    if dataset.spec.classes:
        assert set(whole["y"].tolist()) == set(range(dataset.spec.classes))


@contents
def test_the_fingerprint_is_that_of_the_content(entry: Entry, readable: Callable[[int], Dataset]) -> None:
    first = readable(0)
    assert first.fingerprint() == readable(0).fingerprint() == pickle.loads(pickle.dumps(first)).fingerprint()
    assert first.fingerprint() != readable(1).fingerprint()


MADE_OF = {"stacked_mnist": "mnist"}
WITHOUT_TEST_PART = {"folder", "npz", "pairs", "text", "digits", "unicode_names"}


@every
def test_the_held_out_part_is_the_same_but_for_one_setting(entry: Entry) -> None:
    """No file is read for it, so that one may ask for it before the data are there."""
    settings = dict.fromkeys(needed(entry), "nowhere")
    dataset = make(entry, **settings)
    held = dataset.held_out()
    assert (held is None) == (entry.name in WITHOUT_TEST_PART)
    if held is None:
        return
    assert isinstance(dataset, type(held))
    assert (held.spec, list(held.class_names)) == (dataset.spec, list(dataset.class_names))
    changed = [key for key, value in vars(held).items() if isinstance(value, str | int) and vars(dataset)[key] != value]
    assert changed and {*changed} <= {"train", "split", "what", "n", "seed", "drawn_from"}


@among(generated)
def test_what_is_held_out_of_drawn_data_is_drawn_from_another_seed(entry: Entry) -> None:
    held = small(entry).held_out()
    if held is not None:
        assert len(held) == N // 6
        assert held.fingerprint() != make(entry, n=len(held)).fingerprint()


@contents
def test_reading_leaves_the_noise_of_training_alone(entry: Entry, readable: Callable[[int], Dataset]) -> None:
    before = torch.get_rng_state()
    dataset = readable(0)
    dataset.tensors()
    dataset.fingerprint()
    assert torch.equal(torch.get_rng_state(), before)

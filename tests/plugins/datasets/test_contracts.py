"""Rules for the built-in datasets, in addition to those of tests/plugins/test_conformance.py for all plugins."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from ganzoo import Dataset, SetupError, testing
from ganzoo.config.component import Blueprint
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry
from helpers import yours

DATASETS = [entry for entry in discovery.load().zoo.entries("dataset") if entry.owner == "ganzoo"]
every = pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
N = 60
WITHOUT_TEST_PART = {
    "hf",
    "parquet",
    "webdataset",
    "npy",
    "hdf5",
    "folder",
    "npz",
    "pairs",
    "unpaired",
    "text",
    "digits",
    "unicode_names",
}


def needed(entry: Entry) -> list[str]:
    """Return the settings without a default."""
    return [name for name, p in Blueprint(entry).signature.settings.items() if p.default is p.empty]


def make(entry: Entry, **settings: Any) -> Dataset:
    return Blueprint(entry, settings)()


def drawn(entry: Entry) -> bool:
    """Return True for a generated dataset: its settings are a size and a seed, and it needs no files."""
    return {"n", "seed"} <= Blueprint(entry).signature.settings.keys() and not make(entry).sources()


@pytest.fixture(autouse=True)
def no_data(root: Path) -> Path:
    return root


def test_what_needs_a_path_has_files_to_be_tried_on() -> None:
    assert {entry.name for entry in DATASETS if needed(entry)} == {*yours.PATHS}
    assert all(needed(entry) in ([], ["path"]) for entry in DATASETS)


@pytest.mark.parametrize("name", yours.PATHS)
def test_other_files_have_another_fingerprint(name: str, tmp_path: Path) -> None:
    pytest.importorskip(yours.PACKAGES.get(name, "ganzoo"))
    entry = next(entry for entry in DATASETS if entry.name == name)
    prints = []
    for shade in (0, 1):
        yours.write(tmp_path / str(shade), shade)
        dataset = make(entry, path=str(tmp_path / str(shade) / yours.PATHS[name]))
        assert len(dataset) == yours.N
        prints.append(dataset.fingerprint())
    assert prints[0] != prints[1]


EXTRAS = {"hf": "hf", "parquet": "parquet", "hdf5": "hdf5"}


@pytest.mark.parametrize("name", EXTRAS)
def test_without_its_package_a_dataset_is_listed_and_names_its_extra(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yours.write(tmp_path / "data", 0)
    for module in ("datasets", "pyarrow", "pyarrow.parquet", "h5py"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    entry = next(entry for entry in discovery.load().zoo.entries("dataset") if entry.name == name)
    dataset = make(entry, path=str(tmp_path / "data" / yours.PATHS[name]))
    says = re.escape(f"pip install 'ganzoo-torch[{EXTRAS[name]}]'")
    for reading in (len, lambda dataset: dataset[0], lambda dataset: dataset.spec):
        with pytest.raises(SetupError, match=says):
            reading(dataset)
    settings = {f"dataset {name}": {"path": str(tmp_path / "data" / yours.PATHS[name])}}
    for check in testing.checks("ganzoo", settings=settings):
        if f"dataset ganzoo/{name}:" in str(check):
            with contextlib.suppress(SkipTest):
                check()


@every
def test_the_held_out_part_is_the_same_but_for_one_setting(entry: Entry) -> None:
    dataset = make(entry, **dict.fromkeys(needed(entry), "nowhere"))
    held = dataset.held_out()
    assert (held is None) == (entry.name in WITHOUT_TEST_PART)
    if held is None:
        return
    assert isinstance(dataset, type(held))
    changed = [key for key, value in vars(held).items() if isinstance(value, str | int) and vars(dataset)[key] != value]
    assert changed and {*changed} <= {"train", "split", "what", "n", "seed", "sequence_seed"}


@pytest.mark.parametrize("entry", [*filter(drawn, DATASETS)], ids=lambda entry: entry.name)
def test_as_many_are_drawn_as_one_asks_for_and_a_sixth_of_it_is_held_out(entry: Entry) -> None:
    dataset = make(entry, n=N)
    assert len(dataset) == N
    held = dataset.held_out()
    if held is not None:
        assert len(held) == N // 6
        assert held.fingerprint() != make(entry, n=len(held)).fingerprint()

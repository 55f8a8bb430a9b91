"""Exports that several files look at, or spoil copies of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganzoo.sampling.run import Run
from ganzoo.sharing import export
from helpers.exports import sign
from helpers.support import CONDITIONAL, tiny, train


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """On points, with averaged weights; a checkpoint of step 5 and one of step 6."""
    return train(tiny("", "run.steps=6", "run.ema=0.9"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """On images of three classes, with averaged weights."""
    return train(tiny(CONDITIONAL, "run.steps=2", "run.ema=0.9"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def shared(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of `run`, to be read."""
    return export.export(run.folder, tmp_path_factory.mktemp("shared") / "points", license="mit").folder


@pytest.fixture
def copy(shared: Path, tmp_path: Path) -> Path:
    """An export of `run`, to be spoilt."""
    return Path(shutil.copytree(shared, tmp_path / "points"))


@pytest.fixture
def change(copy: Path) -> Callable[[Callable[[Any], Any]], Path]:
    """Changes config.json of the copy by a function of it, with a manifest to match."""

    def change(how: Callable[[Any], Any]) -> Path:
        config = json.loads((copy / "config.json").read_text())
        how(config)
        (copy / "config.json").write_text(json.dumps(config))
        sign(copy)
        return copy

    return change

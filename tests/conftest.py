"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganzoo.registry import registered

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: otherwise runs choose a number by measuring
NEIGHBOUR = Path(__file__).resolve().parents[2] / "shared" / "data"
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the cases that are left out for their time, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked as whole, unless --whole is given."""
    if config.getoption("--whole"):
        return
    left_out = [item for item in items if item.get_closest_marker("whole")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("whole")]


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Leave out fsync(), which takes most of the time of a small run; the machine is not going to lose its power.

    That files are synced, and before they get their names, is tested where they are written: utils/test_atomic.py.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with real data: MNIST and EMNIST from ../shared/data, Fashion-MNIST where Debian puts it.

    Skips when MNIST or EMNIST is absent. Set GANZOO_DATA to it to use it.
    """
    root = tmp_path_factory.mktemp("real_data")
    for name in ("MNIST", "EMNIST"):
        files = sorted((NEIGHBOUR / name / "raw").glob("*.gz"))
        if not files:
            pytest.skip(f"no real {name} in {NEIGHBOUR}")
        _link(files, root / name / "raw")
    _link(sorted(DEBIAN_FASHION.glob("*.gz")), root / "FashionMNIST" / "raw")
    return root


@pytest.fixture(autouse=True)
def forget_packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget modules that a test imported from a temporary folder: another test may install others by their names."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path_factory.getbasetemp())):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def forget_registered_components() -> Iterator[None]:
    """Forget components that a test registered in this process: other tests walk over all there are."""
    yield
    registered.clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path, for packages.install()."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def _link(files: list[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for file in files:
        (folder / file.name).symlink_to(file)

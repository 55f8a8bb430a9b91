"""The built-in plugins keep the promises that ganzoo.testing asks of anybody's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import yours
from ganzoo import testing

SETTINGS = {f"dataset {name}": {"path": path} for name, path in yours.PATHS.items()}


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data folder that holds what datasets of one's own files need, and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    yours.write(folder, shade=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_DATA", str(folder))
        yield


@pytest.mark.parametrize("check", testing.checks("ganzoo", settings=SETTINGS), ids=str)
def test_keeps_its_promises(check: testing.Check) -> None:
    check()

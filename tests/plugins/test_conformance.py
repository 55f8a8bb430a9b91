"""Conformance tests of the built-in plugins, the same as those of any plugin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ganzoo import testing
from helpers import yours

SETTINGS: dict[str, dict[str, Any]] = {
    **{f"dataset {name}": {"path": path} for name, path in yours.PATHS.items()},
    "dataset stacked_mnist": {"of": "digits"},
    "extractor referee": {"steps": 20, "least": 0},
    "metric kernel_distance": {"subsets": 3},
    "metric sliced_wasserstein": {"projections": 5},
    "metric gan_train": {"steps": 10},
    "metric mind": {"projections": 20},
    "metric utility": {"steps": 10, "learners": 1},
    "metric stacked_modes": {"steps": 30, "least": 0},
}
"""Paths, and settings that make the tests fast."""


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data folder with the files of datasets that read a `path`, and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    yours.write(folder, shade=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_DATA", str(folder))
        yield


def every() -> list[Any]:
    slow = {"two processes keep equal weights": [pytest.mark.slow]}
    checks = testing.checks("ganzoo", settings=SETTINGS)
    return [pytest.param(check, id=str(check), marks=slow.get(check.name, [])) for check in checks]


@pytest.mark.parametrize("check", every())
def test_keeps_its_promises(check: testing.Check) -> None:
    check()

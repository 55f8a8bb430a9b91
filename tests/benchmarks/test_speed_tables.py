"""The tables of roofline.py and growth.py, from measurements as `ganzoo bench --json` prints them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import growth
import marks
import roofline
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery

PLUGINS = discovery.load()
PAGE = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text()


def peaks(threads: int, product: float) -> dict[str, Any]:
    rates = {"product": product, "convolution": 1e11, "copy": 1e10, "optimizer": 1e9}
    return {"threads": threads, "precision": "float32", **rates}


def measured(product: float = 2e11) -> dict[str, Any]:
    return {
        "recipe": "gan_mnist",
        "threads": 2,
        "ms_per_step": {"median": 20.0, "low": 19.0, "high": 22.0},
        "roofline": {
            "peaks": [peaks(2, product), peaks(1, 1e11)],
            "work": {"product": 1e9, "convolution": 5e8, "updated": 1, "averaged": 1},
            "shortest_ms": {"products": 5.0, "convolutions": 4.0, "optimizer": 2.0, "average": 1.0},
            "share": 0.6,
            "operators": [{"name": "aten::mm", "ms": 8.0, "calls": 3.0}],
        },
    }


def test_a_row_of_the_roofline_has_work_time_shortest_time_and_share() -> None:
    row = "| `gan_mnist` | 2 | 1.50 | 20.0 (19.0 to 22.0) | 5.0 + 4.0 + 2.0 + 1.0 | **0.60** | `mm` 40% |"
    assert roofline.row(measured()) == row


def test_peaks_are_the_median_of_all_rows() -> None:
    text = roofline.page([measured(1e11), measured(3e11), measured(2e11)], 0.1)
    assert "| float32, 2 threads | 200 GFLOP/s | 100 GFLOP/s | 10.0 GB/s | 1.00 G parameters/s |" in text
    assert "load 0.1 at the start" in text


def test_growth_is_relative_to_the_first_point_of_an_axis() -> None:
    def point(speed: float) -> dict[str, Any]:
        step = {"median": 64000 / speed}
        return {"images_per_second": speed, "ms_per_step": step, "peak_bytes": 2**30, "parameters": 1_500_000}

    assert growth.rows("width", {8: point(1000.0), 16: point(250.0)}) == [
        "| width | 8 | 64 | 1,000 | 1.00 | 1,024 | 1.50 |",
        "|  | 16 | 256 | 250 | 0.25 | 1,024 | 1.50 |",
    ]


@pytest.mark.parametrize("axis", growth.AXES)
def test_every_point_of_an_axis_is_a_recipe(axis: str) -> None:
    for changes in growth.AXES[axis].values():
        resolver.read(locate.find("quickstart", PLUGINS), changes, PLUGINS.zoo)


@pytest.mark.parametrize("recipe", roofline.RECIPES)
def test_every_recipe_of_the_roofline_exists_and_is_on_the_page(recipe: str) -> None:
    locate.find(recipe, PLUGINS)
    assert f"| `{recipe}` |" in PAGE


def test_both_tables_have_their_place_on_the_page() -> None:
    for begin in (roofline.BEGIN, growth.BEGIN):
        assert marks.insert(PAGE, begin, "x") != PAGE

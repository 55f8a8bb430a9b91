"""The league's table: mean and spread over seeds, what is set in bold, what counts, and the page that shows it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import league
import marks
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from standings import chart, page, poster
from standings.cells import Cells, Task
from standings.judging import strip
from standings.page import League
from standings.ranking import best, rows
from standings.systems import System

PLUGINS = discovery.load()
RECIPE, _ = resolver.read(locate.find("dcgan_mnist", PLUGINS), (), PLUGINS.zoo)
PICTURE = base64.b64encode(strip(torch.zeros(10, 1, 28, 28))).decode()
FLOORS = {"frechet_distance": 2.0, "precision": 0.9, "recall": 0.8, "coverage": 0.95, "class_coverage": 10.0}


def system(name: str, digest: str = "now") -> System:
    return System(name, "mnist", RECIPE, (), False, digest)


def cell(name: str, seed: int, distance: float, recall: float = 0.5, **training: Any) -> dict[str, Any]:
    """Return a cell of a GAN with digest "now", judged by the referee "first"."""
    values = {"frechet_distance": distance, "precision": 0.7, "recall": recall, "coverage": 0.6, "class_coverage": 9.0}
    better = {"frechet_distance": "lower"}
    return {
        "system": name,
        "data": "mnist",
        "seed": seed,
        "recipe": "dcgan_mnist",
        "changes": [],
        "digest": "now",
        "threads": 1,
        "training": {
            "budget": 300.0, "cpu_seconds": 300.0, "steps": 1000, "images": 60_000, **training,
        },
        "scores": {
            key: {"value": value, "floor": FLOORS[key], "better": better.get(key, "higher")}
            for key, value in values.items()
        },
        "protocol": {"extractor": {"digest": "first"}},
        "not_scored": "",
        "curve": [
            {"step": 10, "cpu_seconds": 30.0, "frechet_distance": {"value": 4 * distance, "floor": 3.0}},
            {"step": 100, "cpu_seconds": 300.0, "frechet_distance": {"value": distance, "floor": 3.0}},
        ],
        "picture": PICTURE,
        "machine": {"processor": "a processor", "torch_uses": "AVX2"},
        "versions": {"torch": "2.0"},
        "date": f"2026-01-0{seed + 1}T00:00:00+00:00",
    }  # fmt: skip


def seeds(name: str, *distances: float, recall: float = 0.5, **training: Any) -> list[dict[str, Any]]:
    return [cell(name, seed, distance, recall, **training) for seed, distance in enumerate(distances)]


def lines(cells: list[dict[str, Any]], *names: str) -> dict[str, list[str]]:
    """Return the columns of each row of the table, by the text of its first column."""
    text = page.table(rows({name: system(name) for name in names}, cells), {})
    columns = [[column.strip() for column in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {first: rest for first, *rest in columns}


def test_mean_and_spread_over_three_seeds() -> None:
    shown = lines(seeds("a", 10.0, 12.0, 14.0), "a")
    assert shown["real images, held out"][:6] == ["2", "0.9", "0.8", "0.95", "10", ""]
    bold = ["**12 ± 2**", "**0.7**", "**0.5**", "**0.6**", "**9**", ""]
    assert shown["a"] == [*bold, "6", "200", "1,000"]  # 12 / 2; 60,000 images in 300 seconds


def test_other_seeds_than_three_do_not_count() -> None:
    cells = seeds("a", 10.0, 12.0, 14.0, 1000.0)
    assert lines(cells, "a")["a"][0] == "**12 ± 2**"


def test_rows_are_ranked_by_their_mean_distance() -> None:
    cells = seeds("a", 30.0, 30.0, 30.0) + seeds("b", 10.0, 20.0, 30.0) + seeds("c", 5.0, 5.0)
    assert [*lines(cells, "a", "b", "c")] == ["real images, held out", "b", "a", "c (2 of 3 seeds)"]


def test_only_what_covers_the_data_is_set_in_bold() -> None:
    """The recall of real images is 0.8: a GAN with 0.07 is best, and the next one is set in bold."""
    cells = seeds("narrow", 3.0, 3.0, 3.0, recall=0.07) + seeds("wide", 9.0, 9.0, 9.0, recall=0.09)
    shown = lines(cells, "narrow", "wide")
    assert (shown["narrow"][0], shown["wide"][0]) == ("3", "**9**")


def test_bold_is_the_best_and_what_lies_within_the_spread() -> None:
    cells = seeds("a", 10.0, 12.0, 14.0) + seeds("b", 13.0, 13.0, 13.0) + seeds("c", 14.5, 14.5, 14.5)
    table = rows({name: system(name) for name in "abc"}, cells)
    assert best(table, "frechet_distance") == {"a", "b"}  # 12 ± 2, 13, 14.5
    assert best(table, "gan_test") == set()


def test_a_row_without_three_seeds_is_marked_and_not_bold() -> None:
    shown = lines(seeds("a", 3.0, 4.0) + seeds("b", 9.0, 9.0, 9.0), "a", "b")
    assert shown["a (2 of 3 seeds)"][0] == "3.5 ± 0.71"
    assert shown["b"][0] == "**9**"


def test_a_seed_that_diverged_is_said_and_not_bold() -> None:
    cells = seeds("a", 3.0, 5.0, 7.0)
    cells[2] |= {"scores": {}, "curve": [], "not_scored": "diverged, step 7: NaN"}
    del cells[2]["protocol"]
    assert lines(cells, "a")["a (1 of 3 not scored)"][0] == "4 ± 1.4"
    text = page.measured([League("mnist", {"a": system("a")}, {}, cells)], {})
    assert "- a: diverged, step 7: NaN" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"digest": "before"}, "its recipe or networks have changed"),
        ({"protocol": {"extractor": {"digest": "older"}}}, "judged by an earlier referee or protocol"),
        ({"training": {**cell("a", 0, 1.0)["training"], "budget": 60.0}}, "trained for 60 seconds"),
        ({"threads": 2}, "trained on 2 threads"),
    ],
)
def test_a_stale_cell_is_kept_and_does_not_count(change: dict[str, Any], reason: str) -> None:
    cells = seeds("a", 100.0, 12.0, 14.0)
    cells[0] |= change
    (row,) = rows({"a": system("a")}, cells)
    assert dict(row.stale) == {0: reason}
    assert lines(cells, "a")["a (2 of 3 seeds)"][0] == "13 ± 1.4"
    text = page.measured([League("mnist", {"a": system("a")}, {}, cells)], {})
    assert f"- a, seed 0: {reason}" in text and "2 of 3 cells" in text


def test_a_row_of_stale_cells_is_shown_last_with_a_mark() -> None:
    cells = seeds("a", 1.0, 1.0, 1.0) + seeds("b", 9.0, 9.0)
    for stale in cells[:3]:
        stale["digest"] = "before"
    shown = lines(cells, "a", "b")
    assert [*shown] == ["real images, held out", "b (2 of 3 seeds)", f"a {page.OLD}"]
    assert shown[f"a {page.OLD}"][0] == "1"
    assert "the zoo no longer has this GAN" in page.measured([League("mnist", {}, {}, cells)], {})


def test_a_page_with_pictures_and_charts(tmp_path: Path) -> None:
    cells = Cells(tmp_path / "cells")
    for content in seeds("a", 10.0, 12.0, 14.0):
        cells.write(Task("mnist", "a", content["seed"]), content)
    cells.real("mnist").write_bytes(strip(torch.ones(10, 1, 28, 28)))
    (tmp_path / "league.md").write_text(f"# League\n\n{page.BEGIN}\n\nold\n\n{marks.END}\n\nend\n")
    leagues = [
        League("mnist", {"a": system("a"), "b": system("b")}, {"c": "generates text"}, cells.all("mnist")),
        League("fashion_mnist", {"a": system("a")}, {"c": "generates text"}, []),
    ]
    page.write(leagues, cells, tmp_path / "league.md", tmp_path / "images", {"dcgan_mnist": ("DCGAN", "dcgan.md")})
    text = (tmp_path / "league.md").read_text()
    assert "3 of 9 cells have been measured, and 1 of 3 rows have their three seeds" in text
    assert "| [a](zoo/dcgan.md) | **12 ± 2** |" in text and "old" not in text
    assert "Not measured yet: b." in text and "| a<br>`ganzoo run dcgan_mnist` |" in text
    assert "- `c`: generates text." in text
    for name in re.findall(r"\(images/league/(\S+)\)", text):
        assert (tmp_path / "images" / name).is_file()
    with Image.open(tmp_path / "images/mnist/a.png") as picture:
        assert picture.size == (604, 64)
    with Image.open(tmp_path / "images/mnist.png") as drawn:
        assert drawn.getpixel((poster.MARGIN + 9, poster.MARGIN + poster.LABEL + 9)) == (255, 255, 255)  # real: ones
        strips = drawn.width - 2 * poster.MARGIN + poster.GAP
        assert drawn.getpixel((poster.MARGIN + strips // 2 + 9, poster.MARGIN + poster.LABEL + 9)) == (128, 128, 128)
    before = text
    page.write(leagues, cells, tmp_path / "league.md", tmp_path / "images", {"dcgan_mnist": ("DCGAN", "dcgan.md")})
    assert (tmp_path / "league.md").read_text() == before


def test_a_page_without_cells_says_so() -> None:
    text = page.measured([League("mnist", {"a": system("a")}, {"b": "generates text"}, [])], {})
    assert text == "**No cell has been measured yet.**\n\n## Not in the league\n\n- `b`: generates text."


def test_a_curve_is_the_mean_of_the_seeds() -> None:
    curves = [one["curve"] for one in seeds("a", 10.0, 20.0)]
    assert page.mean_curve(curves) == [(0.5, 60.0), (5.0, 15.0)]


def test_labels_of_a_chart_keep_their_distance() -> None:
    places = chart.spread_out({"a": 100.0, "b": 101.0, "c": 300.0})
    assert places == {"a": (100.0, 100.0), "b": (101.0, 100.0 + chart.LINE), "c": (300.0, 300.0)}
    low = chart.spread_out(dict.fromkeys("abc", 510.0))
    bottom = chart.HEIGHT - chart.BOTTOM
    assert [place for _, place in low.values()] == [bottom - 2 * chart.LINE, bottom - chart.LINE, bottom]


def test_a_chart_has_a_line_for_each_row_and_one_for_real_samples() -> None:
    drawing = chart.svg({"a": [(0.5, 100.0), (5.0, 10.0)], "<b>": [(0.5, 50.0), (5.0, 20.0)]}, 2.0, "minutes", "y")
    assert drawing.count("<polyline") == 2 and drawing.count("stroke-dasharray") == 1
    assert "&lt;b&gt;" in drawing and "<b>" not in drawing and "real samples" in drawing


def test_the_page_is_what_the_command_writes() -> None:
    """Of the cells in the tree and the recipes as they are: a new recipe has a row, or a reason why it has none."""
    text = league.PAGE.read_text()
    leagues = league.leagues(Cells(league.CELLS), PLUGINS)
    written = page.measured(leagues, league.pages(league.GALLERY))
    assert marks.insert(text, page.BEGIN, written) == text, "run `python benchmarks/league.py --render`"

"""The recipe in a report is the one that ran: the file with the changes of the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from ganzoo.config import resolver
from ganzoo.report import contents, page, recipe
from ganzoo.report.recipe import Change
from ganzoo.sampling.run import Run
from ganzoo.utils.redact import Redactor
from helpers.support import PLUGINS, toml, train


def trained(out: Path, *overrides: str, text: str = toml()) -> Run:
    (out / "points.toml").write_text(f"# points\n{text}")
    parsed, _ = resolver.read(out / "points.toml", ["run.steps=2", *overrides], PLUGINS.zoo)
    return train(parsed, out)


def again(run: Run) -> dict[str, object]:
    """Return the resolved tables of the recipe that a report shows."""
    tree = tomllib.loads(recipe.read(run).text)
    resolved: dict[str, object] = resolver.resolve(tree, PLUGINS.zoo, "shown", name="shown").resolved()
    return json.loads(json.dumps(resolved))


def test_the_file_as_it_is_where_nothing_was_changed(tmp_path: Path) -> None:
    steps = tomllib.loads(toml())["run"]["steps"]
    run = trained(tmp_path, f"run.steps={steps}")
    assert recipe.read(run) == recipe.RecipeThatRan(f"# points\n{toml()}")
    assert "of which nothing was changed" in page.render([(run, None)], with_samples=False)


def test_changes_of_the_command_line_are_in_the_recipe_and_beside_it(tmp_path: Path) -> None:
    given = tomllib.loads(toml())
    run = trained(tmp_path, "generator.z_dim=3", "loss.use=least_squares", "run.ema=0.5")
    changes = {change.setting: change for change in recipe.read(run).changes}
    assert changes["generator.z_dim"] == Change("generator.z_dim", "3", str(given["generator"]["z_dim"]))
    assert changes["loss.use"].value == '"least_squares"'
    assert changes["run.ema"] == Change("run.ema", "0.5", "0.0")
    assert changes["run.steps"].value == "2"
    assert again(run) == run.resolved["recipe"]


def test_a_unit_that_was_replaced_is_gone(tmp_path: Path) -> None:
    text = toml().replace(f"steps = {tomllib.loads(toml())['run']['steps']}", "epochs = 3.0")
    run = trained(tmp_path, text=text)
    assert Change("run.epochs", "", "3.0") in recipe.read(run).changes
    assert "epochs" not in recipe.read(run).text
    assert again(run) == run.resolved["recipe"]


def test_a_file_that_is_no_recipe_any_more_is_shown_as_it_is(tmp_path: Path) -> None:
    run = trained(tmp_path)
    (run.folder / "recipe.toml").write_text("[loss]\nuse = 'gone'\n")
    assert recipe.read(run) == recipe.RecipeThatRan("[loss]\nuse = 'gone'\n")


def test_the_page_names_the_run_and_its_changes(tmp_path: Path) -> None:
    run = trained(tmp_path, "generator.z_dim=3")
    text = page.render([(run, None)], with_samples=False)
    assert "<h1>points: a GAN trained on ring</h1>" in text and run.folder.name in text
    assert "The recipe that ran: its file with 2 changed settings." in text
    assert "<td><code>generator.z_dim</code></td>" in text and "z_dim = 3" in text


def test_runs_are_named_by_what_differs(tmp_path: Path) -> None:
    first = trained(tmp_path, "loss.use=hinge")
    second = trained(tmp_path, "loss.use=least_squares", "run.seed=4")
    text = page.render([(first, None), (second, None)], with_samples=False)
    assert "<h1>2 runs of points</h1>" in text
    assert ">loss=hinge, seed=0</a>" in text and ">loss=least_squares, seed=4</a>" in text
    one = contents.collect(first, None, Redactor(), 0, 1, False)
    assert contents.labels([one, one]) == ["points", "points"]

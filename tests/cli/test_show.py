"""ganzoo show: a component's settings, or a recipe with its defaults."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ganzoo.config.signature import from_object, from_source
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry
from helpers.commands import ganzoo
from helpers.support import toml

every_component = pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=f"{entry.kind} {entry.name}") for entry in discovery.load().zoo]
)


@every_component
def test_every_component_can_be_shown(entry: Entry) -> None:
    result = ganzoo("show", entry.full_name, "--kind", entry.kind, "--json")
    assert result.exit_code == 0, result.output
    (document,) = json.loads(result.stdout)
    assert (document["kind"], document["name"], document["paper"]) == (entry.kind, entry.name, entry.paper)


@every_component
def test_what_is_read_from_the_source_is_what_is_checked(entry: Entry) -> None:
    described, real = from_source(entry.target), from_object(entry.load())
    assert json.dumps(described.defaults()) == json.dumps(real.defaults())
    assert list(described.settings) == list(real.settings)
    assert list(described.parts) == list(real.parts)
    assert described.open == real.open


def test_the_text() -> None:
    result = ganzoo("show", "least_squares")
    assert result.stdout.startswith(
        "loss least_squares  (ganzoo)  arXiv:1611.04076\n"
        "ganzoo_builtins.losses.least_squares:LeastSquares\n"
        "\n"
        "  a = 0.0  float\n"
        "      "
    )
    assert "\n  b = 1.0  float\n      " in result.stdout
    assert "Squared distance of logits to targets" in result.stdout


def test_a_description_stands_below_its_setting_and_not_in_the_text() -> None:
    document = json.loads(ganzoo("show", "run", "--json").stdout)[0]
    assert (document["kind"], document["target"]) == ("table", "ganzoo.config.recipe:RunSettings")
    described = document["settings"]["keep"]
    assert (described["default"], described["description"]) == (3, "Number of checkpoints that are kept.")
    text = ganzoo("show", "run").stdout
    assert f"\n  keep = 3  {described['type']}\n      Number of checkpoints that are kept.\n" in text
    assert text.count(described["description"]) == 1
    assert text.rstrip().splitlines()[-1].startswith("The [run] table.")


def test_a_setting_that_must_be_given_says_so() -> None:
    assert "  path (required)  str\n" in ganzoo("show", "npz").stdout


def test_a_procedure_names_its_tables() -> None:
    assert (
        "Tables it takes: [generator], [discriminator], [loss], [regularizer]" in ganzoo("show", "adversarial").stdout
    )


def test_a_name_of_several_kinds_shows_all_of_them() -> None:
    assert [one["kind"] for one in json.loads(ganzoo("show", "cgan", "--json").stdout)] == [
        "generator",
        "discriminator",
    ]


def test_a_recipe_is_toml_with_its_defaults() -> None:
    shown = tomllib.loads(ganzoo("show", "quickstart").stdout)
    assert shown["run"] == json.loads(ganzoo("show", "quickstart", "--json").stdout)["run"]
    assert shown["run"]["precision"] == "no"
    assert shown["dataset"]["use"] == "ganzoo/glyphs"


def test_a_player_of_its_own_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(toml() + '[optimizer.generator]\nuse = "sgd"\nlr = 0.5\n')
    shown = json.loads(ganzoo("show", str(tmp_path / "mine.toml"), "--json").stdout)["optimizer"]
    assert (shown["use"], shown["lr"], shown["betas"]) == ("ganzoo/adam", 1e-3, [0.9, 0.999])
    assert (shown["generator"]["use"], shown["generator"]["lr"], shown["generator"]["momentum"]) == (
        "ganzoo/sgd",
        0.5,
        0,
    )


def test_a_recipe_with_mistakes_lists_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(toml().replace("z_dim", "zdim").replace("non_sat", "nonsat"))
    result = ganzoo("show", str(tmp_path / "bad.toml"))
    assert result.exit_code == 2
    assert "2 problems in this recipe" in result.stderr
    assert "Did you mean 'z_dim'?" in result.stderr
    assert "Did you mean 'non_saturating'?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("hing", "Error: no component or recipe named 'hing'. Did you mean 'hinge'? See `ganzoo list`."),
        ("quickstrat", "Error: no component or recipe named 'quickstrat'. Did you mean 'quickstart'?"),
        ("hinj --kind loss", "Error: no loss named 'hinj'. Did you mean 'hinge'? See `ganzoo list loss`."),
    ],
)
def test_an_unknown_name(arguments: str, says: str) -> None:
    result = ganzoo("show", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr

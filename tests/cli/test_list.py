"""ganzoo list: what there is, by kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo.config import locate
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS
from ganzoo.sharing import shipped
from helpers.commands import ganzoo
from helpers.packages import GOOD, install

HINGE = """\
loss
name   owner   summary                                paper
hinge  ganzoo  Margins of one around a logit of zero  arXiv:1705.02894
"""


def names(*arguments: str) -> list[str]:
    result = ganzoo("list", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [row["name"] for row in json.loads(result.stdout)]


def test_the_table() -> None:
    stdout = ganzoo("list", "loss", "hinge", terminal=True).stdout
    assert [line.rstrip() for line in stdout.strip().splitlines()] == HINGE.splitlines()


def test_each_row_is_a_line_in_a_pipe() -> None:
    hinge = "loss\thinge\tganzoo\tMargins of one around a logit of zero\tarXiv:1705.02894\n"
    assert ganzoo("list", "loss", "hinge").stdout == hinge
    rows = json.loads(ganzoo("list", "--json").stdout)
    lines = ganzoo("list").stdout.splitlines()
    keys = ("kind", "use", "owner", "summary", "paper")
    assert [line.split("\t") for line in lines] == [[row[key] for key in keys] for row in rows]


def test_lines_fit_into_80_columns_and_papers_are_not_cut() -> None:
    lines = ganzoo("list", terminal=True).stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert not [line for line in lines if "…" in line]


def test_nothing_is_coloured_in_a_pipe() -> None:
    assert "\x1b" not in ganzoo("list").stdout


def test_json_has_every_component_and_recipe() -> None:
    plugins = discovery.load()
    rows = json.loads(ganzoo("list", "--json").stdout)
    assert {(row["kind"], row["name"]) for row in rows if row["kind"] != "gan"} == {
        (entry.kind, entry.name) for entry in plugins.zoo
    } | {("recipe", recipe.name) for recipe in locate.recipes(plugins)} | {
        ("model", model.name) for model in shipped.models(plugins)
    }
    assert {tuple(row) for row in rows} == {("kind", "name", "owner", "summary", "paper", "use")}


def test_a_name_that_means_another_component_is_listed_with_its_owner(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD.replace('"good"', '"hinge"'))
    lines = [line.split("\t")[:3] for line in ganzoo("list", "loss", "hinge").stdout.splitlines()]
    assert lines == [["loss", "acme/hinge", "acme"], ["loss", "hinge", "ganzoo"]]


def test_kinds_come_in_order() -> None:
    kinds = [row["kind"] for row in json.loads(ganzoo("list", "--json").stdout)]
    assert kinds == sorted(kinds, key=["gan", *KINDS, "recipe", "model"].index)


@pytest.mark.parametrize("spelling", ["loss", "losses"])
def test_one_kind(spelling: str) -> None:
    assert names(spelling) == sorted(entry.name for entry in discovery.load().zoo.entries("loss"))


def test_recipes() -> None:
    assert names("recipes") == [recipe.name for recipe in locate.recipes(discovery.load())]


def test_a_wildcard_matches_all_of_a_name() -> None:
    found = names("dc*")
    assert found.count("dcgan") == 2
    assert all(name.lower().startswith("dc") for name in found)
    generators = [entry.name for entry in discovery.load().zoo.entries("generator")]
    assert names("generator", "dc*") == [name for name in generators if name.startswith("dc")]
    assert {"dcgan", "dcgan_upsample"} <= set(found)


def test_a_word_matches_a_part_of_a_name_or_summary() -> None:
    assert {"mnist", "emnist", "qmnist"} <= set(names("dataset", "MNIST"))
    assert names("loss", "distance to target") == ["least_squares"]


def test_an_owner_matches() -> None:
    assert names("loss", "ganzoo/*") == names("loss")
    assert "quickstart" in names("recipe", "ganzoo/*")


def test_a_kind_that_nobody_offers_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_BLOCK_PLUGINS", "ganzoo/metrics")
    result = ganzoo("list", "metric")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No plugin offers any metrics.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("losss", "Error: nothing matches 'losss'. Did you mean 'losses'? See `ganzoo list`."),
        ("loss hinje", "Error: nothing matches 'hinje'. Did you mean 'hinge'? See `ganzoo list`."),
        ("losss hinge", "Error: no kind 'losss'. Did you mean 'losses'? Kinds: gan, generator, discriminator,"),
        ("zzzzz", "Error: nothing matches 'zzzzz'. See `ganzoo list`."),
    ],
)
def test_an_unknown_name_suggests_a_near_one(arguments: str, says: str) -> None:
    result = ganzoo("list", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_every_recipe_stands_beside_its_gan_and_paper() -> None:
    rows = json.loads(ganzoo("list", "gan", "--json").stdout)
    listed = [recipe for row in rows for recipe in row["summary"].split(", ")]
    assert sorted(listed) == [recipe.name for recipe in locate.recipes(discovery.load())]
    assert [row["name"] for row in rows if not row["paper"]] == []
    assert [row["name"] for row in rows] == sorted({row["name"] for row in rows}, key=str.casefold)


def test_a_gan_is_found_by_the_name_the_field_uses() -> None:
    lines = [line.rstrip() for line in ganzoo("list", "gans", "wgan-gp", terminal=True).stdout.strip().splitlines()]
    assert lines[0] == "gan" and lines[1].split() == ["name", "owner", "recipes", "paper"]
    assert "WGAN-GP" in lines[2] and "wgan_gp_mnist" in " ".join(lines) and "arXiv:1704.00028" in lines[2]

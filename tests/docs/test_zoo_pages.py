"""The zoo's gallery contains every recipe with a GAN's name, and a page and a picture for each GAN."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.pages import TOP

ZOO = TOP / "docs/zoo"
CARD = re.compile(
    r"^\| (?:\[!\[(?P<alt>[^]]+)\]\((?P<picture>\S+)\)\]\((?P<way>\w+\.md)\)|no picture yet) "
    r"\| \*\*\[(?P<name>\w+)\]\((?P<page>\w+\.md)\)\*\*<br>(?P<gan>[^:]+): (?P<who>[^\[]+), "
    r"\[(?P<paper>[^]]+)\]\((?P<address>\S+)\)<br>(?P<recipes>.+) \|$",
    re.M,
)
PAGES = sorted(path for path in ZOO.glob("*.md") if path.name not in ("index.md", "results.md"))


@dataclass(frozen=True)
class Card:
    """Entry of one page in docs/zoo/index.md."""

    page: Path
    gan: str
    paper: str
    address: str
    recipes: tuple[str, ...]
    picture: Path | None


def cards() -> list[Card]:
    text = (ZOO / "index.md").read_text()
    rows = re.findall(r"^\| (?!samples|---).*$", text, re.M)
    found = [CARD.fullmatch(row) for row in rows]
    assert rows and all(found), [row for row, card in zip(rows, found, strict=True) if not card]
    made = []
    for card in CARD.finditer(text):
        assert card["name"] == Path(card["page"]).stem and card["way"] in (None, card["page"])
        recipes = tuple(re.findall(r"`(\w+)`", card["recipes"]))
        picture = ZOO / card["picture"] if card["picture"] else None
        made.append(Card(ZOO / card["page"], card["gan"], card["paper"], card["address"], recipes, picture))
    return made


CARDS = cards()
each_card = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.page.stem)


def test_every_page_has_a_card() -> None:
    assert sorted(card.page for card in CARDS) == PAGES


def test_every_recipe_that_names_a_gan_is_on_one_card() -> None:
    told = {path.stem for path in (TOP / "recipes").glob("*.toml") if "[about]" in path.read_text()}
    assert sorted(recipe for card in CARDS for recipe in card.recipes) == sorted(told)


@each_card
def test_a_card_says_what_its_recipes_say(card: Card) -> None:
    for recipe in card.recipes:
        about = tomllib.loads((TOP / f"recipes/{recipe}.toml").read_text())["about"]
        assert about["gan"] == card.gan
        address = re.sub(r"^arXiv:", "https://arxiv.org/abs/", about["paper"])
        assert (card.address, card.paper in about["paper"]) == (address, True)


@each_card
def test_the_picture_is_on_the_page_too_and_of_the_first_recipe(card: Card) -> None:
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", card.page.read_text())
    if card.picture is None:
        assert not shown, "there is a picture"
        return
    assert card.picture.is_file()
    picture = card.picture
    if picture.parent.name == "gallery":  # made of that on the page, by benchmarks/gallery.py
        picture = picture.parents[1] / "zoo" / picture.name
    assert picture.resolve() in [(ZOO / one).resolve() for one in shown]
    assert card.picture.name.startswith(card.recipes[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_named_by_its_file(page: Path) -> None:
    assert re.match(rf"# {page.stem}: [^\n]*\w\n", page.read_text())

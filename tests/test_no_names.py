"""The core knows no GAN: no name that the field, a recipe or a network has for one stands in ganzoo/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganzoo
from ganzoo.config import locate
from ganzoo.registry import discovery

PLUGINS = discovery.load()
KINDS = ("generator", "discriminator", "encoder", "procedure")
# Words that name no one GAN, or have another sense.
PLAIN = {"adversarial", "autoencoder", "began", "cut", "gan", "mlp", "quickstart", "translation"}


def names() -> Iterator[str]:
    """Networks and procedures as registered, recipes, and what recipes say they are, in lower case."""
    for kind in KINDS:
        yield from (entry.name for entry in PLUGINS.zoo.entries(kind) if entry.owner == "ganzoo")
    for recipe in locate.recipes(PLUGINS):
        yield recipe.name
        yield recipe.about[0].lower()


NAMES = {name for name in names() if name} - PLAIN


def test_there_are_names_to_look_for() -> None:
    assert {"dcgan", "cgan_emnist", "wgan-gp"} <= NAMES


@pytest.mark.parametrize("path", sorted(Path(ganzoo.__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_no_file_of_the_core_names_a_gan(path: Path) -> None:
    text = path.read_text().lower()
    found = {name for name in NAMES if re.search(rf"(?<![a-z0-9_-]){re.escape(name)}(?![a-z0-9_-])", text)}
    assert found == set()

"""Tests of the small examples that procedures are checked on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from torch import Tensor

from ganzoo import Batch, Procedure
from ganzoo.config import resolver
from ganzoo.config.component import Blueprint
from ganzoo.interfaces import Spec
from ganzoo.registry.zoo import Entry, Zoo
from ganzoo.testing import BrokenPromiseError, examples
from ganzoo.testing.examples import Example
from ganzoo.testing.stand_ins import with_stand_ins
from ganzoo.testing.subjects import SPECS
from helpers.examples import PROCEDURES, WITH_STAND_INS, example_of
from helpers.support import PLUGINS

every = pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)


@every
def test_each_built_in_procedure_has_a_small_one(entry: Entry) -> None:
    assert sum(p.numel() for p in example_of(entry).procedure().parameters()) < 3_000_000


@every
def test_a_recipe_can_be_made_small(entry: Entry) -> None:
    """Recipes are the second source of examples; the stand-ins come first."""
    tree = next(examples.from_recipes(entry, WITH_STAND_INS), None)
    if tree is None:
        pytest.skip("no recipe uses it")
    procedure = Example(resolver.resolve(tree, WITH_STAND_INS.zoo, "example", name="example")).trained(steps=1)
    assert sum(p.numel() for p in procedure.parameters()) < 3_000_000


def test_a_recipe_made_small_has_short_chains_and_no_larger_number() -> None:
    tree = next(examples.from_recipes(PLUGINS.zoo.find("procedure", "ppgn"), WITH_STAND_INS))
    assert tree["procedure"]["iterations"] == examples.NARROW["iterations"] < 100
    small = examples._narrowed({"use": "spectral_norm", "iterations": 1, "hidden": [512, 256], "pretrain": 500})
    assert small == {"use": "spectral_norm", "iterations": 1, "hidden": [8, 8], "pretrain": 1}


def test_a_plugin_without_recipes_is_tried_with_its_own_parts() -> None:
    entry = next(entry for entry in PROCEDURES if entry.name == "seqgan")
    tries = [*examples.from_own_parts(entry, WITH_STAND_INS)]
    assert {tries[0][part]["use"] for part in ("generator", "discriminator")} == {"ganzoo/seqgan"}
    assert len(tries) == examples.MAX_COMBINATIONS * len(SPECS)


class Odd(Procedure):
    """Requires an encoder, which no plugin has registered."""

    def __init__(self, spec: Spec, encoder: Blueprint):
        super().__init__()
        raise ValueError("only owls fit here")

    def players(self) -> Any: ...
    def step(self, data: Iterator[Batch], t: int) -> Any: ...
    def sample(self, n: int, y: Tensor | None = None) -> Any: ...


def test_a_procedure_without_an_example_fails_with_what_to_do_and_what_was_tried() -> None:
    plugins, mine = with_stand_ins(PLUGINS), Zoo(owner="me")
    mine.add("procedure", "odd", Odd)
    plugins.zoo.merge(mine)
    with pytest.raises(
        BrokenPromiseError, match=r"no small example of procedure 'me/odd'.* give the plugin a recipe"
    ) as caught:
        examples.find(plugins.zoo.find("procedure", "me/odd"), plugins)
    assert "  testing/small on data of shape (2,) with 8 classes: IncompatibleError: " in str(caught.value)
    assert "only owls fit here" in str(caught.value)

"""The table [dataset_a]: resolved, overridden, described and built like [dataset]."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo import Spec, Unpaired
from ganzoo.config import instantiate, json_schema, resolver
from ganzoo.errors import IncompatibleError, RecipeError
from ganzoo.runs.folder import RunFolder
from ganzoo.training.loop import train
from helpers.support import PLUGINS, UNPAIRED, tiny


def test_both_tables_become_one_dataset_of_two_sets() -> None:
    recipe = tiny(UNPAIRED)
    assert [*recipe.datasets] == ["dataset", "dataset_a"] and [*tiny().datasets] == ["dataset"]
    dataset = instantiate.dataset(recipe)
    assert isinstance(dataset, Unpaired) and dataset.spec == Spec((1, 8, 8))
    assert {key: len(side) for key, side in dataset.sides().items()} == {"a": 60, "b": 1797}


def test_what_was_resolved_resolves_again_with_both() -> None:
    written = tiny(UNPAIRED).resolved()
    assert written["dataset_a"]["use"] == "ganzoo/glyphs" and written["dataset_a"]["characters"] == "012"
    again = resolver.resolve(written, PLUGINS.zoo, "again", name="tiny")
    assert again.resolved() == written and "ganzoo" in again.owners()


def test_overrides_reach_the_second_table() -> None:
    assert tiny(UNPAIRED, "dataset_a.n=30").dataset_a.settings["n"] == 30  # type: ignore[union-attr]
    assert tiny(UNPAIRED, "dataset_a=digits").dataset_a.entry.name == "digits"  # type: ignore[union-attr]
    assert tiny(UNPAIRED, "dataset_a=none").dataset_a is None


def test_mistakes_in_it_are_told_with_its_name() -> None:
    with pytest.raises(RecipeError, match=r"\[dataset_a\].*nowhere"):
        tiny(UNPAIRED, "dataset_a.nowhere=1")
    with pytest.raises(RecipeError, match=r"\[dataset_b\].*no table of that name. Did you mean \[?.?dataset"):
        tiny(f'{UNPAIRED}[dataset_b]\nuse = "digits"\n')


def test_procedures_of_one_set_refuse_two() -> None:
    one = tiny(UNPAIRED, "procedure={use='adversarial'}", "generator=mlp", "discriminator=mlp")
    with pytest.raises(IncompatibleError, match=r"the data is two sets.*leave out \[dataset_a\]"):
        train(one, PLUGINS, Path("never"))


def test_editors_are_told_of_it() -> None:
    tree, _ = json_schema.build(PLUGINS.zoo)
    assert tree["properties"]["dataset_a"] == tree["properties"]["dataset"]


def test_a_run_stores_the_shape_of_inputs_only_where_it_differs(tmp_path: Path) -> None:
    for source, stored in (((1, 4, 4), {"source_shape": [1, 4, 4]}), ((3, 8, 8), {})):
        spec = Spec((3, 8, 8), source_shape=source)
        assert spec.description() == {"shape": [3, 8, 8], "classes": 0, "vocab": 0, **stored}
        folder = RunFolder(tmp_path)
        (tmp_path / "resolved.json").write_text(
            json.dumps({"name": "x", "recipe": {"run": {}}, "spec": spec.description(), "class_names": []})
        )
        assert folder.spec == spec

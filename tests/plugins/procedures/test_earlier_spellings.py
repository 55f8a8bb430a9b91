"""Tables of ganzoo 0.1: what they are called today, and that they train to the same weights."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from accelerate.utils import set_seed

from ganzoo.config import instantiate, resolver
from ganzoo.config.upgrade import upgraded
from ganzoo.data.loader import Batches
from ganzoo.procedure import Procedure
from ganzoo.registry.versions import Deprecated
from ganzoo.training import optim
from ganzoo.training.engine import Engine
from ganzoo_builtins.procedures.upgrade import EARLIER
from helpers.support import PLUGINS, TINY, accelerator

Table = dict[str, Any]
LABELS: Table = {
    "dataset": {"use": "ring", "n": 200, "modes": 3, "labelled": True},
    "generator": {"use": "cgan", "z_dim": 4, "hidden": [8, 8]},
    "discriminator": {"use": "cgan", "hidden": [8]},
}
BURST = {"d_burst": 4, "burst_first": 2, "burst_every": 3}
SHARED: Table = {"fakes": "shared", "d_steps": 2, "g_steps": 2, "first": "generator", "show": "probabilities"}
SPELLINGS: list[tuple[Table, Table]] = [
    ({"updates": "simultaneous"}, {"use": "simultaneous"}),
    ({"fakes": "shared"}, {"use": "shared_fakes"}),
    (SHARED, {"use": "shared_fakes", **{name: value for name, value in SHARED.items() if name != "fakes"}}),
    ({"first": "generator", "d_steps": 3}, {"use": "generator_first", "d_steps": 3}),
    (BURST, {"use": "wgan", "d_steps": 1, **BURST}),
    ({"g_batch": 2, "d_steps": 2}, {"use": "larger_generator_batch", "g_batch": 2, "d_steps": 2}),
    ({"replay": 20, "replay_share": 0.4}, {"use": "replay", "size": 20, "share": 0.4}),
    ({"updates": "alternating", "d_steps": 2}, {"use": "adversarial", "d_steps": 2}),
    ({"burst_first": 9, "replay_share": 0.1}, {"use": "adversarial"}),  # of bursts and a pool that there are not
]
each_spelling = pytest.mark.parametrize(("old", "new"), SPELLINGS, ids=[str(old) for old, _ in SPELLINGS])


def today(settings: Table) -> tuple[Table, list[str]]:
    """Return a table of `adversarial` as it is resolved today, and the warnings of that."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry, renewed = upgraded("procedure", {"use": "adversarial", **settings}, PLUGINS.zoo)
    return {"use": entry.name, **renewed}, [str(one.message) for one in caught if one.category is Deprecated]


@each_spelling
def test_a_setting_that_was_an_algorithm_is_a_procedure(old: Table, new: Table) -> None:
    table, (remark,) = today(old)
    assert table == new
    assert "ganzoo 0.3" in remark
    if new["use"] != "adversarial":
        assert f'is now use = "{new["use"]}"' in remark


@each_spelling
def test_a_run_of_before_had_all_defaults_written_out(old: Table, new: Table) -> None:
    table, remarks = today({**EARLIER, **old})
    procedure = resolver.resolve({**TINY, "procedure": new}, PLUGINS.zoo, "new", name="new").procedure
    with_defaults = resolver.resolve({**TINY, "procedure": table}, PLUGINS.zoo, "old", name="old").procedure
    assert with_defaults.filled() == procedure.filled()
    assert len(remarks) == 1


@each_spelling
@pytest.mark.parametrize("tables", [{}, LABELS, {"regularizer": [{"use": "r1", "every": 2}]}], ids=["", "labels", "r1"])
@pytest.mark.filterwarnings("ignore::ganzoo.registry.versions.Deprecated")
def test_both_spellings_train_to_the_same_bits(old: Table, new: Table, tables: Table) -> None:
    earlier = trained({**TINY, **tables, "procedure": {"use": "adversarial-0.1", **old}})
    renewed = trained({**TINY, **tables, "procedure": {"use": "adversarial", **old}})
    assert type(renewed) is type(trained({**TINY, **tables, "procedure": new}))
    assert earlier.batches_per_step == renewed.batches_per_step
    before, after = earlier.state_dict(), renewed.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def trained(tree: Table) -> Procedure:
    """Train a recipe's procedure for five steps, without a run around it."""
    recipe = resolver.resolve(tree, PLUGINS.zoo, "recipe", name="recipe")
    dataset = instantiate.dataset(recipe)
    procedure = instantiate.procedure(recipe, dataset.spec)
    engine = Engine(procedure, optim.optimizer_factory(recipe.optimizer), accelerator())
    batches = Batches.of(dataset, 16, 0, torch.device("cpu"), 0, 1)
    set_seed(3)
    for t in range(5):
        engine.step(batches, t)
    return procedure


@pytest.mark.parametrize(
    "settings",
    [{"d_pretrain": 3}, {"d_batches": "joint"}, {**BURST, "g_batch": 2}, {"fakes": "shared", "replay": 9}],
    ids=str,
)
def test_what_no_procedure_does_today_is_done_as_before(settings: Table) -> None:
    table, remarks = today(settings)
    assert table == {"use": "adversarial-0.1", **settings}
    assert not remarks  # the name itself is deprecated
    with pytest.warns(Deprecated, match="'ganzoo/adversarial-0.1' is deprecated: .*write a procedure of your own"):
        resolver.resolve({**TINY, "procedure": {"use": "adversarial", **settings}}, PLUGINS.zoo, "old", name="old")


def test_a_table_of_today_is_left_alone() -> None:
    settings = {"d_steps": 2, "g_steps": 2, "labels": "uniform", "g_weight": 0.5, "show": "probabilities"}
    assert today(settings) == ({"use": "adversarial", **settings}, [])


def test_a_mistake_is_reported_under_the_name_of_today() -> None:
    with pytest.warns(Deprecated), pytest.raises(resolver.RecipeError, match="procedure 'simultaneous' has no setting"):
        procedure = {"use": "adversarial", "updates": "simultaneous", "d_step": 2}
        resolver.resolve({**TINY, "procedure": procedure}, PLUGINS.zoo, "old", name="old")


def test_semi_supervised_leaves_out_what_it_has_no_choice_of() -> None:
    table = {"use": "semi_supervised", "per_class": 5, "fakes": "fresh", "first": "discriminator"}
    with pytest.warns(Deprecated, match="no longer has fakes, first"):
        entry, settings = upgraded("procedure", table, PLUGINS.zoo)
    assert (entry.name, settings) == ("semi_supervised", {"per_class": 5})

"""The content of a run's checkpoint, and that restoring it restores everything."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import Spec
from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import RunError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint, read, write
from ganzoo.training import optim, state
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from helpers.support import accelerator, tiny

CPU = torch.device("cpu")
Disk = Callable[[Checkpoint], Checkpoint]


class Everything:
    """An engine, its average and its data, a few steps on."""

    def __init__(self, recipe: Recipe, steps: int = 0):
        self.procedure = instantiate.procedure(recipe, Spec((2,)))
        self.engine = Engine(self.procedure, optim.optimizer_factory(recipe.optimizer), accelerator())
        self.ema = Ema(self.procedure, 0.9)
        self.batches = Batches.of(instantiate.dataset(recipe), 16, 0, CPU)
        for t in range(steps):
            self.engine.step(self.batches, t)
            self.ema.update()

    def capture(self, t: int = 0) -> Checkpoint:
        return state.capture(self.engine, self.ema, self.batches, t)

    def restore(self, saved: Checkpoint) -> tuple[int, list[str]]:
        return state.restore(saved, self.engine, self.ema, self.batches)


@pytest.fixture
def through_disk(tmp_path: Path) -> Disk:
    """A checkpoint as it comes back from a folder."""
    return lambda saved: read(write(tmp_path, 1, saved, keep=2))


def tensors(saved: Checkpoint) -> dict[str, torch.Tensor]:
    return {f"{part}/{name}": tensor for part, found in saved.tensors.items() for name, tensor in found.items()}


def states(saved: Checkpoint) -> Any:
    """As JSON holds them: lists, no tuples."""
    return json.loads(json.dumps(saved.states))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_everything_is_put_back(optimizer: str, through_disk: Disk) -> None:
    recipe = tiny("", f"optimizer.use={optimizer}", *["optimizer.momentum=0.9"] * (optimizer == "sgd"))
    there = Everything(recipe, steps=3)
    saved = through_disk(there.capture(3))
    here = Everything(recipe)
    assert here.restore(saved) == (3, [])
    again = here.capture(3)
    assert states(again) == states(saved)
    assert tensors(again).keys() == tensors(saved).keys()
    assert all(torch.equal(tensor, tensors(saved)[name]) for name, tensor in tensors(again).items())


def test_the_optimizers_settings_keep_their_types(through_disk: Disk) -> None:
    there = Everything(tiny(), steps=1)
    here = Everything(tiny())
    here.restore(through_disk(there.capture()))
    for player, optimizer in there.engine.optimizers.items():
        assert here.engine.optimizers[player].state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


def test_all_generators_of_noise_go_on_where_they_were(through_disk: Disk) -> None:
    there = Everything(tiny())
    saved = through_disk(there.capture())
    expected = torch.randn(3).tolist(), random.random(), np.random.rand()
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    Everything(tiny()).restore(saved)
    assert (torch.randn(3).tolist(), random.random(), np.random.rand()) == expected


def test_buffers_that_no_state_dict_holds_are_kept(through_disk: Disk) -> None:
    there, here = Everything(tiny()), Everything(tiny())
    for made, value in ((there, 3.0), (here, 0.0)):
        made.procedure.register_buffer("balance", torch.tensor(value), persistent=False)
    here.restore(through_disk(there.capture()))
    assert here.procedure.balance == 3


def test_data_go_on_at_their_position(through_disk: Disk) -> None:
    there, here = Everything(tiny(), steps=15), Everything(tiny())
    here.restore(through_disk(there.capture()))
    assert here.batches.position == there.batches.position == 15
    assert torch.equal(next(here.batches)["x"], next(there.batches)["x"])


def test_what_changed_around_the_run_is_told() -> None:
    saved = Everything(tiny()).capture()
    saved.states["state"]["surroundings"] |= {"threads": 64, "torch": "1.0"}
    _, remarks = Everything(tiny()).restore(saved)
    assert remarks == [f"torch was 1.0, is {torch.__version__}", f"threads was 64, is {torch.get_num_threads()}"]


def test_weights_of_other_networks_are_named() -> None:
    saved = Everything(tiny("", "generator.hidden=[8, 9]")).capture()
    with pytest.raises(RunError, match=r"does not fit these networks:\n(.*\n)*.*G\.layers") as caught:
        Everything(tiny()).restore(saved)
    assert len(caught.value.message.splitlines()) <= 7


def test_weights_that_are_missing_are_named() -> None:
    with pytest.raises(RunError, match=r"(?s)does not fit these networks.*weight"):
        checkpoint.load_weights(nn.Linear(2, 2), Checkpoint({"model": {"bias": torch.zeros(2)}}))


@pytest.mark.parametrize("part", ["optimizer", "ema", "rank-00000"])
def test_a_checkpoint_that_lacks_a_part_is_refused(part: str) -> None:
    saved = Everything(tiny()).capture()
    del saved.tensors[part]
    with pytest.raises(RunError, match=f"does not fit this recipe: KeyError: '{part}'"):
        Everything(tiny()).restore(saved)


def test_the_state_of_a_missing_player_is_refused() -> None:
    saved = Everything(tiny()).capture()
    del saved.states["state"]["optimizers"]["generator"]
    with pytest.raises(RunError, match="does not fit this recipe: KeyError: 'generator'"):
        Everything(tiny()).restore(saved)


def test_another_version_of_a_plugin_is_told() -> None:
    there = Everything(tiny(), steps=1)
    saved = state.capture(there.engine, there.ema, there.batches, 1, {"ganzoo-acme": "1.0"})
    here = Everything(tiny())
    again = state.restore(saved, here.engine, here.ema, here.batches, {"ganzoo-acme": "1.1"})
    assert again == (1, ["ganzoo-acme was 1.0, is 1.1"])

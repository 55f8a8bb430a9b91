"""A number that is not finite is found, named, and dealt with as run.on_nonfinite says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

import ganzoo
from ganzoo.config import resolver
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import DivergedError
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.training import loop, nonfinite
from ganzoo.training.checkpointer import Checkpointer
from ganzoo.training.engine import Engine
from ganzoo.training.nonfinite import NonFiniteError
from ganzoo.training.recorder import NullRecorder
from ganzoo.training.rollback import Rollback
from ganzoo.training.session import Session
from helpers.support import TINY, accelerator

CALLS = {"discriminator": 0}


class Fragile(ganzoo.Loss):
    """The discriminator's loss is multiplied by `factor` from its move number `at` on, so many `times`."""

    def __init__(self, at: int = 7, times: int = 1, factor: str = "nan"):
        self.at = at
        self.times = times
        self.factor = float(factor)
        CALLS["discriminator"] = 0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        CALLS["discriminator"] += 1
        broken = self.at <= CALLS["discriminator"] < self.at + self.times
        return (softplus(-real).mean() + softplus(fake).mean()) * (self.factor if broken else 1)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()


@pytest.fixture(scope="module")
def plugins() -> discovery.Plugins:
    found, mine = discovery.load(), Zoo(owner="me")
    mine.add("loss", "fragile", Fragile)
    found.zoo.merge(mine)
    return found


def recipe(plugins: discovery.Plugins, *assignments: str) -> Recipe:
    tree = {table: dict(settings) for table, settings in TINY.items()}
    resolver.override(tree, ["loss.use=fragile", *assignments], plugins.zoo)
    return resolver.resolve(tree, plugins.zoo, "tiny.toml", name="tiny")


@pytest.mark.parametrize("every", [1, 50], ids=["looked at each step", "looked at when saving"])
def test_stop_names_the_term_its_first_step_and_the_layers(
    every: int, plugins: discovery.Plugins, tmp_path: Path
) -> None:
    with pytest.raises(
        DivergedError, match=r"discriminator/adversarial is nan since step 7\. The last good .*step-00000005"
    ):
        loop.train(recipe(plugins, f"run.log={every}", "run.sample=50"), plugins, tmp_path)
    run = Run.open(tmp_path)
    assert run.status["state"] == "diverged"
    assert run.latest.name == "step-00000005"
    told = json.loads((run.folder / "diverged.json").read_text())
    assert (told["term"], told["first_step"], told["value"]) == ("discriminator/adversarial", 7, "nan")
    assert told["noticed_at_step"] == (7 if every == 1 else 10)
    assert told["checkpoint"] == "step-00000005"
    assert told["batches_drawn"] == told["noticed_at_step"]
    layers = {layer["name"]: layer for layer in told["layers"]}
    assert {"D.head.weight", "D.head.bias"} <= set(layers)
    assert layers["D.head.weight"] == {
        "name": "D.head.weight", "player": "discriminator", "not_finite": 8, "of": 8,
    }  # fmt: skip
    assert "D.head.weight" not in told["largest"]  # those of what is finite still, such as
    assert every > 1 or told["largest"]["G.layers.3.running_var"] < 2


def test_a_weight_without_a_term_is_found(plugins: discovery.Plugins) -> None:
    engine = made(recipe(plugins))[0]
    nonfinite.check(engine, 0)
    with torch.no_grad():
        next(engine.procedure.parameters())[0] = float("inf")
    with pytest.raises(NonFiniteError, match=r"G\.layers\.0\.weight is not finite") as caught:
        nonfinite.check(engine, 3)
    assert [layer["name"] for layer in caught.value.facts["layers"]] == ["G.layers.0.weight"]


def test_a_buffer_is_found_too(plugins: discovery.Plugins) -> None:
    engine = made(recipe(plugins))[0]
    buffers = {name: buffer for name, buffer in engine.procedure.named_buffers() if name.endswith("running_var")}
    name, buffer = next(iter(buffers.items()))
    buffer[0] = float("nan")
    with pytest.raises(NonFiniteError, match=f"{name} is not finite"):
        nonfinite.check(engine, 0)


def test_looking_is_one_synchronisation_however_many_steps(plugins: discovery.Plugins) -> None:
    engine, batches = made(recipe(plugins))
    for t in range(5):
        engine.step(batches, t)
    assert len(engine.history) == 10
    nonfinite.check(engine, 5)
    assert not engine.history


def test_a_run_that_nobody_looks_at_remembers_no_more_than_so_much(plugins: discovery.Plugins) -> None:
    assert made(recipe(plugins))[0].history.maxlen == 10_000


def made(chosen: Recipe) -> tuple[Engine, Batches]:
    trainee = Session(chosen, accelerator())
    return trainee.engine, trainee.batches


def test_rollback_goes_on_from_the_checkpoint(
    plugins: discovery.Plugins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = loop.train(recipe(plugins, "run.on_nonfinite=rollback", "run.log=2"), plugins, tmp_path)
    assert run.status["state"] == "finished" and run.status["step"] == 12
    assert "step 8: discriminator/adversarial is nan since step 7. Back to step 5" in capsys.readouterr().err
    assert [row["step"] for row in run.metrics()] == [2, 4, 6, 8, 10, 12]
    assert checkpoint.read(run.latest).states["state"]["position"] == 12 + 3  # three steps were drawn for nothing
    assert CALLS["discriminator"] == 15
    assert json.loads((run.folder / "diverged.json").read_text())["first_step"] == 7


def test_rollback_puts_the_players_back_and_leaves_data_and_noise(plugins: discovery.Plugins, tmp_path: Path) -> None:
    chosen = recipe(plugins, "run.on_nonfinite=rollback", "run.ema=0.9", "loss.at=3")
    trainee = Session(chosen, accelerator())
    checkpointer, engine, batches = (
        Checkpointer(Run(tmp_path), chosen.run, trainee, NullRecorder(), {}),
        trainee.engine,
        trainee.batches,
    )
    for t in range(2):
        trainee.step(t)
    checkpointer.save(2, False)
    averages = {name: tensor.clone() for name, tensor in trainee.ema.tensors().items()}
    good = {name: tensor.clone() for name, tensor in engine.procedure.state_dict().items()}
    moments = {p: o.state_dict()["state"][0]["exp_avg"].clone() for p, o in engine.optimizers.items()}
    trainee.step(2)
    assert not torch.equal(trainee.ema.tensors()["G.layers.3.running_mean"], averages["G.layers.3.running_mean"])
    noise = torch.get_rng_state()
    with pytest.raises(NonFiniteError) as caught:
        checkpointer.check(3)
    assert Rollback(checkpointer)(caught.value, 3) == 2
    assert all(torch.equal(tensor, good[name]) for name, tensor in engine.procedure.state_dict().items())
    assert all(torch.equal(tensor, averages[name]) for name, tensor in trainee.ema.tensors().items())
    assert trainee.ema.updates == 2
    for player, optimizer in engine.optimizers.items():
        assert torch.equal(optimizer.state_dict()["state"][0]["exp_avg"], moments[player])
    assert batches.position == 3
    assert torch.equal(torch.get_rng_state(), noise)


def test_rollback_gives_up_after_three_times(plugins: discovery.Plugins, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="after 3 rollbacks to the same checkpoint"):
        loop.train(recipe(plugins, "run.on_nonfinite=rollback", "loss.times=1000"), plugins, tmp_path)
    assert Run.open(tmp_path).latest.name == "step-00000005"


def test_rollback_without_a_checkpoint_stops(plugins: discovery.Plugins, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="No checkpoint was saved yet"):
        loop.train(recipe(plugins, "run.on_nonfinite=rollback", "loss.at=2"), plugins, tmp_path)


@pytest.mark.parametrize("factor", ["nan", "inf"])
def test_skip_leaves_the_player_where_it_is(factor: str, plugins: discovery.Plugins) -> None:
    engine, batches = made(recipe(plugins, "run.on_nonfinite=skip", "loss.at=2", f'loss.factor="{factor}"'))
    engine.step(batches, 0)
    before = {name: tensor.clone() for name, tensor in engine.procedure.named_parameters()}
    engine.step(batches, 1)
    moved = {name for name, tensor in engine.procedure.named_parameters() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("G.") for name in moved)
    assert engine.skipped == {"discriminator": 1} and engine.moved == {"discriminator": 2, "generator": 2}
    nonfinite.check(engine, 2)  # the term that was skipped does not count
    engine.step(batches, 2)
    assert any(
        not torch.equal(tensor, before[name])
        for name, tensor in engine.procedure.named_parameters()
        if name.startswith("D.")
    )


def test_skip_trains_to_the_end_and_tells_how_often(
    plugins: discovery.Plugins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = loop.train(recipe(plugins, "run.on_nonfinite=skip"), plugins, tmp_path)
    assert run.status["state"] == "finished"
    assert "step 8: skipped 1 of 2 moves of discriminator: its gradient was not finite" in capsys.readouterr().err


def test_skip_stops_when_a_player_does_not_move_any_more(plugins: discovery.Plugins, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="no gradient of discriminator is finite any more"):
        loop.train(recipe(plugins, "run.on_nonfinite=skip", "loss.times=1000"), plugins, tmp_path)


def test_without_trouble_the_policies_are_equal(plugins: discovery.Plugins, tmp_path: Path) -> None:
    def last(policy: str) -> dict[str, Tensor]:
        chosen = recipe(plugins, f"run.on_nonfinite={policy}", "loss.at=1000")
        return checkpoint.read(loop.train(chosen, plugins, tmp_path / policy).latest).tensors["model"]

    stop, *others = (last(policy) for policy in ("stop", "rollback", "skip"))
    for other in others:
        assert all(torch.equal(tensor, stop[name]) for name, tensor in other.items())

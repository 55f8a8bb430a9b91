"""The memory of a recipe, known beforehand in numbers that can be counted by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Blueprint, Generator, IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.registry.zoo import Entry
from ganzoo.training import memory
from ganzoo.training.optim import optimizer_factory
from ganzoo.training.session import check_memory, memory_need
from ganzoo.utils import ram
from helpers.support import tiny, train

D, G = 2 * 8 + 8 + 8 + 1, 4 * 8 + 8 + 8 * 8 + 8 + 2 * 8 + 8 * 2 + 2  # weights of tiny()'s two networks
STATISTICS = 8 + 8 + 2  # batch norm's running mean and variance, and its counter of 8 bytes


def needed(recipe: Recipe) -> memory.Need:
    dataset = instantiate.dataset(recipe)
    with torch.device("meta"):
        procedure = instantiate.procedure(recipe, dataset.spec)
    return memory_need(recipe, dataset, procedure, optimizer_factory(recipe.optimizer))


def check(recipe: Recipe) -> None:
    check_memory(recipe, instantiate.dataset(recipe), optimizer_factory(recipe.optimizer), torch.device("cpu"))


@pytest.mark.parametrize(
    ("change", "copies"),
    [
        ("optimizer.use=adam", 4),  # weights, gradients, two moments
        ("optimizer.use=sgd", 2),
        ("optimizer.momentum=0.9", 3),
        ("optimizer.use=rmsprop", 3),
        ("optimizer.amsgrad=true", 5),
    ],
)
def test_networks_with_gradients_and_what_optimizers_remember(change: str, copies: int) -> None:
    first = ("optimizer.use=sgd",) if "momentum" in change else ()
    assert needed(tiny("", *first, change)).networks == 4 * (copies * (D + G) + STATISTICS)


def test_averaged_weights_are_one_copy_more_of_the_generator() -> None:
    assert needed(tiny("", "run.ema=0.9")).networks - needed(tiny()).networks == 4 * G


def test_each_player_has_an_optimizer_of_its_own() -> None:
    assert needed(tiny("", "optimizer.generator.use=sgd")).networks == 4 * (4 * D + 2 * G + STATISTICS)


def test_data_that_draws_itself() -> None:
    assert needed(tiny("", "dataset.n=1000")).data == 1000 * (2 * 4 + 8)  # a point and its place in the order
    assert needed(tiny("", "dataset.n=1000", "dataset.labelled=true")).data == 1000 * (2 * 4 + 8 + 8)
    assert needed(tiny("", "dataset.use=glyphs", "dataset.n=1000")).data == 1000 * (28 * 28 + 8 + 8)


def test_a_dataset_is_not_drawn_to_be_measured() -> None:
    dataset = instantiate.dataset(tiny("", "dataset.n=100_000_000"))
    assert dataset.in_memory and len(dataset) == 10**8
    assert "_loaded" not in vars(dataset)


def test_data_that_is_not_there_yet_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    assert needed(tiny("", "dataset.use=mnist")).data == 0


def test_a_batch_grows_with_its_size_and_with_what_the_generator_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert needed(tiny("", "run.batch_size=16")).batch == 16 * 2 * 2 * 4  # real and fake points
    monkeypatch.setattr(memory, "LARGE_BATCH", 0)
    batch = needed(tiny("", "run.batch_size=16")).batch
    assert batch > 16 * 2 * 2 * 4
    assert needed(tiny("", "run.batch_size=32")).batch == 2 * batch
    assert needed(tiny("", "generator.hidden=[8, 8, 8, 8]")).batch > batch


def test_what_is_kept_is_what_autograd_keeps() -> None:
    """Linear keeps its input (4), LeakyReLU its own (8), Linear 8, batch norm 8, LeakyReLU 8, Linear 8: by hand."""
    with torch.device("meta"):
        procedure = instantiate.procedure(tiny(), Spec((2,)))
    assert memory._saved_per_sample(procedure) == 4 * (4 + 8 + 8 + 8 + 8 + 8)


@pytest.mark.parametrize(("has", "refused"), [(10**6, True), (10**15, False)])
def test_the_machine_is_asked(has: int, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ram, "available", lambda: has)
    recipe = tiny("", "dataset.n=1_000_000")
    if not refused:
        check(recipe)
        return
    with pytest.raises(IncompatibleError, match=r"needs at least .* and this machine has .* Take a smaller dataset\.n"):
        check(recipe)


def test_every_process_on_a_machine_takes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    need = memory.Need(networks=10**9, batch=0, data=0)
    monkeypatch.setattr(ram, "available", lambda: 3 * 10**9)
    memory.compare(need, torch.device("cpu"))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(IncompatibleError, match=r"networks 3\.7 GiB"):
        memory.compare(need, torch.device("cpu"))


def test_a_gpu_is_asked_for_all_and_the_machine_for_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gpu:
        total_memory = 2 * 10**9

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Gpu)
    monkeypatch.setattr(ram, "available", lambda: 10**9)
    memory.compare(memory.Need(networks=15 * 10**8, batch=0, data=10**8), torch.device("cuda"))
    with pytest.raises(IncompatibleError, match=r"and the GPU has 1\.9 GiB"):
        memory.compare(memory.Need(networks=2 * 10**9, batch=0, data=10**8), torch.device("cuda"))
    with pytest.raises(IncompatibleError, match=r"and this machine has 0\.9 GiB"):
        memory.compare(memory.Need(networks=0, batch=0, data=15 * 10**8), torch.device("cuda"))


class Stubborn(Generator):
    """Looks at its own weights while it is built, which the meta device does not have."""

    z_dim = 4

    def __init__(self, spec: Spec):
        super().__init__()
        self.out = nn.Linear(4, spec.size)
        self.scale = self.out.weight.abs().max().item()

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return self.out(source) / self.scale


def test_networks_that_cannot_be_built_without_memory_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = Blueprint(Entry("generator", "stubborn", "acme", Stubborn))
    recipe = dataclasses.replace(tiny(), parts={**tiny().parts, "generator": stubborn})
    monkeypatch.setattr(ram, "available", lambda: 1)
    check(recipe)


def test_nothing_is_drawn_or_built_before_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(self: object) -> None:
        raise AssertionError("drawn before it was known whether there is room")

    recipe = tiny("", "dataset.n=100_000_000")
    monkeypatch.setattr(ram, "available", lambda: 10**9)
    monkeypatch.setattr(type(instantiate.dataset(recipe)), "tensors", drawn)
    with pytest.raises(IncompatibleError, match="this recipe needs at least"):
        train(recipe, tmp_path)
    assert not list(tmp_path.iterdir())

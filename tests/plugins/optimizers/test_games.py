"""Optimizers for games: their rates on min_x max_y x y, and their state in checkpoints."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from ganzoo_builtins.optimizers.games import Lookahead, OptimisticAdam, be_optimistic, look_ahead
from helpers.killed import differences, killed_after
from helpers.support import PLUGINS, tiny, train


def rate(change: Callable[[Optimizer], None], steps: int = 1000) -> float:
    """Return by what the distance from the equilibrium of x y is multiplied in a step, of both players at once."""
    x, y = (nn.Parameter(torch.ones((), dtype=torch.float64)) for _ in range(2))
    players = [SGD([x], 0.1), SGD([y], 0.1)]
    for player in players:
        change(player)
    distances = []
    for _ in range(steps):
        x.grad = y.detach().clone()
        y.grad = -x.detach().clone()
        for player in players:
            player.step()
        distances.append(float(torch.stack([x, y]).detach().norm()))
    half = steps // 2
    return (distances[-1] / distances[half - 1]) ** (1 / (steps - half))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda optimizer: None, 1.00499),  # plain descent diverges
        (be_optimistic, 0.99494),
        (lambda optimizer: look_ahead(optimizer, 5, 0.5), 0.9962),
        (lambda optimizer: look_ahead(optimizer, 10, 0.5), 0.9896),
    ],
    ids=["descent", "optimistic", "lookahead 5", "lookahead 10"],
)
def test_the_rate_on_a_bilinear_game(change: Callable[[Optimizer], None], expected: float) -> None:
    assert rate(change) == pytest.approx(expected, abs=1e-4)


def path(optimizer: type, **settings: float) -> tuple[list[torch.Tensor], Optimizer]:
    """Return the weights after each step from 0, under the same gradients."""
    gradients = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    weight = nn.Parameter(torch.zeros(3))
    made = optimizer([weight], lr=0.1, betas=(0.5, 0.9), **settings)
    places = [torch.zeros(3)]
    for gradient in gradients:
        weight.grad = gradient.clone()
        made.step()
        places.append(weight.detach().clone())
    return places, made


def test_optimistic_adam_doubles_its_step_and_takes_back_the_last() -> None:
    """Adam's own steps do not depend on the weights here, so theta is the sum of 2 u(t) - u(t-1)."""
    plain, _ = path(Adam)
    steps = [after - before for before, after in itertools.pairwise(plain)]
    optimistic, _ = path(OptimisticAdam)
    for k in range(7):
        torch.testing.assert_close(optimistic[k + 1], plain[k + 1] + steps[k])


def test_lookahead_goes_back_half_of_the_way_every_k_steps() -> None:
    plain, _ = path(Adam)
    places, made = path(Lookahead, k=3)
    torch.testing.assert_close(places[2], plain[2])
    torch.testing.assert_close(places[3], plain[3] / 2)
    torch.testing.assert_close(places[6], plain[3] / 2 + (plain[6] - plain[3]) / 2)
    assert made.param_groups[0]["ahead"] == 1


@pytest.mark.parametrize("name", ["optimistic_adam", "lookahead"])
def test_a_run_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    text = f'[optimizer]\nuse = "{name}"\n'
    run = train(tiny(text, "run.steps=8", "run.save=4"), tmp_path)
    killed = killed_after(4, run, tmp_path / "killed")
    train(killed.recipe(PLUGINS.zoo, []), tmp_path, killed)
    assert differences(killed, run) == []

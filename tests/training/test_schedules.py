"""Numbers of each step: learning rates, moments and settings of components, exact on resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo.errors import RecipeError
from ganzoo.training.schedules import Schedules
from helpers.killed import differences, killed_after
from helpers.support import PLUGINS, tiny, train


def schedules(text: str, groups: Any = None) -> tuple[Schedules, torch.optim.Optimizer]:
    """Return the schedules of a recipe for one player, and the player's optimizer."""
    recipe = tiny(text)
    weight = nn.Parameter(torch.zeros(2))
    optimizer = recipe.optimizer.of("generator")(groups(weight) if groups else [weight])
    return Schedules(recipe.schedule, recipe.optimizer, {"generator": optimizer}), optimizer


def test_moments_and_rates_change_together() -> None:
    text = """[optimizer]
use = "adam"
lr = {use = "linear", from = 0.0, to = 0.1, steps = 4}
betas = [0.0, {use = "cosine", from = 0.9, to = 0.99, over = 0.5}]
[schedule]
use = "linear"
"""
    plan, optimizer = schedules(text)
    (group,) = optimizer.param_groups
    assert group["betas"] == (0.0, 0.9)
    seen = []
    for t in (0, 2, 4, 8):
        plan.set(t, 16)
        seen.append((group["lr"], group["betas"][1]))
    rates, betas = zip(*seen, strict=True)
    assert rates == pytest.approx([0, 0.05 * 14 / 16, 0.1 * 12 / 16, 0.1 * 8 / 16])
    assert betas == pytest.approx([0.9, 0.90 + 0.09 * 0.146447, 0.945, 0.99]) and isinstance(group["betas"], tuple)


def test_a_schedule_alone_multiplies_the_rates_of_all_groups() -> None:
    two = lambda p: [{"params": [p], "lr": 0.1}, {"params": [nn.Parameter(torch.zeros(1))], "lr": 0.3}]  # noqa: E731
    plan, optimizer = schedules('[optimizer]\nuse = "sgd"\nlr = 0.1\n[schedule]\nuse = "linear"\n', two)
    plan.set(5, 10)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.05, 0.15])


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(RecipeError, match="fused"):
        schedules('[optimizer]\nuse = "adam"\nfused = {use="linear", from=0, to=1}\n')


def test_a_run_resumes_in_the_middle_of_a_change(tmp_path: Path) -> None:
    text = """[optimizer]
use = "adam"
betas = [0.0, {use = "cosine", from = 0.5, to = 0.99}]
[[regularizer]]
use = "r1"
weight = {use = "linear", from = 5.0, to = 0.0}
"""
    whole = train(tiny(text, "run.steps=6", "run.save=3"), tmp_path / "whole")
    constant = train(tiny(text, "run.steps=6", "regularizer.r1.weight=5"), tmp_path / "constant")
    assert differences(constant, whole)
    killed = killed_after(3, whole, tmp_path / "killed")
    train(killed.recipe(PLUGINS.zoo, []), tmp_path, killed)
    assert differences(killed, whole) == []

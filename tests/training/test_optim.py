"""Optimizers without the compiler: the same numbers, hooks that run, and no import of torch._dynamo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from ganzoo.training import optim
from helpers.support import environment, toml

MAKERS: list[Callable[..., Optimizer]] = [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adadelta]
RUN = """
import sys
import ganzoo
ganzoo.train(sys.argv[1], out=sys.argv[2])
ganzoo.train(sys.argv[1], {"optimizer.use": "rmsprop"}, out=sys.argv[2])
print([name for name in ("torch._dynamo", "torch._inductor", "torchvision", "sympy") if name in sys.modules])
"""


def test_a_run_imports_no_compiler(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(toml())
    words = [sys.executable, "-c", RUN, str(tmp_path / "tiny.toml"), str(tmp_path)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("make", MAKERS)
def test_steps_are_torchs_own(make: Callable[..., Optimizer]) -> None:
    weights = [nn.Parameter(torch.arange(4.0)) for _ in range(2)]
    plain, light = make([weights[0]], lr=0.1), optim.remove_graph_break(make([weights[1]], lr=0.1))
    assert "step" in vars(light) and "step" not in vars(plain)
    for _ in range(3):
        for weight, optimizer in zip(weights, (plain, light), strict=True):
            (weight**2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    assert torch.equal(*weights)
    assert all(weight.grad is None and weight.is_leaf for weight in weights)


def test_hooks_of_a_step_run() -> None:
    weight = nn.Parameter(torch.ones(2))
    light = optim.remove_graph_break(torch.optim.SGD([weight], lr=0.1))
    called = []
    light.register_step_pre_hook(lambda *_: called.append("before"))
    light.register_step_post_hook(lambda *_: called.append("after"))
    weight.sum().backward()
    light.step()
    assert called == ["before", "after"]


def test_another_kind_of_step_is_left_alone() -> None:

    class Own(torch.optim.SGD):
        def step(self, closure=None):  # type: ignore[no-untyped-def]
            return "own"

    own = optim.remove_graph_break(Own([nn.Parameter(torch.ones(1))], lr=0.1))
    differentiable = optim.remove_graph_break(
        torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1, differentiable=True)
    )
    assert own.step() == "own"
    assert "step" not in vars(own) and "step" not in vars(differentiable)

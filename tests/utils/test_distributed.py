"""Ranks and collectives: nothing is sent by one process, and two agree on means, votes and texts."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo.utils import distributed

CPU = torch.device("cpu")
GANZOO = Path(__file__).parents[2] / "ganzoo"
RANKS = {"num_processes", "process_index", "is_main_process", "get_rank", "get_world_size", "all_reduce", "barrier"}
ALLOWED = ("utils/distributed.py", "training/device.py")  # the second joins the processes


class Other:
    """Another process, which takes part in every collective with the same tensor or text each time."""

    def __init__(self, has: Any, monkeypatch: pytest.MonkeyPatch):
        self.has = has
        self.calls = 0
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
        monkeypatch.setattr(torch.distributed, "all_reduce", self.all_reduce)
        monkeypatch.setattr(torch.distributed, "broadcast", self.broadcast)
        monkeypatch.setattr(torch.distributed, "broadcast_object_list", self.broadcast_object_list)

    def all_reduce(self, tensor: Tensor) -> None:
        self.calls += 1
        tensor += self.has

    def broadcast(self, tensor: Tensor, src: int) -> None:
        assert src == 0
        tensor.copy_(torch.as_tensor(self.has))

    def broadcast_object_list(self, texts: list[str], src: int) -> None:
        assert src == 0
        texts[0] = self.has


def test_a_process_that_trains_alone_is_the_main_one() -> None:
    assert (distributed.rank(), distributed.world_size(), distributed.is_main()) == (0, 1, True)
    distributed.wait_for_all()


def test_alone_nothing_changes() -> None:
    value = torch.tensor([1.0, 2.0], requires_grad=True)
    mean = distributed.reduce_mean(value)
    assert mean.tolist() == [1, 2] and not mean.requires_grad and mean is not value
    tensors = [torch.ones(2), torch.zeros(1)]
    distributed.average(tensors)
    distributed.broadcast(tensors)
    assert [tensor.tolist() for tensor in tensors] == [[1, 1], [0]]
    assert distributed.broadcast_text("runs/first") == "runs/first"
    assert distributed.all_agree(True, CPU) and not distributed.all_agree(False, CPU)


def test_the_second_of_two_is_not_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Other(0.0, monkeypatch)
    assert (distributed.rank(), distributed.world_size(), distributed.is_main()) == (1, 2, False)


def test_a_mean_over_two_leaves_the_value_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    Other(torch.tensor([3.0, 5.0]), monkeypatch)
    value = torch.tensor([1.0, 2.0])
    assert distributed.reduce_mean(value).tolist() == [2, 3.5]
    assert value.tolist() == [1, 2]


def test_many_tensors_are_averaged_in_one_reduction(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Other(torch.tensor([3.0, 3.0, 0.0]), monkeypatch)
    tensors = [torch.ones(2), torch.full((1, 1), 4.0)]
    distributed.average(tensors)
    assert [tensor.tolist() for tensor in tensors] == [[2, 2], [[2]]]
    assert other.calls == 1


@pytest.mark.parametrize(("other", "vote", "agreed"), [(1.0, True, True), (0.0, True, False), (1.0, False, False)])
def test_all_agree_only_if_every_vote_is_yes(
    other: float, vote: bool, agreed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Other(other, monkeypatch)
    assert distributed.all_agree(vote, CPU) == agreed


def test_the_main_process_s_tensors_and_text_win(monkeypatch: pytest.MonkeyPatch) -> None:
    Other(7.0, monkeypatch)
    tensors = [torch.zeros(2), torch.zeros(())]
    distributed.broadcast(tensors)
    assert [tensor.tolist() for tensor in tensors] == [[7, 7], 7]
    Other("runs/first", monkeypatch)
    assert distributed.broadcast_text("") == "runs/first"


def test_no_other_module_asks_for_ranks() -> None:
    asking = []
    for path in sorted(GANZOO.rglob("*.py")):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        if names & RANKS and not path.as_posix().endswith(ALLOWED):
            asking.append(f"{path.relative_to(GANZOO)}: {', '.join(sorted(names & RANKS))}")
    assert asking == []

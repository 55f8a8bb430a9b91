"""Methods that every procedure inherits."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, Generator, Move, Procedure


class Scale(Generator):
    z_dim = 2

    def __init__(self, conditional: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.conditional = conditional

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.weight * z + (y[:, None] if y is not None else 0)


class Several(Procedure):
    def __init__(self, *generators: Generator):
        super().__init__()
        self.inner = nn.ModuleList(generators)
        self.other = nn.Linear(1, 1)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"all": [self]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.inner[0](torch.zeros(n, 2), y)


def test_generators_are_those_inside() -> None:
    generators = [Scale(), Scale()]
    assert Several(*generators).generators() == generators


def test_it_is_conditional_as_soon_as_one_generator_is() -> None:
    assert not Several(Scale(), Scale()).conditional
    assert Several(Scale(), Scale(conditional=True)).conditional


def test_a_preview_is_as_long_as_the_batch() -> None:
    assert Several(Scale()).preview({"x": torch.zeros(5, 2)}).shape == (5, 2)
    assert Several(Scale()).preview({"a": torch.zeros(5, 2), "b": torch.zeros(5, 2)}).shape == (5, 2)


def test_a_preview_shows_the_labels_of_the_batch_only_to_whom_it_concerns() -> None:
    batch = {"x": torch.zeros(2, 2), "y": torch.tensor([3, 4])}
    assert Several(Scale(conditional=True)).preview(batch)[:, 0].tolist() == [3, 4]
    assert Several(Scale()).preview(batch)[:, 0].tolist() == [0, 0]


def test_logged_values_are_kept_without_their_graph_and_out_of_the_state() -> None:
    procedure = Several(Scale())
    procedure.log(real=procedure.inner[0].weight * 2, fake=torch.zeros(1))
    procedure.log(real=procedure.inner[0].weight * 3)
    assert procedure.logged["real"].tolist() == [3, 3]  # type: ignore[index,union-attr]
    assert not procedure.logged["real"].requires_grad  # type: ignore[index,union-attr]
    assert not [name for name in procedure.state_dict() if "logged" in name]
    copy.deepcopy(procedure)


def test_alone_the_mean_over_processes_is_the_value_without_its_graph() -> None:
    value = torch.tensor([1.0, 3.0], requires_grad=True)
    mean = Several(Scale()).over_processes(value)
    assert mean.tolist() == [1, 3] and not mean.requires_grad
    mean += 1
    assert value.tolist() == [1, 3]


def test_what_is_not_finished_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Procedure()  # type: ignore[abstract]

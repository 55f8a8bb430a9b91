"""f-AnoGAN: its two stages, whom the encoder's loss trains, what is left out of the training, and its score."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from helpers.support import tiny

TEXT = """
[dataset]
use = "digits"
[procedure]
use = "fanogan"
pretrain = 2
d_steps = 3
[encoder]
use = "fanogan"
z_dim = 4
width = 2
[loss]
use = "wasserstein"
"""
SPEC = Spec((1, 8, 8), classes=10)


def build(*assignments: str) -> Any:
    torch.manual_seed(0)
    return instantiate.procedure(tiny(TEXT, *assignments), SPEC)


def batches(n: int = 6) -> Any:
    while True:
        yield {"x": torch.rand(n, 1, 8, 8) * 2 - 1, "y": torch.arange(n) % 10}


def test_the_gan_moves_first_and_then_the_encoder_alone() -> None:
    procedure = build()
    moves = [[*move] for t in range(4) for move in procedure.step(batches(), t)]
    gan = [["discriminator"]] * 3 + [["generator"]]
    assert moves == [*gan, *gan, ["encoder"], ["encoder"]]


def test_the_encoder_learns_against_fixed_networks() -> None:
    """Their statistics are fixed as well: they are in evaluation mode."""
    procedure = build("generator.norm=batch")
    procedure.train()
    before = {name: tensor.clone() for name, tensor in procedure.state_dict().items()}
    (move,) = procedure.step(batches(), 2)
    assert not procedure.G.training and not procedure.D.training and procedure.E.training
    assert {name for name, tensor in procedure.state_dict().items() if not torch.equal(tensor, before[name])} <= {
        name for name in before if name.startswith("E.")
    }
    sum(move["encoder"].values()).backward()
    assert all(parameter.grad is not None for parameter in procedure.E.parameters())


class Fixed(nn.Module):
    """A generator of constant images and a discriminator whose features are twice the sum of a sample."""

    def __init__(self, value: float):
        super().__init__()
        self.value = value

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.full((len(z), 1, 8, 8), self.value)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return 2 * x.flatten(1).sum(1, keepdim=True)


def test_the_score_is_minus_the_distance_of_pixels_and_features() -> None:
    procedure = build("procedure.kappa=0.5")
    procedure.G = Fixed(0.25)
    procedure.D = Fixed(0.25)
    x = torch.zeros(3, 1, 8, 8)
    x[1] += 0.25  # a perfect reconstruction
    x[2, 0, 0, 0] = 1.25
    pixels = torch.tensor([0.0625, 0, (63 * 0.0625 + 1) / 64])
    features = torch.tensor([(2 * 16.0) ** 2, 0, (2 * (16 - 1.25)) ** 2])
    torch.testing.assert_close(procedure.score(x), -(pixels + 0.5 * features))
    terms = next(procedure.step(itertools.repeat({"x": x}), 2))["encoder"]
    torch.testing.assert_close(-(terms["pixels"] + terms["features"]), procedure.score(x).mean())


def test_anomalies_are_left_out_of_every_batch() -> None:
    procedure = build("procedure.anomalies=[1,3]")
    batch = next(batches())
    normal = procedure.normal(batch)
    assert normal["y"].tolist() == [0, 2, 4, 5]
    assert torch.equal(normal["x"], batch["x"][[0, 2, 4, 5]])
    only = {"x": batch["x"][:1], "y": torch.tensor([3])}
    assert procedure.normal(only) is only
    assert build().normal(batch) is batch


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("encoder.z_dim=5", r"of the generator's z_dim of 4: set encoder.z_dim=4\."),
        (f"procedure.anomalies={[*range(10)]}", r"leaves no normal class of 10"),
    ],
)
def test_what_does_not_fit_is_refused(assignment: str, reason: str) -> None:
    with pytest.raises(IncompatibleError, match=reason):
        build(assignment.replace(" ", ""))

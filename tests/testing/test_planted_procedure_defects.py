"""Tests that a defect in a procedure fails exactly the checks for it, with a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Batch, Blueprint, Move, Panel, Spec
from helpers.planted import SoundProcedure as Sound
from helpers.planted import broken


class Orphan(Sound):
    """Has a parameter of no player."""

    def __init__(self, spec: Spec, generator: Blueprint, discriminator: Blueprint, loss: Blueprint):
        super().__init__(spec, generator, discriminator, loss)
        self.temperature = nn.Parameter(torch.ones(()))


class Idle(Sound):
    """Has a player that never moves."""

    def __init__(self, spec: Spec, generator: Blueprint, discriminator: Blueprint, loss: Blueprint):
        super().__init__(spec, generator, discriminator, loss)
        self.E = nn.Linear(2, 2)

    def players(self) -> Mapping[str, list[nn.Module]]:
        return {**super().players(), "encoder": [self.E]}


class InVain(Idle):
    """Has a player whose terms do not depend on its weights."""

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield from super().step(data, t)
        yield {"encoder": {"loss": 0 * self.E.weight.sum()}}


class OutOfTurn(Sound):
    """Clips the discriminator after the generator's move."""

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield from super().step(data, t)
        with torch.no_grad():
            for p in self.D.parameters():
                p.clamp_(-0.01, 0.01)


class InTurn(Sound):
    """Clips the discriminator immediately after its own move, which is correct."""

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        moves = super().step(data, t)
        yield next(moves)
        with torch.no_grad():
            for p in self.D.parameters():
                p.clamp_(-0.5, 0.5)
        fake = self.G(self.G.prior(8))
        yield {"generator": {"loss": self.loss.generator(None, self.D(fake))}}


class Forgetful(Sound):
    """Keeps its balance in a plain attribute, which checkpoints do not save."""

    balance = 1.0

    def weight(self) -> float | Tensor:
        self.balance *= 0.5
        return self.balance


class Mindful(Sound):
    """Keeps its balance in a buffer."""

    balance: Tensor

    def __init__(self, spec: Spec, generator: Blueprint, discriminator: Blueprint, loss: Blueprint):
        super().__init__(spec, generator, discriminator, loss)
        self.register_buffer("balance", torch.ones(()))

    def weight(self) -> float | Tensor:
        self.balance.mul_(0.5)
        return self.balance.clone()


class Sixteen(Sound):
    """Returns sixteen samples for any n."""

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return super().sample(16)


class Wasteful(Sound):
    """Reads two batches, but declares one."""

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        next(data)
        yield from super().step(data, t)


class Frozen(Sound):
    """Returns equal samples for all seeds."""

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(torch.linspace(-1, 1, n * self.G.z_dim).view(n, -1))


class Outside(Sound):
    """Scales its samples by a plain attribute, which files of weights do not contain."""

    scale = 1.0

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield from super().step(data, t)
        self.scale = 2.0

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.scale * super().sample(n)


class Spaced(Sound):
    """Gives a picture an invalid file name."""

    def panels(self, batch: Batch) -> Mapping[str, Panel]:
        return {"Two by two": Panel(self.sample(4), 2)}


class Unfinished(Sound):
    """Raises an error in its step."""

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        raise KeyError("labels")
        yield {}


FILE, BITS = "weights can be saved and loaded", "a resumed run is identical"
DEFECTS: dict[type, dict[str, str]] = {
    Sound: {},
    InTurn: {},
    Mindful: {},
    Orphan: {
        "every trainable parameter belongs to a player": "no player trains temperature: name the module in players()"
    },
    Idle: {"every player moves within a few steps": "'encoder' did not move in 12 steps. Yield its terms"},
    InVain: {"every player moves within a few steps": "Look for an unintended detach() or torch.no_grad()"},
    OutOfTurn: {
        "a move changes the named players only": "weights of 'discriminator' in place after the move of generator"
    },
    Forgetful: {BITS: "Keep state between steps in a buffer (self.register_buffer)"},
    Sixteen: {"samples have the shape and range of data": "the shape (16, 2), expected (1, 2). Return n samples"},
    Wasteful: {"batches per step is correct": "Set batches_per_step = 2"},
    Frozen: {"the seed decides the samples": "different seeds give equal samples. Draw new noise"},
    Outside: {FILE: "Keep everything that samples depend on in buffers and modules"},
    Spaced: {"its sample grids can be saved": "Use lower-case letters, digits, _ and -"},
    Unfinished: {"it takes a step on a small example": "on data of shape (2,): KeyError: 'labels'"},
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_checks_for_a_defect_fail_with_a_remedy(defect: Any) -> None:
    found = broken("procedure", defect)
    assert found.keys() == DEFECTS[defect].keys(), found
    for name, words in DEFECTS[defect].items():
        assert words in found[name]


def test_settings_reach_the_procedure() -> None:
    class Cautious(Sound):
        """Rejects its own default."""

        def __init__(self, spec: Spec, generator: Blueprint, discriminator: Blueprint, loss: Blueprint, sides: int = 0):
            super().__init__(spec, generator, discriminator, loss)
            if sides < 3:
                raise ganzoo.IncompatibleError("take three sides or more")

    assert "take three sides or more" in broken("procedure", Cautious)["it takes a step on a small example"]
    assert broken("procedure", Cautious, sides=3) == {}

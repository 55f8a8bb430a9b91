"""Batch-norm statistics of averaged weights: their values, and that training does not notice them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, Generator, Move, Procedure
from ganzoo.config import instantiate
from ganzoo.data import subset
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.sampling.standing_statistics import BATCHES, SEED, StandingStatistics
from ganzoo.training import state
from ganzoo.training.ema import Ema
from ganzoo.training.session import Session
from ganzoo.training.snapshots import Snapshots
from helpers.support import CONDITIONAL, TRANSLATING, accelerator, tiny

N = 8
U = "G.last.parametrizations.weight.0._u"  # a singular vector of spectral norm, which training mode would change


class Normed(Generator):
    """W z, batch norm without scale, dropout and a spectral norm, neither of which may act as in training."""

    z_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2, affine=False)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.last(self.dropout(self.norm(self.layer(z))))


class Owner(Procedure):
    """Averages its generator, and a network with batch norm that sample() does not use."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.G = Normed()
        self.D = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G], "discriminator": [self.D]}

    def averaged(self) -> list[nn.Module]:
        return [self.G, self.D]

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))


def moved(decay: float = 0.9) -> tuple[Owner, Ema]:
    """A procedure whose weights and statistics have moved, and their average."""
    procedure = Owner()
    ema = Ema(procedure, decay, StandingStatistics(procedure, instantiate.dataset(tiny()), N))
    for _ in range(5):
        procedure.D(procedure.sample(N))
        with torch.no_grad():
            for parameter in procedure.parameters():
                parameter += 1
        ema.update()
    return procedure, ema


def tensors(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_they_are_the_mean_of_the_statistics_of_each_batch() -> None:
    procedure, ema = moved()
    W, b = ema.average["G.layer.weight"].clone(), ema.average["G.layer.bias"].clone()
    torch.manual_seed(SEED)
    h = [torch.randn(N, 2) @ W.T + b for _ in range(BATCHES)]  # of the linear layer, whose outputs are normalised
    means = torch.stack([x.mean(0) for x in h])
    variances = torch.stack([x.var(0) for x in h])  # unbiased, as batch norm's are
    with ema.swapped_in():
        norm = procedure.G.norm
        torch.testing.assert_close(norm.running_mean, means.mean(0))
        torch.testing.assert_close(norm.running_var, variances.mean(0))
        assert norm.num_batches_tracked == BATCHES


def test_samples_are_those_of_a_generator_set_by_hand() -> None:
    procedure, ema = moved()
    saved, z = ema.tensors(), torch.randn(5, 2)
    by_hand = Normed()
    by_hand.load_state_dict({**procedure.G.state_dict(), **{n[2:]: t for n, t in saved.items() if n[0] == "G"}})
    procedure.eval()
    with ema.swapped_in(), torch.no_grad():
        x = procedure.G(z)
    assert torch.equal(x, by_hand.eval()(z))
    assert not torch.allclose(x, procedure.G(z), atol=0.1)


def test_training_does_not_notice_an_estimate() -> None:
    procedure, ema = moved()
    procedure.G.dropout.eval()
    before, noise = tensors(procedure), torch.get_rng_state()
    with ema.swapped_in():
        assert torch.equal(procedure.state_dict()["G.last.parametrizations.weight.0._u"], before[U])
    assert_same(tensors(procedure), before)
    assert torch.equal(torch.get_rng_state(), noise)
    norm = procedure.G.norm
    assert (norm.momentum, norm.training, procedure.G.training, procedure.G.dropout.training) == (
        0.1,
        True,
        True,
        False,
    )


def test_a_layer_that_samples_do_not_pass_keeps_the_trained_statistics() -> None:
    procedure, ema = moved()
    trained = tensors(procedure.D[1])
    with ema.swapped_in():
        inside = tensors(procedure.D[1])
    assert inside["num_batches_tracked"] == 5
    assert all(torch.equal(inside[name], trained[name]) for name in ("running_mean", "running_var"))
    assert not torch.equal(inside["weight"], trained["weight"])


def test_they_are_estimated_once_for_each_average(monkeypatch: pytest.MonkeyPatch) -> None:
    procedure, ema = moved()
    calls: list[int] = []
    sample = procedure.sample
    monkeypatch.setattr(procedure, "sample", lambda n, y=None: calls.append(n) or sample(n, y))
    first, second = ema.tensors(), ema.tensors()
    assert calls == [N] * BATCHES
    assert_same(first, second)
    ema.update()
    assert not torch.equal(ema.tensors()["G.norm.running_mean"], first["G.norm.running_mean"])
    assert calls == [N] * 2 * BATCHES
    ema.load(ema.average, 5)  # such as after a rollback, perhaps to as many updates
    ema.tensors()
    assert calls == [N] * 3 * BATCHES


def test_an_error_leaves_the_trained_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    procedure, ema = moved()
    before = tensors(procedure)

    def fail(n: int, y: Tensor | None = None) -> Tensor:
        raise KeyError

    monkeypatch.setattr(procedure, "sample", fail)
    with pytest.raises(KeyError), ema.swapped_in():
        pass
    assert_same(tensors(procedure), before)
    assert procedure.G.norm.momentum == 0.1 and procedure.G.norm.training


def test_nothing_is_generated_without_batch_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    procedure = Owner()
    procedure.G.norm = nn.BatchNorm1d(2, track_running_stats=False)
    procedure.D[1] = nn.Identity()
    standing = StandingStatistics(procedure, instantiate.dataset(tiny()), N)
    assert standing.buffers() == {}
    monkeypatch.setattr(procedure, "sample", None)
    assert "G.layer.weight" in Ema(procedure, 0.9, standing).tensors()


def labels_of(recipe: Any, monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """The labels of the samples from which the statistics of this recipe are estimated."""
    session, labels = Session(recipe, accelerator()), []
    sample = session.procedure.sample
    monkeypatch.setattr(session.procedure, "sample", lambda n, y: labels.append(y) or sample(n, y))
    session.ema.tensors()
    assert [len(y) for y in labels] == [16] * BATCHES
    return torch.cat(labels)


def test_labels_have_the_frequencies_of_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.repeat([0, 1], [180, 20])
    np.savez(tmp_path / "a.npz", images=np.zeros((200, 8, 8), np.uint8), labels=y)
    text = CONDITIONAL.replace('use = "glyphs"\nn = 200\ncharacters = "ABC"', f'use = "npz"\npath = "{tmp_path}/a.npz"')
    drawn = labels_of(tiny(text, "run.ema=0.9"), monkeypatch)
    assert 0.05 < drawn.float().mean() < 0.15
    balanced = labels_of(tiny(text, "run.ema=0.9", "run.balance=true"), monkeypatch)
    assert balanced.float().mean() == 0.5


def test_a_translator_translates_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(tiny(TRANSLATING, "run.ema=0.9", "run.batch_size=4"), accelerator())
    inputs: list[Tensor] = []
    translate = session.procedure.translate
    monkeypatch.setattr(session.procedure, "translate", lambda a, y=None: inputs.append(a) or translate(a, y))
    saved = session.ema.tensors()
    assert [len(a) for a in inputs] == [4] * BATCHES
    assert any(name.endswith("running_var") for name in saved)
    examples = subset.take_random(session.dataset, 4 * BATCHES, SEED)
    assert torch.equal(torch.cat(inputs), session.procedure.pairs(examples)[0])


def test_samples_in_training_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    recipe = tiny("", "run.ema=0.9")
    session = Session(recipe, accelerator())
    for t in range(4):
        session.step(t)
    snapshots = Snapshots(recipe, session)
    with snapshots.averaged():
        x = snapshots.model.sample(9, seed=3)
    run = Run.create(recipe, tmp_path)
    session.write_resolved(run)
    checkpoint.write(run.checkpoints, 4, state.capture(session.engine, session.ema, session.batches, 4), keep=2)
    assert torch.equal(run.sample(9, seed=3), x)
    assert not torch.equal(snapshots.model.sample(9, seed=3), x)


def test_a_checkpoint_without_them_is_sampled_with_the_trained_ones(tmp_path: Path) -> None:
    recipe = tiny("", "run.ema=0.9")
    session = Session(recipe, accelerator())
    session.step(0)
    run = Run.create(recipe, tmp_path)
    session.write_resolved(run)
    earlier = state.capture(session.engine, session.ema, session.batches, 1)
    earlier.tensors["ema"] = session.ema.average
    checkpoint.write(run.checkpoints, 1, earlier, keep=2)
    loaded, trained = run.load().procedure.state_dict(), session.procedure.state_dict()
    for name in ("G.layers.3.running_mean", "G.layers.3.running_var", "G.layers.3.num_batches_tracked"):
        assert torch.equal(loaded[name], trained[name])
    assert torch.equal(loaded["G.layers.3.weight"], session.ema.average["G.layers.3.weight"])
    estimated = session.ema.tensors()
    again = Session(recipe, accelerator())
    state.restore(checkpoint.read(run.latest), again.engine, again.ema, again.batches)
    assert_same(again.ema.tensors(), estimated)

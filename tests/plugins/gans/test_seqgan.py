"""SeqGAN: sizes, likelihoods, rollouts, rewards, and who moves in which stage."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.seqgan import SeqGAN, SeqGANDiscriminator, SeqGANGenerator
from helpers.support import PLUGINS, accelerator

SPEC = Spec((5,), vocab=7)


def made(spec: Spec = SPEC, **settings: Any) -> SeqGAN:
    torch.manual_seed(0)
    zoo = PLUGINS.zoo
    generator = Blueprint(zoo.find("generator", "seqgan"), {"embedding": 4, "width": 6})
    discriminator = Blueprint(zoo.find("discriminator", "seqgan"), {"embedding": 4, "sizes": [1, 2], "width": 5})
    return SeqGAN(spec, generator, discriminator, **{"rollouts": 3, **settings})


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_sizes_are_those_of_the_paper() -> None:
    """The authors' LSTM has one bias for its four gates of 32 units, PyTorch's has two."""
    spec = Spec((20,), vocab=5000)
    with torch.device("meta"):
        assert count(SeqGANGenerator(spec)) == 333_320 + 4 * 32
        assert count(SeqGANDiscriminator(spec)) == 7_045_402


def test_weights_start_as_the_authors_start_them() -> None:
    spec = Spec((20,), vocab=1000)
    assert SeqGANGenerator(spec).embedding.weight.std().item() == pytest.approx(0.1, abs=0.01)
    drawn = SeqGANDiscriminator(spec, width=4).embedding.weight
    assert drawn.abs().max() <= 1 and drawn.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.01)


def test_filters_longer_than_a_sample_are_left_out() -> None:
    assert [one.kernel_size for one in SeqGANDiscriminator(SPEC).filters] == [(n,) for n in range(1, 6)]
    for settings in ({"sizes": [6], "width": 1}, {"sizes": [1, 2], "width": [3]}, {"sizes": []}):
        with pytest.raises(IncompatibleError, match="a width for each of"):
            SeqGANDiscriminator(SPEC, **settings)  # type: ignore[arg-type]


def test_likelihoods_of_all_sequences_sum_to_one() -> None:
    G = SeqGANGenerator(Spec((3,), vocab=4))
    every = torch.tensor([*product(range(4), repeat=3)])
    assert G.log_likelihood(every).sum(1).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_samples_are_as_frequent_as_their_likelihood_says() -> None:
    torch.manual_seed(0)
    G = SeqGANGenerator(Spec((2,), vocab=3))
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.mul_(10)  # far from flat
        x = G(G.prior(40_000))
        for pair in product(range(3), repeat=2):
            chance = G.log_likelihood(torch.tensor([pair])).sum().exp().item()
            share = (x == torch.tensor(pair)).all(1).float().mean().item()
            assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 40_000) + 1e-6)


@pytest.mark.parametrize("pointer", [0.0, 1.0])
def test_noise_at_either_end_is_a_token(pointer: float) -> None:
    x = SeqGANGenerator(SPEC)(torch.full((2, 5), pointer))
    assert x.min() >= 0 and x.max() < SPEC.vocab


def test_rollouts_keep_their_beginning() -> None:
    torch.manual_seed(0)
    G = SeqGANGenerator(SPEC)
    x = G(G.prior(6))
    paths = G.rollouts(x, 40)
    assert paths.shape == (4, 6, 40, 5)
    for t in range(1, 5):
        assert torch.equal(paths[t - 1, ..., :t], x[:, None, :t].expand(6, 40, t))
        assert (paths[t - 1, ..., t:] != x[:, None, t:]).any(0).any(0).all()  # and the rest is drawn


def test_rollouts_go_on_as_the_generator_would() -> None:
    """The next token after one, two or three others has the chance that log_likelihood() gives it."""
    torch.manual_seed(0)
    G = SeqGANGenerator(Spec((4,), vocab=3))
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.mul_(10)
        x = torch.tensor([[2, 0, 1, 1], [0, 1, 2, 0]])
        paths = G.rollouts(x, 20_000)
        for t, n, token in product((1, 2, 3), (0, 1), range(3)):
            next_is = x[n].clone()
            next_is[t] = token
            chance = G.log_likelihood(next_is[None])[0, t].exp().item()
            share = (paths[t - 1, n, :, t] == token).float().mean().item()
            assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 20_000) + 1e-6)


def test_rewards_are_chances_and_the_last_one_is_that_of_the_sample_itself() -> None:
    procedure = made()
    x = procedure.sample(6)
    rewards = procedure.rewards(x)
    assert rewards.shape == (6, 5) and not rewards.requires_grad
    assert rewards.min() >= 0 and rewards.max() <= 1
    procedure.D.eval()
    torch.testing.assert_close(rewards[:, -1], procedure.D(x).sigmoid())


def test_a_reward_is_the_mean_over_rollouts() -> None:
    """With a discriminator that looks at the last token alone, and a generator that always ends in the same one."""
    procedure = made()
    with torch.no_grad():
        procedure.lagged.head.bias.copy_(torch.tensor([0, 0, 0, 50.0, 0, 0, 0]))
    procedure.D.forward = lambda x, y=None: x[:, -1].float() - 3  # type: ignore[assignment,method-assign]
    rewards = procedure.rewards(torch.tensor([[1, 1, 1, 1, 6]]))
    torch.testing.assert_close(rewards, torch.tensor([[0.0, 0.0, 0.0, 0.0, 3.0]]).sigmoid())


def test_the_gradient_is_that_of_reinforce(monkeypatch: pytest.MonkeyPatch) -> None:
    procedure = made()
    x, rewards = procedure.sample(6), torch.rand(6, 5)
    monkeypatch.setattr(procedure, "rewards", lambda x: rewards)
    parameters = [*procedure.G.parameters()]
    gradients = torch.autograd.grad(procedure.policy_loss(x), parameters)
    expected = [torch.zeros_like(p) for p in parameters]
    for n, t in product(range(6), range(5)):
        one = torch.autograd.grad(procedure.G.log_likelihood(x)[n, t], parameters)
        expected = [sum_ - rewards[n, t] * part / 6 for sum_, part in zip(expected, one, strict=True)]
    for a, b in zip(gradients, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_a_baseline_is_the_mean_of_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    procedure = made(baseline=True)
    x, rewards = procedure.sample(6), torch.rand(6, 5)
    monkeypatch.setattr(procedure, "rewards", lambda x: rewards + torch.arange(5))
    centred = rewards - rewards.mean(0)
    expected = -(procedure.G.log_likelihood(x) * centred).sum(1).mean()
    torch.testing.assert_close(procedure.policy_loss(x), expected)


def test_the_lagged_copy_follows() -> None:
    procedure = made(lag=0.8)
    before = [p.clone() for p in procedure.lagged.parameters()]
    with torch.no_grad():
        for parameter in procedure.G.parameters():
            parameter.add_(1.0)
    procedure.follow()
    for old, new in zip(before, procedure.lagged.parameters(), strict=True):
        torch.testing.assert_close(new, old + 0.2)
        assert not new.requires_grad


def moves(procedure: SeqGAN, t: int) -> list[str]:
    data = iter([{"x": torch.randint(7, (4, 5))} for _ in range(9)])
    return [player for move in procedure.step(data, t) for player in move]


def test_the_stage_is_that_of_the_step() -> None:
    procedure = made(pretrain_g=2, pretrain_d=1, g_steps=2, d_steps=3)
    assert [moves(procedure, t) for t in (0, 1)] == [["pretraining"]] * 2
    assert moves(procedure, 2) == ["discriminator"]
    assert moves(procedure, 3) == moves(procedure, 99) == ["generator"] * 2 + ["discriminator"] * 3


def test_the_lagged_copy_is_the_generator_when_the_third_stage_begins() -> None:
    procedure = made(pretrain_g=0, pretrain_d=0, lag=0.0)
    with torch.no_grad():
        for parameter in procedure.G.parameters():
            parameter.add_(1.0)
    next(procedure.step(iter([{"x": torch.randint(7, (4, 5))}]), 0))
    for lagged, current in zip(procedure.lagged.parameters(), procedure.G.parameters(), strict=True):
        assert torch.equal(lagged, current)


def test_a_generator_that_cannot_go_on_is_refused() -> None:
    class Other(nn.Module):
        def __init__(self, spec: Spec):
            super().__init__()

    zoo = PLUGINS.zoo
    with pytest.raises(IncompatibleError, match=r'generator\.use="seqgan"'):
        SeqGAN(SPEC, Other, Blueprint(zoo.find("discriminator", "seqgan")))  # type: ignore[arg-type]


@pytest.mark.slow
def test_likelihood_teaches_and_rewards_teach_more() -> None:
    """Every likelihood under the oracle: a random generator's, then after likelihood, then after rewards."""
    oracle = PLUGINS.zoo.find("dataset", "oracle").load()(n=2000, vocab=20, length=4, hidden=8)
    procedure = made(oracle.spec, pretrain_g=300, pretrain_d=100, rollouts=8, baseline=True)
    whole = oracle.tensors()["x"]
    rate = {"pretraining": 1e-2, "generator": 5e-3, "discriminator": 5e-3}
    engine = Engine(procedure, lambda player, own: torch.optim.Adam(own, lr=rate[player]), accelerator(), clip=5.0)

    def nll() -> float:
        torch.manual_seed(1)
        with torch.no_grad():
            return oracle.measure(procedure.sample(10_000))["nll"]

    def batches() -> Any:
        while True:
            yield {"x": whole[torch.randint(len(whole), (64,))]}

    data, nlls = batches(), {0: nll()}
    for t in range(700):
        engine.step(data, t)
        nlls[t + 1] = nll() if t + 1 in (300, 700) else 0.0
    assert nlls[0] - 0.2 > nlls[300] > nlls[700] + 0.02, nlls

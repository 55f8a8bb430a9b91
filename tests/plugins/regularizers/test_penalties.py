"""Gradient penalties: closed forms on a linear critic and on one hidden layer, and their gradients in float64."""

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError
from ganzoo.registry.discovery import load
from helpers.support import compared

ZOO = load().zoo
PENALTIES = ["gradient_penalty", "dragan", "r1", "r2"]
W = torch.tensor([3.0, 4.0])


def penalty(name, critic, real, fake, **settings):
    (value,) = ZOO.find("regularizer", name).load()(**settings).terms(compared(critic, real, fake)).values()
    return value


def linear(x):
    """||grad|| = 5 everywhere."""
    return x.flatten(1) @ W.to(x)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("gradient_penalty", {}, 160.0),  # 10 (5 - 1)^2
        ("gradient_penalty", {"one_sided": True}, 160.0),
        ("gradient_penalty", {"weight": 0.1}, 1.6),
        ("dragan", {}, 160.0),
        ("r1", {}, 125.0),  # 10 / 2 * 5^2
        ("r2", {}, 125.0),
        ("r1", {"weight": 1.0}, 12.5),
    ],
)
@pytest.mark.parametrize("shape", [(2,), (1, 2, 1), (2, 1, 1)], ids=str)
def test_linear_critic(name, settings, expected, shape):
    """The norm runs over all dimensions of a sample: images give what points give."""
    real, fake = torch.randn(8, *shape), torch.randn(8, *shape)
    assert penalty(name, linear, real, fake, **settings).item() == pytest.approx(expected, rel=1e-5)


def test_one_sided_spares_small_gradients():
    real, fake = torch.randn(4, 2), torch.randn(4, 2)
    assert penalty("gradient_penalty", lambda x: 0.1 * linear(x), real, fake).item() == pytest.approx(2.5)
    assert penalty("gradient_penalty", lambda x: 0.1 * linear(x), real, fake, one_sided=True).item() == 0


def test_r1_looks_at_real_and_r2_at_fake_samples():
    real, fake = torch.full((4, 2), 1.0), torch.full((4, 2), 3.0)

    def quadratic(x):
        return x.square().sum(1) / 2  # gradient x

    assert penalty("r1", quadratic, real, fake, weight=2.0).item() == 2
    assert penalty("r2", quadratic, real, fake, weight=2.0).item() == 18


class Seen:
    """A critic that remembers what it was asked about."""

    def __call__(self, x):
        self.x = x.detach()
        return x.flatten(1).sum(1)


def test_gradient_penalty_asks_at_one_point_between_each_pair():
    seen = Seen()
    penalty("gradient_penalty", seen, torch.zeros(64, 3, 2, 2), torch.ones(64, 3, 2, 2))
    share = seen.x.flatten(1)  # 1 - epsilon, alike in all pixels of a sample
    assert (share == share[:, :1]).all()
    assert len(share[:, 0].unique()) > 60
    assert 0 <= share.min() < 0.2 and 0.8 < share.max() <= 1


def test_dragan_asks_near_real_samples():
    seen = Seen()
    real = torch.tensor([-1.0, 1.0]).repeat(32)[:, None].expand(64, 12)  # standard deviation 1
    penalty("dragan", seen, real, torch.full_like(real, torch.nan))
    delta = seen.x - real
    assert delta.min() >= 0 and 0.3 < delta.max() <= 0.5
    assert (delta.std(dim=1) > 0).all()  # another one for each pixel
    assert delta.mean().item() == pytest.approx(0.5 / 2 / 2, abs=0.03)  # E alpha = E U = 1/2


def test_dragan_without_spread_is_at_the_samples():
    seen, real = Seen(), torch.randn(8, 3)
    penalty("dragan", seen, real, real, spread=0.0)
    assert torch.equal(seen.x, real)


def tanh_critic(w, b, v):
    return lambda x: (x @ w.T + b).tanh() @ v


@pytest.mark.parametrize("name", PENALTIES)
def test_value_on_one_hidden_layer(name):
    """D(x) = v . tanh(W x + b) has the gradient W' (v (1 - tanh^2)). Real = fake, so every point is known."""
    torch.manual_seed(0)
    w, b, v, x = (torch.randn(*size, dtype=torch.float64) for size in ((5, 3), (5,), (5,), (7, 3)))
    norms = ((1 - (x @ w.T + b).tanh() ** 2) * v @ w).norm(dim=1)
    expected = 5 * (norms**2).mean() if name in ("r1", "r2") else 10 * ((norms - 1) ** 2).mean()
    settings = {"spread": 0.0} if name == "dragan" else {}
    assert penalty(name, tanh_critic(w, b, v), x, x, **settings).item() == pytest.approx(expected.item(), rel=1e-10)


@pytest.mark.parametrize("name", PENALTIES)
def test_gradient_against_finite_differences(name):
    torch.manual_seed(1)
    weights = [torch.randn(*size, dtype=torch.float64, requires_grad=True) for size in ((4, 3), (4,), (4,))]
    real, fake = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)

    def value(*weights):
        torch.manual_seed(2)  # the same random points each time
        return penalty(name, tanh_critic(*weights), real, fake)

    assert torch.autograd.gradcheck(value, weights)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_flat_critic_gives_finite_gradients(name):
    """Where the gradient is zero the norm has a corner."""
    weight = torch.zeros(2, requires_grad=True)
    value = penalty(name, lambda x: x @ weight, torch.randn(4, 2), torch.randn(4, 2))
    assert value.item() == (0 if name in ("r1", "r2") else 10)
    (gradient,) = torch.autograd.grad(value, weight)
    assert gradient.tolist() == [0, 0]


@pytest.mark.parametrize("name", PENALTIES)
def test_full_precision_under_autocast(name):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    real, fake = torch.randn(8, 3), torch.randn(8, 3).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert critic(real).dtype is torch.bfloat16  # autocast is on
        torch.manual_seed(1)
        value = penalty(name, critic, real, fake)
    torch.manual_seed(1)
    assert value.dtype is torch.float32
    assert torch.equal(value, penalty(name, critic, real, fake))
    value.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in critic.parameters())


@pytest.mark.parametrize("name", PENALTIES)
def test_batch_norm_is_refused(name):
    regularizer = ZOO.find("regularizer", name).load()()
    regularizer.check(nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4)))
    with pytest.raises(IncompatibleError, match=r'BatchNorm2d \(1\).*norm = "none"'):
        regularizer.check(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))


@pytest.mark.parametrize(("weight", "converges"), [(0.0, False), (1.0, True)])
def test_r1_makes_the_dirac_gan_converge(weight, converges):
    """Mescheder et al. 2018, section 2: data at 0, generator at theta, D(x) = psi x, both players stepping at once."""
    game = ZOO.find("loss", "minimax").load()()
    r1 = ZOO.find("regularizer", "r1").load()(weight=weight)
    theta, psi = (torch.ones(1, requires_grad=True) for _ in range(2))
    real = torch.zeros(1, 1)

    def critic(x):
        return (x * psi).squeeze(1)

    for _ in range(500):
        real_logits, fake_logits = critic(real), critic(theta[None])
        d = game.discriminator(real_logits, fake_logits) + sum(r1.terms(compared(critic, real, theta[None])).values())
        (for_psi,) = torch.autograd.grad(d, psi, retain_graph=True)
        (for_theta,) = torch.autograd.grad(game.generator(None, fake_logits), theta)
        with torch.no_grad():
            psi -= 0.1 * for_psi
            theta -= 0.1 * for_theta
    assert (theta.abs().item() < 0.05) if converges else (theta.hypot(psi).item() > 0.5)

"""The engine equals a loop written by hand, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import softplus

from ganzoo import Batch, Procedure, Spec
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.training import optim
from ganzoo.training.engine import Engine
from helpers.support import accelerator, compared, tiny

STEPS = 12


def hand_written_gan(generator: nn.Module, discriminator: nn.Module, data: Iterator[Batch]) -> None:
    """Algorithm 1 of arXiv:1406.2661 with k = 2, the non-saturating loss and Adam."""
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=True)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=True)
    for _ in range(STEPS):
        for _ in range(2):
            real = next(data)["x"]
            fake = generator(torch.randn(len(real), 4)).detach()
            logits = discriminator(real)
            d_loss = cross_entropy(logits, torch.ones_like(logits)) + softplus(discriminator(fake)).mean()
            d_optimizer.zero_grad()
            d_loss.backward()
            d_optimizer.step()
        g_loss = softplus(-discriminator(generator(torch.randn(len(real), 4)))).mean()
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()


def hand_written_wgan_gp(generator: nn.Module, critic: nn.Module, data: Iterator[Batch]) -> None:
    """Algorithm 1 of arXiv:1704.00028 with n_critic = 3."""
    c_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    for _ in range(STEPS):
        for _ in range(3):
            real = next(data)["x"]
            fake = generator(torch.randn(len(real), 4)).detach()
            on_real, on_fake = critic(real), critic(fake)  # gradients are added up in the reverse order of the calls
            c_loss = on_fake.mean() - on_real.mean() + penalty(critic, real, fake)
            c_optimizer.zero_grad()
            c_loss.backward()
            c_optimizer.step()
        g_loss = -critic(generator(torch.randn(len(real), 4))).mean()
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()


def penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """10 (|gradient| - 1)^2 between real and fake samples, by the registered regularizer: it has tests of its own."""
    regularizer = discovery.load().zoo.find("regularizer", "gradient_penalty").load()(weight=10.0)
    (term,) = regularizer.terms(compared(critic, real, fake)).values()
    return term


def compare(recipe_text: str, by_hand: Callable[..., None]) -> None:
    recipe = tiny(recipe_text)
    procedures = [instantiate.procedure(recipe, Spec((2,))) for _ in range(2)]
    engine = Engine(procedures[0], optim.optimizer_factory(recipe.optimizer), accelerator())
    torch.manual_seed(7)
    batches = points()
    for t in range(STEPS):
        engine.step(batches, t)
    torch.manual_seed(7)
    by_hand(procedures[1].G, procedures[1].D, points())
    assert_equal(*procedures)


def points() -> Iterator[Batch]:
    noise = torch.Generator().manual_seed(3)
    while True:
        yield {"x": torch.randn(8, 2, generator=noise)}


def assert_equal(one: Procedure, other: Procedure) -> None:
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_plain_gan() -> None:
    compare(
        """
        [procedure]
        use = "adversarial"
        d_steps = 2
        [loss]
        use = "non_saturating"
        [optimizer]
        use = "adam"
        lr = 1e-3
        betas = [0.5, 0.999]
        """,
        hand_written_gan,
    )


def test_wgan_gp() -> None:
    compare(
        """
        [procedure]
        use = "adversarial"
        d_steps = 3
        [loss]
        use = "wasserstein"
        [[regularizer]]
        use = "gradient_penalty"
        weight = 10.0
        [optimizer]
        use = "adam"
        lr = 1e-3
        betas = [0.0, 0.9]
        """,
        hand_written_wgan_gp,
    )

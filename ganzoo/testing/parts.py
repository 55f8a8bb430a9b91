"""Small stand-ins for the parts that a procedure is made of, and noise to train on, so that it can be tried alone.

They are registered under the owner "testing", beside everything that is installed, for as long as a check runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.interfaces import (
    Batch,
    Critic,
    Dataset,
    Discriminator,
    Encoder,
    Generator,
    Loss,
    Regularizer,
    Spec,
    Terms,
)
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Zoo
from ganzoo.testing.component import samples

OWNER = "testing"
Z_DIM, HIDDEN = 16, 8


def beside(plugins: Plugins) -> Plugins:
    """Everything that is installed, and the stand-ins."""
    zoo, mine = Zoo(), Zoo(owner=OWNER)
    zoo.merge(plugins.zoo)
    mine.add("generator", "small", SmallGenerator)
    mine.add("generator", "small_of_classes", SmallGeneratorOfClasses)
    mine.add("discriminator", "small", SmallDiscriminator)
    mine.add("discriminator", "small_of_classes", SmallDiscriminatorOfClasses)
    mine.add("encoder", "small", SmallEncoder)
    mine.add("loss", "small", SmallLoss)
    mine.add("regularizer", "small", SmallPenalty)
    mine.add("optimizer", "small", adam)
    mine.add("dataset", "noise", Noise)
    zoo.merge(mine)
    return replace(plugins, zoo=zoo)


class SmallGenerator(Generator):
    """z -> x by one hidden layer with batch norm; images in [-1, 1]."""

    classes = 0

    def __init__(self, spec: Spec):
        super().__init__()
        self.z_dim = Z_DIM
        self.spec = spec
        self.hidden = nn.Linear(Z_DIM + self.classes, HIDDEN)
        self.norm = nn.BatchNorm1d(HIDDEN)
        self.out = nn.Linear(HIDDEN, spec.size)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.out(F.leaky_relu(self.norm(self.hidden(_with(z, y, self.classes))), 0.2))  # (N, z_dim) -> (N, size)
        samples: Tensor = (x.tanh() if self.spec.is_image else x).unflatten(1, self.spec.shape)
        return samples


class SmallGeneratorOfClasses(SmallGenerator):
    """The same with the class beside z."""

    conditional = True

    def __init__(self, spec: Spec):
        self.classes = spec.classes
        super().__init__(spec)


class SmallDiscriminator(Discriminator):
    """x -> one hidden layer, the features -> a logit."""

    classes = 0

    def __init__(self, spec: Spec):
        super().__init__()
        self.hidden = nn.Linear(spec.size + self.classes, HIDDEN)
        self.head = nn.Linear(HIDDEN, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return F.leaky_relu(self.hidden(_with(x.flatten(1), y, self.classes)), 0.2)  # (N, *shape) -> (N, HIDDEN)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.features(x, y))
        return logits.squeeze(1)  # (N, 1) -> (N,)


class SmallDiscriminatorOfClasses(SmallDiscriminator):
    """The same with the class beside x."""

    conditional = True

    def __init__(self, spec: Spec):
        self.classes = spec.classes
        super().__init__(spec)


class SmallEncoder(Encoder):
    """x -> mean and log-variance of z by one hidden layer."""

    probabilistic = True

    def __init__(self, spec: Spec):
        super().__init__()
        self.z_dim = Z_DIM
        self.hidden = nn.Linear(spec.size, HIDDEN)
        self.mean = nn.Linear(HIDDEN, Z_DIM)
        self.logvar = nn.Linear(HIDDEN, Z_DIM)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.posterior(x, y)[0]

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        hidden = F.leaky_relu(self.hidden(x.flatten(1)), 0.2)  # (N, *shape) -> (N, HIDDEN)
        return self.mean(hidden), self.logvar(hidden)  # (N, z_dim) each


class SmallLoss(Loss):
    """The loss that does not saturate (arXiv:1406.2661)."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return F.softplus(-fake).mean()


class SmallPenalty(Regularizer):
    """The squared gradient at real samples (arXiv:1801.04406), which wants a second derivative."""

    per_sample = True

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        x = real.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)  # (N, *shape)
        return {"penalty": gradient.square().flatten(1).sum(1).mean()}


def adam(params: Iterable[nn.Parameter], lr: float = 1e-3) -> torch.optim.Optimizer:
    return torch.optim.Adam(params, lr)


class Noise(Dataset):
    """n samples of noise that fit any spec, with classes in turn."""

    in_memory = True

    def __init__(self, shape: Sequence[int], classes: int = 0, vocab: int = 0, n: int = 64, pairs: bool = False):
        self.n = n
        self.pairs = pairs
        self.spec = Spec(tuple(shape), classes, vocab)
        self.class_names = tuple(f"class {y}" for y in range(classes))

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self._drawn.items()}

    def tensors(self) -> Batch:
        return self._drawn

    @cached_property
    def _drawn(self) -> Batch:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(math.prod(self.spec.shape))
            batch = {name: self._samples() for name in (("a", "b") if self.pairs else ("x",))}
        return {**batch, "y": torch.arange(self.n) % self.spec.classes} if self.spec.classes else batch

    def _samples(self) -> Tensor:
        x = samples(self.spec, self.n)
        return ((x + 1) * 127.5).byte() if self.spec.is_image else x


def _with(x: Tensor, y: Tensor | None, classes: int) -> Tensor:
    """(N, F) -> (N, F + classes) where there are classes."""
    if not classes:
        return x
    if y is None:
        raise ValueError("no labels were given to a conditional network")
    return torch.cat([x, F.one_hot(y, classes).to(x.dtype)], 1)

"""Small stand-ins for the components that checks combine others with: networks, a loss, an optimizer, a dataset.

`with_stand_ins` registers those that a procedure needs under the owner "testing". `attach` gives a regularizer two
small players.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import (
    Batch,
    Dataset,
    Discriminator,
    Encoder,
    Generator,
    Loss,
    Spec,
    Terms,
)
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Zoo
from ganzoo.regularizer import Comparison, Regularizer, Regularizers
from ganzoo.testing.subjects import samples

OWNER = "testing"
Z_DIM = 16
HIDDEN = 8  # units of the stand-ins' hidden layer
SHAPE = (2, 2, 2)  # of the samples that regularizers are checked on
SIZE = 8
WIDTH = 16  # units of the hidden layer of Judge and Maker


def with_stand_ins(plugins: Plugins) -> Plugins:
    """Return everything that is installed, with the stand-ins added."""
    zoo = Zoo()
    stand_ins = Zoo(owner=OWNER)
    zoo.merge(plugins.zoo)
    stand_ins.add("generator", "small", SmallGenerator)
    stand_ins.add("generator", "small_of_classes", SmallGeneratorOfClasses)
    stand_ins.add("discriminator", "small", SmallDiscriminator)
    stand_ins.add("discriminator", "small_of_classes", SmallDiscriminatorOfClasses)
    stand_ins.add("encoder", "small", SmallEncoder)
    stand_ins.add("loss", "small", SmallLoss)
    stand_ins.add("regularizer", "small", SmallPenalty)
    stand_ins.add("optimizer", "small", adam)
    stand_ins.add("dataset", "noise", Noise)
    zoo.merge(stand_ins)
    return replace(plugins, zoo=zoo)


class SmallGenerator(Generator):
    """A generator of one hidden layer with batch norm; images lie in [-1, 1]."""

    classes = 0

    def __init__(self, spec: Spec):
        super().__init__()
        self.z_dim = Z_DIM
        self.spec = spec
        self.hidden = nn.Linear(Z_DIM + self.classes, HIDDEN)
        self.norm = nn.BatchNorm1d(HIDDEN)
        self.out = nn.Linear(HIDDEN, spec.size)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Map noise (N, z_dim) to samples (N, *shape)."""
        hidden = self.hidden(_concatenated(z, y, self.classes))
        x = self.out(F.leaky_relu(self.norm(hidden), 0.2))  # (N, z_dim) -> (N, size)
        fake: Tensor = (x.tanh() if self.spec.is_image else x).unflatten(1, self.spec.shape)
        return fake


class SmallGeneratorOfClasses(SmallGenerator):
    """A SmallGenerator that receives the class, one-hot, next to z."""

    conditional = True

    def __init__(self, spec: Spec):
        self.classes = spec.classes
        super().__init__(spec)


class SmallDiscriminator(Discriminator):
    """x -> one hidden layer, which is the features -> a logit."""

    classes = 0

    def __init__(self, spec: Spec):
        super().__init__()
        self.hidden = nn.Linear(spec.size + self.classes, HIDDEN)
        self.head = nn.Linear(HIDDEN, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Map samples (N, *shape) to features (N, HIDDEN)."""
        return F.leaky_relu(self.hidden(_concatenated(x.flatten(1), y, self.classes)), 0.2)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        """Map features (N, HIDDEN) to logits (N,)."""
        logits: Tensor = self.head(features)
        return logits.squeeze(1)


class SmallDiscriminatorOfClasses(SmallDiscriminator):
    """A SmallDiscriminator that receives the class, one-hot, next to x."""

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
        """Map samples (N, *shape) to mean codes (N, z_dim)."""
        return self.posterior(x, y)[0]

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map samples (N, *shape) to mean and log-variance, (N, z_dim) each."""
        hidden = F.leaky_relu(self.hidden(x.flatten(1)), 0.2)  # (N, *shape) -> (N, HIDDEN)
        return self.mean(hidden), self.logvar(hidden)


class SmallLoss(Loss):
    """The non-saturating loss (arXiv:1406.2661)."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss, a scalar."""
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return the generator's loss, a scalar."""
        return F.softplus(-fake).mean()


class SmallPenalty(Regularizer):
    """The squared gradient at real samples (R1, arXiv:1801.04406), which needs a second derivative."""

    per_sample = True

    def terms(self, comparison: Comparison) -> Terms:
        """Return the mean squared norm of the gradient."""
        x = comparison.real.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(comparison.critic(x).sum(), x, create_graph=True)  # (N, *shape)
        return {"penalty": gradient.square().flatten(1).sum(1).mean()}


def adam(params: Iterable[nn.Parameter], lr: float = 1e-3) -> torch.optim.Optimizer:
    """Return Adam with its usual betas."""
    return torch.optim.Adam(params, lr)


class Noise(Dataset):
    """Noise that fits any spec, with labels 0, 1, 2, ... in turn.

    Args:
        shape: Shape of a sample.
        classes: Number of classes; 0 for none.
        vocab: Number of token ids; 0 for images, points and numbers.
        n: Number of examples.
        pairs: True when an example is a pair "a" and "b".
        source_shape: Shape of "a" in a pair, when it is not `shape`.
    """

    in_memory = True

    def __init__(
        self,
        shape: Sequence[int],
        classes: int = 0,
        vocab: int = 0,
        n: int = 64,
        pairs: bool = False,
        source_shape: Sequence[int] | None = None,
    ):
        self.n = n
        self.pairs = pairs
        self.spec = Spec(tuple(shape), classes, vocab, tuple(source_shape) if source_shape else None)
        self.class_names = tuple(f"class {y}" for y in range(classes))

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self._examples.items()}

    def tensors(self) -> Batch:
        """Return all examples."""
        return self._examples

    @cached_property
    def _examples(self) -> Batch:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(math.prod(self.spec.shape))
            batch = (
                {"a": self._samples(self.spec.source), "b": self._samples(self.spec)}
                if self.pairs
                else {"x": self._samples(self.spec)}
            )
        return {**batch, "y": torch.arange(self.n) % self.spec.classes} if self.spec.classes else batch

    def _samples(self, spec: Spec) -> Tensor:
        x = samples(spec, self.n)
        return ((x + 1) * 127.5).byte() if spec.is_image else x


class Judge(Discriminator):
    """A discriminator (N, 2, 2, 2) -> (N,) that regularizers are checked with."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(SIZE, WIDTH), nn.Tanh())
        self.head = nn.Linear(WIDTH, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Map samples (N, 2, 2, 2) to features (N, WIDTH)."""
        features: Tensor = self.body(x)
        return features

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        """Map features (N, WIDTH) to logits (N,)."""
        logits: Tensor = self.head(features)
        return logits.squeeze(1)


class Maker(Generator):
    """A generator (N, 4) -> (N, 2, 2, 2) that regularizers are checked with."""

    z_dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, SIZE), nn.Tanh()
        )

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        """Map noise (N, 4) to samples (N, 2, 2, 2)."""
        fake: Tensor = self.layers(source).unflatten(1, SHAPE)
        return fake


def attach(regularizer: Any) -> tuple[Any, Judge, Maker]:
    """Attach a regularizer to small players with weights from seed 0.

    Args:
        regularizer: As it came from its constructor.

    Returns:
        The regularizer, the discriminator and the generator. A regularizer that refuses these players is returned
        as it was, with players that it is not attached to.
    """
    torch.manual_seed(0)
    judge = Judge()
    maker = Maker()
    untouched = copy.deepcopy(regularizer)
    try:
        Regularizers([lambda: regularizer], judge, maker, Spec(SHAPE))
    except IncompatibleError:
        torch.manual_seed(0)
        return untouched, Judge(), Maker()
    return regularizer, judge, maker


def compared(judge: Judge, maker: Maker, real: Tensor, fake: Tensor) -> Comparison:
    """Return what a regularizer is handed of samples (n, *SHAPE) in a move."""
    source = maker.prior(len(fake))
    return Comparison.of(judge, maker, real, fake, real_logits=judge(real), fake_logits=judge(fake), source=source)


def real_and_fake(n: int = 5) -> tuple[Tensor, Tensor]:
    """Return real and fake samples (n, *SHAPE), which are leaves that require a gradient."""
    real, fake = (torch.randn(n, *SHAPE, requires_grad=True) for _ in range(2))
    return real, fake


def _concatenated(x: Tensor, y: Tensor | None, classes: int) -> Tensor:
    """Append one-hot labels: (N, F) -> (N, F + classes)."""
    if not classes:
        return x
    if y is None:
        raise ValueError("a conditional network needs labels")
    return torch.cat([x, F.one_hot(y, classes).to(x.dtype)], 1)

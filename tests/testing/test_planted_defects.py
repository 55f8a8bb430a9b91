"""Tests that a defect in a component fails exactly the checks for it, with a remedy."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

import ganzoo
from ganzoo.augmentation import Augmentation
from ganzoo.interfaces import Discriminator, Generator, Loss, Schedule, Spec, Terms
from ganzoo.regularizer import Comparison, Regularizer
from helpers.planted import broken


def need_numbers(name: str, spec: Spec) -> None:
    if spec.vocab:
        raise ganzoo.IncompatibleError(f"{name} takes no tokens: use other data.")


class Maker(Generator):
    """A generator of one layer."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__()
        need_numbers("generator planted", spec)
        self.z_dim = z_dim
        self.spec = spec
        self.layer = nn.Linear(z_dim, spec.size)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.tanh(self.layer(z)).unflatten(1, self.spec.shape)


class WrongShape(Maker):
    """Returns flat samples."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z).flatten(1)[:, :1]


class Idle(Maker):
    """Has a layer that is not used."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.spare = nn.Linear(2, 2)


class Fresh(Maker):
    """Begins with a branch of zero, and clips its images in evaluation mode only: no defect."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.branch = nn.Sequential(nn.Linear(z_dim, 2), nn.Tanh(), nn.Linear(2, spec.size))
        nn.init.zeros_(self.branch[2].weight)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = (3 * self.layer(z) + self.branch(z)).unflatten(1, self.spec.shape)
        return x if self.training or not self.spec.is_image else x.clamp(-1, 1)


class Stillborn(Fresh):
    """Begins with a branch of zero, and has a layer that is not used."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.spare = nn.Linear(2, 2)


class InPlace(Maker):
    """Scales its noise in place."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z.mul_(0.5))


class Restless(Maker):
    """Returns another output in each call."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.calls = itertools.count()

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z) * (1 - next(self.calls) / 1e6)


class Seeding(Maker):
    """Sets a seed."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        torch.manual_seed(0)
        return super().forward(z)


class Tied(Maker):
    """Has one weight under two names."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.again = nn.Linear(z_dim, spec.size)
        self.again.weight = self.layer.weight

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z) + 0 * self.again(z).unflatten(1, self.spec.shape)


class Glaring(Maker):
    """Ends without a tanh."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(z).unflatten(1, self.spec.shape)


class Counting(Maker):
    """Counts its batches in evaluation mode too."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        self.get_buffer("seen").add_(1)
        return super().forward(z)


class Social(Maker):
    """Centres each batch."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z - z.mean(0))


class Forgetful(Maker):
    """Keeps a random tensor in a plain attribute, which checkpoints do not save."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.offset = torch.randn(z_dim)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z + self.offset.to(z.device))


class Astray(Maker):
    """Has a parameter on the CPU."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        super().__init__(spec, z_dim)
        self.scale = nn.Parameter(torch.ones((), device="cpu"))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(z * self.scale)


class Unfit(Maker):
    """Raises ValueError for data that it does not support."""

    def __init__(self, spec: Spec, z_dim: int = 4):
        if spec.is_image and spec.shape[1] % 4:
            raise ValueError("no")
        super().__init__(spec, z_dim)


class Mistyped(Maker):
    """Has a default that is not a positive integer."""

    def __init__(self, spec: Spec, z_dim: PositiveInt = 4, depth: PositiveInt = 0):
        super().__init__(spec, z_dim)


class Untyped(Maker):
    """Has a setting that a recipe cannot contain."""

    def __init__(self, spec: Spec, z_dim: int = 4, layer: nn.Module | None = None):
        super().__init__(spec, z_dim)


class Open(Maker):
    """Accepts any setting."""

    def __init__(self, spec: Spec, z_dim: int = 4, **more: Any):
        super().__init__(spec, z_dim)


class Judge(Discriminator):
    """A discriminator of two layers."""

    def __init__(self, spec: Spec):
        super().__init__()
        need_numbers("discriminator planted", spec)
        self.body = nn.Linear(spec.size, 8)
        self.head = nn.Linear(8, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.tanh(self.body(x.flatten(1)))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.features(x, y)).squeeze(1)


class Squashed(Judge):
    """Ends in a sigmoid."""

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return super().forward(x).sigmoid()


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient * 2


class FirstOrder(Judge):
    """Has no second derivative."""

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return Once.apply(super().features(x))  # type: ignore[no-untyped-call]


class Conditional(Judge):
    """Adds a learned number for each class."""

    conditional = True

    def __init__(self, spec: Spec):
        super().__init__(spec)
        if not spec.classes:
            raise ganzoo.IncompatibleError("discriminator planted needs labels: use data with classes.")
        self.bias = nn.Embedding(spec.classes, 1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return super().forward(x) + self.bias(y).squeeze(1)


class Silent(Conditional):
    """Replaces an invalid label by the nearest valid one."""

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return super().forward(x, y.clamp(0, self.bias.num_embeddings - 1))


class Careless(Judge):
    """Declares itself conditional, but ignores the labels."""

    conditional = True

    def __init__(self, spec: Spec):
        super().__init__(spec)
        self.classes = spec.classes

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is None or nn.functional.one_hot(y, self.classes).shape
        return super().forward(x)


class Difference(Loss):
    """Difference of the mean logits, fake minus real."""

    sign = 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.sign * (fake.mean() - real.mean())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -self.sign * fake.mean()


class Upside(Difference):
    """Has the wrong sign."""

    sign = -1.0


class Greedy(Difference):
    """Reads real logits without uses_real = True."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return real.mean() - fake.mean()


class Exploding(Difference):
    """Computes exp() of logits."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return (-2 * fake).exp().mean()


class Spread(Difference):
    """Returns a loss for each sample instead of the mean."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake


class Shifting(Difference):
    """Changes the logits in place."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        with torch.no_grad():
            fake -= 1
        return -fake.mean()


class Penalty(Regularizer):
    """Penalty on large logits."""

    def terms(self, comparison: Comparison) -> Terms:
        return {"penalty": comparison.critic(comparison.real.detach()).square().mean()}


class Meddling(Penalty):
    """Changes the real samples in place."""

    def terms(self, comparison: Comparison) -> Terms:
        with torch.no_grad():
            comparison.real.add_(1)
        return super().terms(comparison)


class Negative(Penalty):
    """Returns a negative penalty."""

    def terms(self, comparison: Comparison) -> Terms:
        return {"penalty": -super().terms(comparison)["penalty"]}


class Remembering(Penalty):
    """Keeps a mean in a plain attribute, which checkpoints do not save."""

    mean = 0.0

    def terms(self, comparison: Comparison) -> Terms:
        self.mean = 0.9 * self.mean + 0.1 * float(comparison.real.detach().mean())
        return super().terms(comparison)


class Halving(Schedule):
    """Linear decay to one half."""

    def __call__(self, t: int, steps: int) -> float:
        return 1 - 0.5 * t / steps


class Counted(Halving):
    """Counts its calls instead of using the step."""

    calls = 0

    def __call__(self, t: int, steps: int) -> float:
        self.calls += 1
        return 1 - 0.5 * self.calls / steps


class Shifted(Augmentation):
    """Adds a number to each image."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand(len(x), 1, 1, 1, device=x.device)


class Blended(Shifted):
    """Shows each image through the mean of the batch, and does not say so."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + x.mean(0))


class Rounded(Shifted):
    """Rounds pixels, through which no gradient passes."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x * 127).round() / 127)


class Painting(Shifted):
    """Brightens images in place."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.data.add_(0.1))


class Learned(Shifted):
    """Has a strength that the discriminator would train."""

    def __init__(self) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.strength


class Fading(Shifted):
    """Counts the moves in a plain attribute."""

    moved = 0

    def after_move(self) -> None:
        self.moved += 1


KINDS = (
    ("augmentation", Augmentation),
    ("generator", Maker),
    ("discriminator", Judge),
    ("loss", Loss),
    ("regularizer", Regularizer),
    ("schedule", Schedule),
)
DEFECTS: dict[type, dict[str, str]] = {
    Maker: {},
    Judge: {},
    Conditional: {},
    Difference: {},
    Penalty: {},
    Halving: {},
    WrongShape: {"its samples have the shape of data": "end in .unflatten(1, spec.shape)"},
    Fresh: {},
    Stillborn: {"a gradient reaches every parameter": "no gradient reaches spare.weight, spare.bias, so"},
    Idle: {"a gradient reaches every parameter": "spare.weight, spare.bias, so it is never trained. Use it"},
    InPlace: {"it does not change its input": "Write x = x * 2, not x *= 2"},
    Restless: {"equal seeds give equal outputs": "Keep no state between calls"},
    Seeding: {"equal seeds give equal outputs": "Remove torch.manual_seed()"},
    Tied: {"safetensors can save its state": "Give a tied weight one name"},
    Glaring: {"images lie between minus one and one": "end in nn.Tanh()"},
    Counting: {"evaluation changes nothing": "only under `if self.training:`"},
    Social: {"no sample depends on the others": "an attribute mixes_samples = True"},
    Forgetful: {"its state dict is complete": 'self.register_buffer("name", tensor)'},
    Astray: {"it builds on any device": "scale is on another device. Do not choose a device"},
    Unfit: {
        "it accepts data or says what to use": (
            "Raise ganzoo.IncompatibleError('generator planted cannot ...: use ... instead.')"
        )
    },
    Mistyped: {"its defaults fit their types": "This is its own default: change the default, or use a wider type"},
    Untyped: {"its settings have types": "Annotate it with int, float, bool, str"},
    Open: {"it refuses unknown settings": "Name each setting"},
    Squashed: {"its logits are not squashed": "Remove the sigmoid or tanh at the end"},
    FirstOrder: {"a gradient penalty can be taken": "without @once_differentiable"},
    Silent: {"labels out of range raise": "Use nn.Embedding(spec.classes, ...) or F.one_hot(y, spec.classes)"},
    Careless: {
        "it refuses data without labels": "Raise ganzoo.IncompatibleError in __init__ if spec.classes is 0",
        "labels matter": "Use y in forward(), or set conditional = False",
    },
    Upside: {
        "the discriminator pushes real up and fake down": "return minus a value that should be maximised",
        "the generator pushes fake up": "return minus a value that should be maximised",
    },
    Greedy: {"it reads real logits only with uses real": "set uses_real = True"},
    Exploding: {"large logits give finite losses": "Use softplus() or logsigmoid()"},
    Spread: {"each player gets a scalar loss": "Take the .mean() over all logits"},
    Shifting: {"it does not change the logits": "Write fake = fake - 1"},
    Meddling: {"it does not change the samples": "Write x = x + noise, not x += noise"},
    Negative: {"its terms are penalties": "square the difference"},
    Remembering: {"its state is in the checkpoint": 'self.register_buffer("mean", torch.tensor(0.0))'},
    Shifted: {},
    Blended: {"samples do not mix": "or set mixes_samples = True"},
    Rounded: {"a gradient passes through it twice": "do not round"},
    Painting: {
        "it does not change its input": "Write x = x + shift, not x += shift",
        "the same seed gives the same samples": "change no state in forward()",
        "a gradient passes through it twice": "Detach nothing",
    },
    Learned: {"it has nothing to train": "Make them buffers"},
    Fading: {"its state is in the checkpoint": 'self.register_buffer("moved", torch.tensor(0.0))'},
    Counted: {"it is a function of the step": "Compute the factor from t and steps alone"},
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_checks_for_a_defect_fail_with_a_remedy(defect: Any) -> None:
    kind = next(kind for kind, base in KINDS if issubclass(defect, base))
    found = broken(kind, defect)
    assert found.keys() == DEFECTS[defect].keys(), found
    for name, words in DEFECTS[defect].items():
        assert words in found[name], found[name]

"""What a component must be: shapes, ranges and the few names the rest of ganzoo relies on.

N is the batch, C channels, H and W height and width, T tokens, F features.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError

if TYPE_CHECKING:
    from ganzoo.data.sources import Source

Batch = dict[str, Tensor]
"""One batch: "x" (N, *spec.shape); "y" (N,) int64 labels when spec.classes.

Pairs have "a" and "b" in the place of "x", both (N, *spec.shape): what is translated, and what it should become.
"""
Terms = Mapping[str, Tensor]
"""Named scalar losses. A player minimises their sum."""
Move = Mapping[str, Terms]
"""Player -> terms. Players named in one move step simultaneously."""
Critic = Callable[[Tensor], Tensor]
"""A discriminator as a function of x alone: labels, if any, are bound already. (N, *shape) -> (N,) logits."""
Features = Callable[[Tensor], Tensor]
"""A discriminator's features as a function of x alone, likewise. (N, *shape) -> (N, width)."""


class Panel(NamedTuple):
    """A picture of samples (N, *shape), row by row: images in `columns` columns, points and values as a plot."""

    samples: Tensor
    columns: int = 8


@dataclass(frozen=True)
class Spec:
    """What networks must fit; it comes from the dataset.

    shape: one sample without the batch axis: (C, H, W) images in [-1, 1], (T,) token ids, or (F,) floats.
    classes: > 0 when batches carry labels "y". vocab: > 0 when samples are token ids below it.
    """

    shape: tuple[int, ...]
    classes: int = 0
    vocab: int = 0

    @property
    def size(self) -> int:
        """Numbers in one sample: C*H*W for an image."""
        return math.prod(self.shape)

    @property
    def is_image(self) -> bool:
        return len(self.shape) == 3


class Generator(nn.Module, ABC):
    """Maps noise, or another sample, to a sample."""

    z_dim: int = 0
    """Width of the noise; 0 for a generator that translates its input and has no prior."""
    source_shape: tuple[int, ...] | None = None
    """Of one input of a translator, where that is not the shape of a sample: fewer pixels, or fewer channels.

    The constructor of such a generator has a parameter `source: Spec | None`: what inputs there are, None for its own
    choice. Translator.make() fills it in.
    """
    conditional: bool = False
    """True when forward() needs labels y."""

    @abstractmethod
    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        """(N, z_dim) or (N, *source_shape), labels (N,) -> (N, *shape), images in [-1, 1], token ids int64."""

    def prior(self, n: int) -> Tensor:
        """() -> (n, z_dim), standard normal unless overridden, on the device of the weights."""
        return torch.randn(n, self.z_dim, device=next(self.parameters()).device)


class Encoder(nn.Module, ABC):
    """Maps a sample to a code, the way back from a generator."""

    z_dim: int
    """Width of the code; a procedure wants it as wide as the generator's noise."""
    conditional: bool = False
    """True when forward() needs labels y."""
    probabilistic: bool = False
    """True when posterior() tells how sure the encoder is, which procedures want that draw codes from it."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(N, *shape), labels (N,) -> (N, z_dim): the code, or the mean of its distribution."""

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of a normal distribution over codes, (N, z_dim) each."""
        raise NotImplementedError(f"{type(self).__name__} tells a code, not a distribution over codes")


class Discriminator(nn.Module, ABC):
    """Judges samples: large logits for real ones. A critic is a discriminator whose logits are read as values."""

    conditional: bool = False
    """True when forward() needs labels y."""

    @abstractmethod
    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(N, *shape), labels (N,) -> (N, width): what the last layer sees."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(N, *shape), labels (N,) -> raw logits (N,), or a patch map (N, 1, h, w). Never a sigmoid."""


class Loss(ABC):
    """Turns logits into what each player minimises."""

    uses_real: bool = False
    """True when generator() reads the logits of real samples, as relativistic losses do."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N,), (N,) -> scalar."""

    @abstractmethod
    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Logits (N,), (N,) -> scalar; `real` is None unless `uses_real`."""

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        """Logits (N,), (N,) of the discriminator's move -> named numbers that are logged and that nobody minimises."""
        return {}


class Regularizer:
    """Something done to the players: terms added to their moves, weights changed after them, or networks changed once.

    One that keeps state (a running mean, a fixed batch) is an nn.Module as well: its buffers are then saved and
    restored with the networks. State that it puts into the networks themselves is theirs.
    """

    every: int = 1
    """Lazy regularization: terms are computed every so many steps, and scaled by as much to make up for it."""
    per_sample: bool = False
    """True when a term penalises the gradient at each sample, which a BatchNorm discriminator does not have."""

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        """Called once, when the procedure is built; may change the networks: parametrizations, hooks, other layers."""

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """Critic, real and fake samples (N, *shape) -> named penalties of the discriminator, computed in float32."""
        return {}

    def generator_terms(self, features: Features, real: Tensor, fake: Tensor) -> Terms:
        """The discriminator's features, real and fake samples (N, *shape) -> named terms of the generator's move."""
        return {}

    def project(self, critic: nn.Module) -> None:
        """Called after each of the discriminator's moves; may change its weights in place."""

    def check(self, critic: nn.Module) -> None:
        """Check that this regularizer makes sense for a discriminator, with all regularizers attached.

        A layer of your own that mixes the samples of a batch says so by an attribute `mixes_samples = True`.

        Raises:
            IncompatibleError: It does not; the message names the remedy.
        """
        if not self.per_sample:
            return
        for name, module in critic.named_modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) or getattr(module, "mixes_samples", False):
                raise IncompatibleError(
                    f"regularizer {type(self).__name__} penalises the gradient of each sample, but the discriminator "
                    f"mixes samples by {type(module).__name__} ({name}). Use a discriminator without it (where there "
                    'is the choice, norm = "none" leaves batch norm out), or another regularizer.'
                )


class Transform(ABC):
    """Makes what a translator is given out of what it should give: pairs from any dataset of images."""

    def spec(self, spec: Spec) -> Spec:
        """Of samples -> of what is made of them. Errors: IncompatibleError when these samples cannot be transformed."""
        return spec

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, *shape of spec()), both in [-1, 1] and on one device; draws from PyTorch's generator."""


class Schedule(ABC):
    """How a learning rate changes: a pure function of the step, so that a resumed run needs nothing else."""

    @abstractmethod
    def __call__(self, t: int, steps: int) -> float:
        """Step t of `steps` (0-based) -> factor on the optimizer's own learning rate."""


class Dataset(torch.utils.data.Dataset[Batch], ABC):
    """Samples, one at a time, and all at once when they fit in memory.

    Building one is cheap and needs no files: `spec` and `class_names` follow from the settings where they can.
    Reading (len, [i], tensors) raises DataError with what to type when files are missing.
    """

    spec: Spec
    class_names: Sequence[str] = ()
    words: Sequence[str] = ()
    """What each token id stands for, where samples are token ids and have a text; "" for one that only fills up."""
    in_memory: bool = False
    """True when tensors() holds everything, however much that is. len() makes none of it then."""
    measured: int = 0
    """How many generated samples measure() is given with every grid; 0 for a dataset that measures nothing."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, i: int) -> Batch:
        """One example without the batch axis: "x" uint8 (C, H, W) for images, int64 (T,) for tokens, "y" int64 ()."""

    def tensors(self) -> Batch | None:
        """The whole set as {"x": (len, *shape) uint8 for images, "y": (len,) int64}, or None to be streamed."""
        return None

    def held_out(self) -> Dataset | None:
        """What of the same data is kept for testing, which this one does not hold; None where there is no such part."""
        return None

    def sources(self) -> Sequence[Source]:
        """The files this dataset needs from elsewhere, for `ganzoo data get` and `ganzoo data check`."""
        return ()

    def all_labels(self) -> Tensor | None:
        """All labels, int64 (len,), where they can be told without reading every example; `run.balance` needs them."""
        whole = self.tensors()
        return whole.get("y") if whole is not None else None

    def measure(self, samples: Tensor) -> Mapping[str, float]:
        """How good generated samples (measured, *shape) are, where the data knows: name -> number, logged as data/name.

        For data that is drawn from a distribution that can be computed, such as an oracle's.
        """
        return {}

    def remarks(self) -> Sequence[str]:
        """What somebody should know about the data as found, a sentence each; only what costs no reading."""
        return ()

    def fingerprint(self) -> str:
        """SHA-256 of the spec, the length and the content: all of it in memory, else up to 64 examples, evenly spaced.

        A run that goes on compares it. A dataset that is streamed adds what tells all of its files apart cheaply.
        """
        digest = hashlib.sha256(repr((self.spec, len(self))).encode())
        whole = self.tensors()
        examples: Iterator[Batch] = iter([whole]) if whole is not None else self._spaced(64)
        for example in examples:
            for key, value in sorted(example.items()):
                digest.update(repr((key, value.dtype, tuple(value.shape))).encode())
                digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _spaced(self, n: int) -> Iterator[Batch]:
        return (self[i] for i in range(0, len(self), max(1, -(-len(self) // n))))

"""Base classes of components: their methods, and the shapes and ranges of arguments and results.

In shapes, N is the batch size, C channels, H height, W width, T tokens and F features.
"""

from __future__ import annotations

import functools
import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.errors import DataError, IncompatibleError

if TYPE_CHECKING:
    from ganzoo.data.sources import Source

MOST_CLASSES = 2**20

Number = TypeVar("Number")
Schedulable = Annotated[Number, "schedulable"]
"""The type of a setting that may change in training: `weight: Schedulable[float]`.

A recipe may then have {use = "cosine", from = 1.0, to = 0.1} in place of a number. The component keeps the setting in
an attribute of its name, and reads it each time that it is needed.
"""
Batch = dict[str, Tensor]
"""A batch: samples "x" (N, *spec.shape), and labels "y" int64 (N,) when spec.classes > 0.

Datasets of pairs have "a" and "b" in place of "x": inputs of a translator (N, *spec.source.shape), and their targets
(N, *spec.shape). Batches of two sets (Dataset.sides()) have inputs "a" and samples "b" that do not belong together.
"""
Terms = Mapping[str, Tensor]
"""Named scalar loss terms. A player minimises their sum."""
Move = Mapping[str, Terms]
"""Loss terms by player. All players in one move are updated simultaneously."""
Critic = Callable[[Tensor], Tensor]
"""A discriminator as a function of samples alone, with labels bound: (N, *shape) -> logits (N,)."""
Features = Callable[[Tensor], Tensor]
"""The features of a discriminator as a function of samples alone, with labels bound: (N, *shape) -> (N, width)."""
LayerFeatures = Callable[[Tensor], Sequence[Tensor]]
"""The features of each layer of a discriminator as a function of samples alone: (N, *shape) -> several of (N, ...)."""
Replacement = Callable[[int, Callable[[int], Tensor]], Tensor]
"""Called in place of a prior: n and the prior -> codes (n, z_dim)."""
_replacement: ContextVar[Replacement | None] = ContextVar("replacement", default=None)  # of this thread
_bound: ContextVar[_Bound | None] = ContextVar("bound", default=None)  # of this thread


class Panel(NamedTuple):
    """A picture of samples.

    Attributes:
        samples: Samples (N, *shape): images are shown in a grid, row by row; points and values in a plot.
        columns: Columns of the grid.
    """

    samples: Tensor
    columns: int = 8


@dataclass(frozen=True)
class Spec:
    """Format of the data, which networks are built to fit.

    Attributes:
        shape: Shape of one sample: (C, H, W) images in [-1, 1], (T,) token ids, or (F,) floats.
        classes: Number of classes when batches have labels "y", otherwise 0; 1,048,576 at most.
        vocab: Number of token ids when samples are token ids, otherwise 0.
        source_shape: Shape of the inputs "a" of a translator, when the data has them and it is not `shape`.

    Raises:
        DataError: There are more classes: they are no classes, but labels that have gaps.
    """

    shape: tuple[int, ...]
    classes: int = 0
    vocab: int = 0
    source_shape: tuple[int, ...] | None = field(default=None, repr=False)  # fingerprints contain the repr

    def __post_init__(self) -> None:
        if self.source_shape == self.shape:
            object.__setattr__(self, "source_shape", None)  # of two specs that mean the same, one form
        if self.classes > MOST_CLASSES:
            raise DataError(
                f"{self.classes:,} classes are more than any dataset has: the labels have gaps, or are no classes. "
                "Number them from 0, e.g. numpy.unique(labels, return_inverse=True)[1]."
            )

    @property
    def size(self) -> int:
        """Number of values in one sample: C*H*W for an image."""
        return math.prod(self.shape)

    @property
    def is_image(self) -> bool:
        """True when samples are images."""
        return len(self.shape) == 3

    def description(self) -> dict[str, Any]:
        """Return the attributes for JSON; source_shape is left out where there is none."""
        source = {"source_shape": list(self.source_shape)} if self.source_shape else {}
        return {"shape": list(self.shape), "classes": self.classes, "vocab": self.vocab, **source}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Spec:
        """Return the spec that description() has described.

        Args:
            description: The attributes, as JSON.

        Returns:
            The spec.

        Raises:
            KeyError: An attribute is missing.
            TypeError: An attribute is of another type.
        """
        source_shape = description.get("source_shape")
        return cls(
            tuple(description["shape"]),
            description["classes"],
            description["vocab"],
            tuple(source_shape) if source_shape else None,
        )

    @property
    def source(self) -> Spec:
        """Spec of the inputs "a", which have no labels of their own."""
        return Spec(self.source_shape) if self.source_shape else self


def _replaceable(prior: Callable[[Any, int], Tensor]) -> Callable[[Any, int], Tensor]:
    """Wrap a prior: inside replaced_priors(), the replacement is called in its place."""

    @functools.wraps(prior)
    def call(generator: Generator, n: int) -> Tensor:
        replace = _replacement.get()
        if replace is None:
            return prior(generator, n)
        token = _replacement.set(None)  # a prior may call that of its base class
        try:
            return replace(n, lambda n: prior(generator, n))
        finally:
            _replacement.reset(token)

    call.__dict__["replaceable"] = True
    return call


@contextmanager
def replaced_priors(replace: Replacement) -> Iterator[None]:
    """Within the block and this thread, call `replace(n, prior)` in place of the prior of every generator.

    Args:
        replace: Is given the number of codes and the prior, and returns codes (n, z_dim).
    """
    token = _replacement.set(replace)
    try:
        yield
    finally:
        _replacement.reset(token)


@dataclass
class _Bound:
    """The largest absolute value of numbers of a normal prior, and whether any prior has been sampled."""

    value: float
    is_used: bool = False


@contextmanager
def truncated_prior(truncation: float) -> Iterator[None]:
    """Within the block and this thread, truncate the normal prior of every generator.

    Numbers of a code lie in [-truncation, truncation], with the distribution of normal numbers that are drawn again
    until they do: the truncation trick of Brock et al. 2019 (arXiv:1809.11096). Each is a monotone function of the
    number that would be drawn without, so that the same seed gives similar samples for any truncation.

    Args:
        truncation: Largest absolute value, above 0.

    Raises:
        IncompatibleError: No normal prior was sampled inside the block.
    """
    if _bound.get() is not None:  # another generator of the same procedure
        yield
        return
    bound = _Bound(truncation)
    token = _bound.set(bound)
    try:
        yield
    finally:
        _bound.reset(token)
    if not bound.is_used:
        raise IncompatibleError("this GAN samples without its generator's prior: leave out the truncation.")


def _truncate(z: Tensor, bound: float) -> Tensor:
    """Map standard normal numbers to truncated ones of the same quantiles."""
    quantiles = torch.special.ndtr(z.cpu().double())
    low = torch.special.ndtr(torch.tensor(-bound, dtype=torch.float64))
    truncated: Tensor = torch.special.ndtri(low + quantiles * (1 - 2 * low)).clamp(-bound, bound)
    return truncated.to(z)


class Generator(nn.Module, ABC):
    """Maps a latent code, or another sample, to a sample."""

    z_dim: int = 0
    """Size of the latent code; 0 for a generator that translates its input and has no prior."""
    source_shape: tuple[int, ...] | None = None
    """Shape of an input to translate, when it differs from the shape of a sample: fewer pixels, or fewer channels.

    The constructor of such a generator takes `source: Spec | None`, the spec of the inputs, which Translator.make()
    passes; None means the generator's own default.
    """
    multiple: int = 0
    """Sides of an input may be any multiple of this, as for a network of convolutions; 0 for one size only."""
    conditional: bool = False
    """True when forward() needs labels y."""

    @abstractmethod
    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        """Map codes, or inputs to translate, to samples.

        Args:
            source: Codes (N, z_dim), or inputs (N, *source_shape).
            y: Labels (N,) when conditional.

        Returns:
            Samples (N, *shape): images in [-1, 1], token ids int64.
        """

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if not hasattr(cls.prior, "replaceable"):
            cls.prior = _replaceable(cls.prior)  # type: ignore[method-assign]

    @_replaceable
    def prior(self, n: int) -> Tensor:
        """Sample n codes from the prior, which is standard normal unless overridden.

        Args:
            n: Number of codes.

        Returns:
            Codes (n, z_dim) on the device of the weights.
        """
        z = torch.randn(n, self.z_dim, device=next(self.parameters()).device)
        if bound := _bound.get():
            bound.is_used = True
            z = _truncate(z, bound.value)
        return z

    def truncated(self, truncation: float) -> AbstractContextManager[None]:
        """Return a context in which samples are nearer to the mean: better ones, and less different from each other.

        The normal prior of this class is truncated. A generator that truncates something else, such as StyleGAN's w,
        which is moved towards its mean, overrides this. So does one with a prior of its own that adds to this one: it
        returns `ganzoo.truncated_prior(truncation)`.

        Args:
            truncation: How far samples may be from the mean, above 0: the largest absolute value of a normal code, or
                the share of w's distance from its mean.

        Returns:
            The context; it applies to this thread.

        Raises:
            IncompatibleError: This generator cannot be truncated.
        """
        if not self.z_dim or type(self).prior is not Generator.prior:
            reason = "has a prior that is not normal" if self.z_dim else "translates its input and has no prior"
            raise IncompatibleError(f"generator {type(self).__name__} {reason}: leave out the truncation.")
        return truncated_prior(truncation)


class Encoder(nn.Module, ABC):
    """Maps a sample to a latent code: the inverse direction of a generator."""

    z_dim: int
    """Size of the code; procedures require that of the generator's code."""
    conditional: bool = False
    """True when forward() needs labels y."""
    probabilistic: bool = False
    """True when posterior() is implemented, which procedures require that sample codes from the encoder."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Map samples to codes.

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Codes (N, z_dim), or the means of their distributions.
        """

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map samples to normal distributions over codes.

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Means and log-variances, (N, z_dim) each.

        Raises:
            NotImplementedError: The encoder is not probabilistic.
        """
        raise NotImplementedError(f"{type(self).__name__} returns a code, not a distribution over codes")


class Discriminator(nn.Module, ABC):
    """Maps samples to logits, which are large for real samples. A critic's logits are used as values.

    A subclass implements features() and logits(), from the features to the logit; one whose judgement has no such form,
    such as a map of patch logits, implements forward() in place of logits(). One that judges at several scales, or by
    several heads, returns a map for each: `ganzoo.stack_logits()` makes one tensor of them.
    """

    conditional: bool = False
    """True when features() or logits() needs labels y."""

    @abstractmethod
    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the input of the last layer.

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Features (N, width).
        """

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        """Map features to logits, without a sigmoid: the last layer.

        Args:
            features: Features (N, width), as features() returns them.
            y: Labels (N,) when conditional.

        Returns:
            Logits (N,).

        Raises:
            NotImplementedError: The discriminator implements forward() instead.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method logits(features, y), or forward(x, y)")

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Map samples to logits, without a sigmoid.

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Logits (N,), or maps of patch logits (N, K, h, w) of K judges, often one.
        """
        return self.logits(self.features(x, y), y)  # (N, *shape) -> (N, width) -> (N,)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> Sequence[Tensor]:
        """Return the features of each layer, by which samples are compared layer by layer.

        Those of the last layer alone, unless overridden.

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Features (N, ...) of any shapes, the first layer's first, without the logits.
        """
        return [self.features(x, y)]

    def features_and_logits(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return features and logits of samples, in one pass unless the class implements forward().

        Args:
            x: Samples (N, *shape).
            y: Labels (N,) when conditional.

        Returns:
            Features (N, width), and logits as forward() returns them.
        """
        features = self.features(x, y)  # (N, *shape) -> (N, width)
        if type(self).forward is Discriminator.forward:
            return features, self.logits(features, y)
        return features, self(x, y)


class Loss(ABC):
    """Computes the adversarial loss of each player from logits."""

    uses_real: bool = False
    """True when generator() needs the logits of real samples, as relativistic losses do."""
    pairs: bool = False
    """True when the i-th real logit is compared with the i-th generated one: augmentations then change both alike."""
    threshold: float | None = 0.0
    """Logit between those of real and of generated samples; None where logits have no such value, as in a critic."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss.

        Args:
            real: Logits (N,) of real samples.
            fake: Logits (N,) of generated samples.

        Returns:
            A scalar.
        """

    @abstractmethod
    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Return the generator's loss.

        Args:
            real: Logits (N,) of real samples; None unless `uses_real`.
            fake: Logits (N,) of generated samples.

        Returns:
            A scalar.
        """

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        """Return numbers to log that no player minimises.

        Args:
            real: Logits (N,) of real samples in the discriminator's move.
            fake: Logits (N,) of generated samples in the discriminator's move.

        Returns:
            Scalars by name.
        """
        return {}


class Transform(ABC):
    """Computes inputs for a translator from its targets, so that any dataset of images gives pairs."""

    def spec(self, spec: Spec) -> Spec:
        """Return the spec of transformed samples.

        Args:
            spec: Spec of the samples.

        Returns:
            Spec of the results.

        Raises:
            IncompatibleError: Such samples cannot be transformed.
        """
        return spec

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Transform images. Random transforms use PyTorch's global generator.

        Args:
            x: Images (N, C, H, W) in [-1, 1].

        Returns:
            Inputs (N, *shape of spec()) in [-1, 1], on the same device.
        """


class Schedule(ABC):
    """Learning-rate schedule. It is a function of the step alone, so it has no state to save."""

    @abstractmethod
    def __call__(self, t: int, steps: int) -> float:
        """Return the factor by which the optimizer's learning rate is multiplied.

        Args:
            t: The step, from 0.
            steps: Length of the training in steps.

        Returns:
            The factor.
        """


class Dataset(torch.utils.data.Dataset[Batch], ABC):
    """Samples, read one at a time, or all at once when they fit in memory.

    The constructor is cheap and needs no files; `spec` and `class_names` follow from the settings if possible. Reading
    (len, [i], tensors) raises a DataError that says what to type when files are missing.
    """

    spec: Spec
    class_names: Sequence[str] = ()
    words: Sequence[str] = ()
    """Text of each token id, when samples are token ids that have a text; "" for padding."""
    in_memory: bool = False
    """True when tensors() returns the whole dataset, whatever its size. len() must not create it."""
    measured: int = 0
    """Number of generated samples that measure() gets with every grid; 0 when measure() is not implemented."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of examples."""

    @abstractmethod
    def __getitem__(self, i: int) -> Batch:
        """Return one example.

        Args:
            i: Index of the example.

        Returns:
            The sample "x": uint8 (C, H, W) for images, or float32 in [-1, 1]; int64 (T,) for token ids, float32 (F,)
            otherwise; and its label "y", int64 (), if there are labels.
        """

    def example_name(self, i: int) -> str:
        """Return the name of an example, such as its file below the folder; by default its number, from 0.

        Args:
            i: Index of the example.

        Returns:
            The name.
        """
        return str(i)

    def tensors(self) -> Batch | None:
        """Return the whole dataset, or None when examples are read one at a time.

        Returns:
            Samples "x" (len, *shape), and labels "y" int64 (len,) if there are labels; typed as an example; or None.
        """
        return None

    def sides(self) -> Mapping[str, Dataset]:
        """Return the datasets of "a" and "b" if these are two sets, from which batches are drawn independently.

        Returns:
            Datasets of samples "x" by the key that their samples get; none for one set.
        """
        return {}

    def held_out(self) -> Dataset | None:
        """Return the test split of the same data, or None when there is none."""
        return None

    def sources(self) -> Sequence[Source]:
        """Return the files to download, for `ganzoo data get` and `ganzoo data check`."""
        return ()

    def all_labels(self) -> Tensor | None:
        """Return all labels, which `run.balance` needs.

        Returns:
            Labels int64 (len,), or None when there are none, or when all examples would have to be read.
        """
        everything = self.tensors()
        return everything.get("y") if everything is not None else None

    def measure(self, samples: Tensor) -> Mapping[str, float]:
        """Compare generated samples with the distribution of the data, if that is known, such as an oracle's.

        Args:
            samples: Generated samples (measured, *shape).

        Returns:
            Numbers by name, logged as data/NAME.
        """
        return {}

    def original_sizes(self) -> Sequence[tuple[int, int]]:
        """Return (height, width) of the picture files that were read so far, before they were brought to the spec's.

        Returns:
            Sizes in pixels; none for data that are no picture files.
        """
        return ()

    def whole_picture(self, i: int) -> Tensor:
        """Return an image in its own size, as it was before it was brought to that of the spec.

        Args:
            i: Index of the example.

        Returns:
            The image (C, height, width), of the type of an example.

        Raises:
            DataError: It cannot be read.
            NotImplementedError: The dataset has no other size.
        """
        raise NotImplementedError(f"dataset {type(self).__name__} has images of one size only")

    def remarks(self) -> Sequence[str]:
        """Return remarks on the data for the user, one sentence each, without reading the examples."""
        return ()

    def fingerprint(self) -> str:
        """Return a digest of the data, which is compared when a run is resumed.

        A dataset that is read one example at a time should add cheap properties of all its files, such as their sizes.

        Returns:
            SHA-256 of the spec, the length, and the content: all of tensors(), or up to 64 examples, evenly spaced.
        """
        digest = hashlib.sha256(repr((self.spec, len(self))).encode())
        if self.spec.source_shape:
            digest.update(repr(self.spec.source_shape).encode())
        everything = self.tensors()
        examples: Iterator[Batch] = iter([everything]) if everything is not None else self._spaced(64)
        for example in examples:
            for key, value in sorted(example.items()):
                digest.update(repr((key, value.dtype, tuple(value.shape))).encode())
                digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _spaced(self, n: int) -> Iterator[Batch]:
        return (self[i] for i in range(0, len(self), max(1, -(-len(self) // n))))

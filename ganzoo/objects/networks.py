"""Generators and discriminators from any `nn.Module`, or from a class or function that builds one."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Discriminator, Generator, Spec
from ganzoo.objects.factory import Factory, copied, disguised, required, signature_of
from ganzoo.utils.modes import eval_mode

Kind = Literal["generator", "discriminator"]
BASES: dict[Kind, type[nn.Module]] = {"generator": Generator, "discriminator": Discriminator}
DENSE = (nn.Linear,)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class GivenGenerator(Generator):
    """A generator around a network that was given in Python.

    Args:
        network: Maps codes (N, z_dim), or (N, z_dim, 1, 1) where it begins with a convolution, to samples; with labels
            as a second input when it is conditional. A translator's maps inputs to samples.
        spec: Spec of the samples.
        source: Spec of the inputs of a translator; None for a generator of noise.

    Raises:
        IncompatibleError: The size of the noise is unknown, or the network cannot be called.
    """

    def __init__(self, network: nn.Module, spec: Spec, source: Spec | None = None):
        super().__init__()
        self.network = network
        self.conditional = takes_labels(network)
        self.multiple = int(getattr(network, "multiple", 0))
        self.source_shape = source.shape if source and source.shape != spec.shape else None
        self.z_dim = 0 if source else noise_size(network)
        self.planes = False
        if spec.is_image and isinstance(last_layer(network), nn.Sigmoid):
            raise IncompatibleError(
                "the generator given in Python ends in nn.Sigmoid, whose values lie in [0, 1], and images lie in "
                "[-1, 1]. End it in nn.Tanh."
            )
        self._check(spec, source)

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        given = source[:, :, None, None] if self.planes else source
        x: Tensor = self.network(given, y) if self.conditional else self.network(given)
        return x

    def _check(self, spec: Spec, source: Spec | None) -> None:
        """Try the network on zeros, flat ones first, then of one pixel each: (2, z_dim), (2, z_dim, 1, 1)."""
        zeros = torch.zeros(2, *(source.shape if source else (self.z_dim,)))
        error = trial(self, zeros, self.conditional)
        if error and not source and isinstance(first_layer(self.network), (*TRANSPOSED, *CONVOLUTIONS)):
            self.planes = True
            error = trial(self, zeros, self.conditional)
        if error:
            raise IncompatibleError(
                f"the generator given in Python cannot be called with noise of shape {tuple(zeros.shape)}: {error}. "
                "If it takes noise of another size, set z_dim on it, such as generator.z_dim = 64."
            )


class GivenDiscriminator(Discriminator):
    """A discriminator around a network that was given in Python.

    Args:
        network: Maps samples (N, *shape) to logits (N,), (N, 1) or (N, 1, 1, 1), or to maps (N, K, h, w); with labels
            as a second input when it is conditional.
        spec: Spec of the samples.

    Raises:
        IncompatibleError: The network ends in a sigmoid, cannot be called, or returns anything else.
    """

    def __init__(self, network: nn.Module, spec: Spec):
        super().__init__()
        self.network = network
        self.conditional = takes_labels(network)
        if isinstance(last_layer(network), (nn.Sigmoid, nn.LogSigmoid)):
            raise IncompatibleError(
                "the discriminator given in Python ends in nn.Sigmoid, and losses take logits. Leave that layer out."
            )
        dtype = torch.int64 if spec.vocab else torch.float32
        if error := trial(self, torch.zeros(2, *spec.shape, dtype=dtype), self.conditional):
            raise IncompatibleError(
                f"the discriminator given in Python cannot judge samples of shape {spec.shape}: {error}"
            )

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        raise IncompatibleError(
            "something in this recipe uses the features of the discriminator, and the one given in Python has none. "
            "Derive it from ganzoo.Discriminator, with features() and logits()."
        )

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        logits: Tensor = self.network(x, y) if self.conditional else self.network(x)
        if logits.numel() == len(x):
            return logits.flatten()  # (N, 1) or (N, 1, 1, 1) -> (N,)
        if logits.dim() != 4:
            raise IncompatibleError(
                f"the discriminator given in Python returns {tuple(logits.shape)} for {len(x)} samples: return one "
                "logit for each, (N,) or (N, 1), or maps of logits (N, K, h, w)."
            )
        return logits


def target(kind: Kind, given: Any) -> Factory:
    """Return what builds a network from an object that was given in Python.

    Args:
        kind: "generator" or "discriminator".
        given: An `nn.Module`, of which each network is a copy with its weights; or a class or function that builds
            one, which is called with the spec if its first parameter has no default, or is named `spec`.

    Returns:
        A class or function that takes the spec, and the settings of `given`.

    Raises:
        IncompatibleError: It is none of these.
    """
    base = BASES[kind]
    if inspect.isclass(given) and issubclass(given, base):
        return given
    if isinstance(given, nn.Module):

        def build(spec: Spec, **parts: Any) -> nn.Module:
            network = copied(given, kind).to(torch.get_default_device())
            return wrapped(kind, network, spec, **parts)

        return disguised(build, type(given), [*inspect.signature(_supplied).parameters.values()])
    if not callable(given):
        raise IncompatibleError(
            f"{kind} is a {type(given).__name__}: give an nn.Module, a class or function that builds one, or the name "
            f"of a component; see `ganzoo list {kind}`."
        )
    return _called_with_spec(kind, given)


def _supplied(spec: Spec, source: Spec | None = None) -> None:
    """Have the parameters that the builder of a network supplies."""


def _called_with_spec(kind: Kind, factory: Factory) -> Factory:
    """Return a factory that hands the spec on where the given one takes it."""
    signature = signature_of(factory)
    named = "spec" in signature.parameters
    first = next(iter(required(factory)), "")
    handed = "spec" if named else first

    def build(spec: Spec, source: Spec | None = None, **settings: Any) -> nn.Module:
        if source and "source" in signature.parameters:
            settings["source"] = source
        network = factory(**{handed: spec}, **settings) if handed else factory(**settings)
        return wrapped(kind, network, spec, **({"source": source} if source else {}))

    others = [p for name, p in signature.parameters.items() if name not in (handed, "spec", "source")]
    supplied = inspect.signature(_supplied).parameters.values()
    return disguised(build, factory, sorted([*supplied, *others], key=lambda p: (p.kind, p.default is not p.empty)))


def wrapped(kind: Kind, network: Any, spec: Spec, **parts: Any) -> nn.Module:
    """Return a network as a component: as it is if it derives from the base class, otherwise inside one.

    Args:
        kind: "generator" or "discriminator".
        network: The network.
        spec: Spec of the samples.
        **parts: "source", the spec of a translator's inputs.

    Returns:
        The component.

    Raises:
        IncompatibleError: It is no network, or does not fit the data.
    """
    if isinstance(network, BASES[kind]):
        return network
    if not isinstance(network, nn.Module):
        raise IncompatibleError(
            f"what builds the {kind} returns a {type(network).__name__}: let it return an nn.Module."
        )
    return GivenGenerator(network, spec, **parts) if kind == "generator" else GivenDiscriminator(network, spec)


def takes_labels(network: nn.Module) -> bool:
    """Return True for a network whose attribute `conditional` says so, or whose forward() needs a second input."""
    told = getattr(network, "conditional", None)
    return bool(told) if told is not None else len(required(network.forward)) > 1


def noise_size(network: nn.Module) -> int:
    """Return the size of the noise of a generator: its attribute `z_dim`, or the inputs of its first layer.

    Args:
        network: The generator.

    Returns:
        The size.

    Raises:
        IncompatibleError: It has no such attribute, and no layer that tells.
    """
    told = getattr(network, "z_dim", None)
    if isinstance(told, int) and told > 0:
        return told
    layer = first_layer(network)
    size = getattr(layer, "in_features", 0) or (layer.in_channels if isinstance(layer, TRANSPOSED) else 0)
    if size:  # 0 for a layer that finds its size when it is called
        return int(size)
    raise IncompatibleError(
        "the size of the noise of the generator given in Python is unknown: set z_dim on it, such as "
        "generator.z_dim = 64."
    )


def first_layer(network: nn.Module) -> nn.Module | None:
    """Return the first dense layer or convolution."""
    return next((m for m in network.modules() if isinstance(m, (*DENSE, *TRANSPOSED, *CONVOLUTIONS))), None)


def last_layer(network: nn.Module) -> nn.Module:
    """Return the last layer, in the order in which layers were added."""
    return [*network.modules()][-1]


def trial(network: nn.Module, zeros: Tensor, conditional: bool) -> str:
    """Call a network once in evaluation mode, without gradients, and return the error that it raises; "" for none."""
    if zeros.is_meta:  # calling it would import PyTorch's compiler, which takes seconds
        return "a layer has no size yet" if any(map(is_lazy, network.parameters())) else ""
    y = torch.zeros(len(zeros), dtype=torch.long) if conditional else None
    try:
        with eval_mode(network), torch.random.fork_rng(devices=[]):
            network(zeros, y)
    except IncompatibleError:
        raise
    except Exception as error:  # a network may raise anything
        return " ".join(str(error).split())
    return ""

"""Regularizers: their base class, what they are handed in a move, and several of them attached to a discriminator."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor, nn

from ganzoo.augmentation import AugmentedDiscriminator
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Critic, Discriminator, Features, LayerFeatures, Spec, Terms
from ganzoo.registry.versions import deprecated
from ganzoo.utils import distributed


class Form(NamedTuple):
    """The forms of a method of regularizers.

    Attributes:
        arguments: Number of arguments in the earlier form.
        earlier: The form of ganzoo 0.1.
        present: The form of today.
    """

    arguments: int
    earlier: str
    present: str


FORMS = {
    "attach": Form(2, "attach(discriminator, generator)", "attach(discriminator, generator, spec)"),
    "terms": Form(3, "terms(critic, real, fake)", "terms(comparison)"),
    "generator_terms": Form(3, "generator_terms(features, real, fake)", "generator_terms(comparison)"),
}


@dataclass(frozen=True)
class Comparison:
    """Real samples beside generated ones in the move of a player, as one discriminator sees them.

    N real samples are beside as many generated ones, but in the generator's move of a procedure that generates more.

    Attributes:
        real: Real samples (N, *shape).
        fake: Generated samples (N, *shape), without a graph in the discriminator's move.
        critic: The discriminator as a function of samples alone: (N, *shape) -> logits (N,), or maps (N, K, h, w).
            Labels are those of `real`. Whatever else the discriminator is given, such as the inputs of a translator,
            is held fixed, and `real` and `fake` do not contain it.
        features: The discriminator's features as a function of samples alone, (N, *shape) -> (N, width): of `real`
            under the labels of `real`, of any other samples under those of `fake`.
        layer_features: The features of each of its layers, likewise: (N, *shape) -> several of (N, ...). `features`
            alone, where nothing else was given.
        discriminator: The discriminator, as it was built, with augmentations and labels as arguments.
        generator: The generator of `fake`.
        real_logits: Logits (N,) of `real` that this move has computed, or a map; None where it has not.
        fake_logits: Logits (N,) of `fake` that this move has computed, or a map; None where it has not.
        real_labels: Labels int64 (N,) of `real`; None where the discriminator takes none.
        fake_labels: Labels int64 (N,) that `fake` was generated for; None where the generator takes none.
        source: What `fake` was generated from: codes (N, z_dim), or the inputs of a translator; None where unknown.
        step: The step, from 0.
        over_processes: Returns the mean of a tensor over all processes, for state that must be equal on all of them.
        processes: Number of processes, each with a comparison of its own samples.
    """

    real: Tensor
    fake: Tensor
    critic: Critic
    features: Features
    discriminator: nn.Module
    generator: nn.Module
    real_logits: Tensor | None = None
    fake_logits: Tensor | None = None
    real_labels: Tensor | None = None
    fake_labels: Tensor | None = None
    source: Tensor | None = None
    step: int = 0
    over_processes: Callable[[Tensor], Tensor] = distributed.reduce_mean
    processes: int = field(default_factory=distributed.world_size)
    layer_features: LayerFeatures = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.layer_features is None:
            object.__setattr__(self, "layer_features", lambda x: [self.features(x)])

    @classmethod
    def of(
        cls,
        discriminator: nn.Module,
        generator: nn.Module,
        real: Tensor,
        fake: Tensor,
        *,
        judge: Critic | None = None,
        features: Features | None = None,
        layer_features: LayerFeatures | None = None,
        real_labels: Tensor | None = None,
        fake_labels: Tensor | None = None,
        **more: Any,
    ) -> Comparison:
        """Return a comparison by a discriminator that is called as `D(x)`, or as `D(x, y)` where it is conditional.

        Args:
            discriminator: The discriminator.
            generator: The generator of `fake`.
            real: Real samples (N, *shape).
            fake: Generated samples (N, *shape).
            judge: The discriminator as a function of samples alone, where more than labels is to be held fixed.
            features: Its features as a function of samples alone, likewise.
            layer_features: The features of each of its layers, likewise; left out, they are `features` alone if those
                are given.
            real_labels: Labels (N,) of `real`, or None.
            fake_labels: Labels (N,) of `fake`, or None.
            **more: Further attributes, such as `step`.

        Returns:
            The comparison.
        """
        conditional = bool(getattr(discriminator, "conditional", False))

        def judge_under_real_labels(x: Tensor) -> Tensor:
            logits: Tensor = discriminator(x, real_labels) if conditional else discriminator(x)
            return logits

        def features_under_own_labels(x: Tensor) -> Tensor:
            network: Any = discriminator
            if not conditional:
                return network.features(x)  # type: ignore[no-any-return]
            return network.features(x, real_labels if x is real else fake_labels)  # type: ignore[no-any-return]

        def layers_under_own_labels(x: Tensor) -> Sequence[Tensor]:
            network: Any = discriminator
            if not conditional:
                return network.layer_features(x)  # type: ignore[no-any-return]
            return network.layer_features(x, real_labels if x is real else fake_labels)  # type: ignore[no-any-return]

        if layer_features is None and features is None and isinstance(discriminator, Discriminator):
            layer_features = layers_under_own_labels
        return cls(
            real,
            fake,
            judge or judge_under_real_labels,
            features or features_under_own_labels,
            discriminator,
            generator,
            real_labels=real_labels if conditional else None,
            fake_labels=fake_labels,
            layer_features=layer_features,  # type: ignore[arg-type]
            **more,
        )

    def logits(self) -> tuple[Tensor, Tensor]:
        """Return the logits of real and of generated samples; those that the move has not computed are computed."""
        real = self.critic(self.real) if self.real_logits is None else self.real_logits
        fake = self.critic(self.fake) if self.fake_logits is None else self.fake_logits
        return real, fake


class Regularizer:
    """Adds loss terms to the players' moves, changes weights after a move, or changes the networks once.

    A regularizer with state, such as a running mean or a fixed batch, also derives from nn.Module: its buffers are then
    saved and restored with the networks. State in the networks themselves is saved with them.
    """

    every: int = 1
    """Interval of lazy regularization: terms are computed once in so many steps, and multiplied by that number."""
    per_sample: bool = False
    """True when a term penalises the gradient at each sample, which batch norm in the discriminator does not allow."""
    needs_source: bool = False
    """True when a term needs the codes that samples were generated from, which not every procedure tells."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        _accept_both_forms(cls)

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        """Change the networks, for example by parametrizations, hooks or other layers.

        Called once, when the procedure is built.

        Args:
            discriminator: The discriminator, without augmentations.
            generator: The generator.
            spec: Shape, kind and classes of what the discriminator is given.
        """

    def terms(self, comparison: Comparison) -> Terms:
        """Return loss terms of the discriminator, computed in float32.

        Args:
            comparison: Real and generated samples in the discriminator's move.

        Returns:
            Scalars by name.
        """
        return {}

    def generator_terms(self, comparison: Comparison) -> Terms:
        """Return loss terms of the generator.

        Args:
            comparison: Real and generated samples in the generator's move.

        Returns:
            Scalars by name.
        """
        return {}

    def project(self, critic: nn.Module) -> None:
        """Change the discriminator's weights in place. Called after each of its moves."""

    def check(self, critic: nn.Module) -> None:
        """Check that this regularizer fits a discriminator to which all regularizers are attached.

        Mark a layer of your own that mixes the samples of a batch by an attribute `mixes_samples = True`.

        Args:
            critic: The discriminator.

        Raises:
            IncompatibleError: It does not fit; the message names the remedy.
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


class Regularizers(nn.Module, Sequence[Regularizer]):
    """The regularizers of one discriminator and its generator, for a procedure that takes any number of them.

    Make it an attribute of the procedure, so that the regularizers' state is saved. In each move of the discriminator
    add terms() to what it minimises, and call project() after the move; in each move of the generator add
    generator_terms(). A procedure with several discriminators has one such object for each.

    Args:
        build: Builds the regularizers: the blueprints of the recipe. None for no regularizers.
        discriminator: The discriminator, to which they are attached.
        generator: The generator, to which they are attached.
        spec: Shape, kind and classes of what the discriminator is given.
        tells_source: False for a procedure whose comparisons have no `source` that the generator alone maps to `fake`.

    Raises:
        IncompatibleError: A regularizer does not suit the networks or the procedure.
    """

    def __init__(
        self,
        build: Sequence[Callable[[], Regularizer]] | None,
        discriminator: nn.Module,
        generator: nn.Module,
        spec: Spec,
        tells_source: bool = True,
    ):
        super().__init__()
        self.items: tuple[Any, ...] = tuple(build_one() for build_one in build or ())
        with_state = [item for item in self.items if isinstance(item, nn.Module)]
        for i, module in enumerate(with_state):
            self.add_module(str(i), module)  # its buffers are saved with the networks
        self.networks = (discriminator, generator)  # in a tuple, since they belong to the procedure
        network = discriminator.network if isinstance(discriminator, AugmentedDiscriminator) else discriminator
        self.earlier_forms = [_earlier_forms(item) for item in self.items]  # told once: reading a signature takes time
        for item, earlier in zip(self.items, self.earlier_forms, strict=True):
            _warn_of_earlier_forms(item, earlier)
            if "attach" in earlier:
                item.attach(network, generator)
            else:
                item.attach(network, generator, spec)
        for item in self.items:
            item.check(discriminator)
            if getattr(item, "needs_source", False) and not tells_source:
                raise IncompatibleError(
                    f"regularizer {type(item).__name__} needs the codes that samples are generated from, and this "
                    "procedure does not tell them: use another procedure, such as adversarial, or leave it out."
                )

    @classmethod
    def of_each(
        cls,
        build: Sequence[Callable[[], Regularizer]] | None,
        discriminators: Sequence[nn.Module],
        generator: nn.Module,
        spec: Spec,
        tells_source: bool = True,
    ) -> list[Regularizers]:
        """Attach regularizers to several discriminators of one generator, which they change only once.

        Args:
            build: Builds the regularizers: the blueprints of the recipe. None for no regularizers.
            discriminators: The discriminators, each of which gets regularizers of its own.
            generator: The generator. Those of all but the first discriminator are attached to a copy of it that has
                the same parameters, and that nobody uses.
            spec: Shape, kind and classes of what the discriminators are given.
            tells_source: False for a procedure whose comparisons have no `source`.

        Returns:
            The regularizers of each discriminator; put them into an nn.ModuleList.
        """
        generators = [generator] * len(discriminators)
        if build:
            parameters = {id(parameter): parameter for parameter in generator.parameters()}
            generators[1:] = [copy.deepcopy(generator, dict(parameters)) for _ in discriminators[1:]]
        return [cls(build, D, G, spec, tells_source) for D, G in zip(discriminators, generators, strict=True)]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[Regularizer]:
        return iter(self.items)

    def terms(self, comparison: Comparison, own: Terms | None = None) -> dict[str, Tensor]:
        """Return what the discriminator minimises: the procedure's own terms, and those of the regularizers.

        Terms of regularizers are computed in every `every`-th step and multiplied by `every` (arXiv:1912.04958). A
        second regularizer of a class has a 2 behind its terms' names; terms that still share a name are summed. The
        augmentations of the discriminator observe the comparison first.

        Args:
            comparison: Real and generated samples in the discriminator's move.
            own: The procedure's own terms.

        Returns:
            Scalars by name.
        """
        if isinstance(discriminator := self.networks[0], AugmentedDiscriminator):
            discriminator.observe(comparison)
        return self._sum("terms", comparison, own)

    def generator_terms(self, comparison: Comparison, own: Terms | None = None) -> dict[str, Tensor]:
        """Return what the generator minimises, as terms() does for the discriminator.

        Args:
            comparison: Real and generated samples in the generator's move.
            own: The procedure's own terms.

        Returns:
            Scalars by name.
        """
        return self._sum("generator_terms", comparison, own)

    def project(self) -> None:
        """Let every regularizer change the discriminator's weights in place, as after each of its moves."""
        for item in self.items:
            item.project(self.networks[0])

    def for_generator(self) -> list[Regularizer]:
        """Return the regularizers that have terms in the generator's move."""
        return [item for item in self.items if type(item).generator_terms is not Regularizer.generator_terms]

    def _sum(self, method: str, comparison: Comparison, own: Terms | None) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = dict(own or {})
        for k, item in enumerate(self.items):
            if comparison.step % item.every == 0:
                before = sum(type(other) is type(item) for other in self.items[:k])
                for name, term in _call(item, method, comparison, method in self.earlier_forms[k]).items():
                    name = f"{name}_{before + 1}" if before else name
                    terms[name] = terms.get(name, 0) + item.every * term
        return terms


def regularizers_of(procedure: nn.Module) -> Iterator[Regularizer]:
    """Yield the regularizers in the attributes of a procedure, or in lists of them such as one for each discriminator.

    Args:
        procedure: The procedure.

    Yields:
        Each regularizer once.
    """
    found: set[int] = set()
    places = [*vars(procedure).values(), *procedure.children(), getattr(procedure, "regularizers", ())]
    while places:
        place = places.pop(0)
        if id(place) in found:
            continue
        found.add(id(place))
        if isinstance(place, Regularizer):
            yield place
        elif isinstance(place, (list, tuple, Regularizers, nn.ModuleList)):
            places += place


def terms_of(item: Regularizer, method: str, comparison: Comparison) -> Terms:
    """Return the terms of a regularizer, written in today's form or in the earlier one.

    Args:
        item: The regularizer.
        method: "terms" or "generator_terms".
        comparison: What it is handed.

    Returns:
        Scalars by name, whatever its `every` is.
    """
    return _call(item, method, comparison, _has_earlier_form(method, getattr(item, method)))


def _call(item: Regularizer, method: str, comparison: Comparison, earlier: bool) -> Terms:
    arguments = _earlier_arguments(method, comparison) if earlier else (comparison,)
    terms: Terms = getattr(item, method)(*arguments)
    return terms


def _has_earlier_form(name: str, method: Callable[..., Any], bound: bool = True) -> bool:
    """Tell whether a method takes the arguments that ganzoo 0.1 handed over."""
    parameters = inspect.signature(method).parameters.values()
    named = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - (not bound)
    return named == FORMS[name].arguments if name == "attach" else named >= FORMS[name].arguments


def _earlier_forms(item: Regularizer) -> list[str]:
    """Return the names of the methods that take the arguments of ganzoo 0.1."""
    return [name for name in FORMS if _has_earlier_form(name, getattr(item, name))]


def _warn_of_earlier_forms(item: Regularizer, earlier: list[str]) -> None:
    if earlier:
        changes = ", ".join(f"{FORMS[name].earlier} is now {FORMS[name].present}" for name in earlier)
        deprecated(
            f"regularizer {type(item).__name__}: {changes}. The earlier form goes in ganzoo 0.3: "
            "see docs/regularizers.md"
        )


def _accept_both_forms(regularizer: type) -> None:
    """Let the methods of a class be called in today's form and in the earlier one."""
    for name in FORMS:
        if inspect.isfunction(method := vars(regularizer).get(name)):
            setattr(regularizer, name, _callable_in_both_forms(name, method))


def _callable_in_both_forms(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a regularizer, so that procedures written for ganzoo 0.1 can call it, and super() too."""
    written_earlier = _has_earlier_form(name, method, bound=False)

    @functools.wraps(method)
    def call(self: Regularizer, *args: Any, **more: Any) -> Any:
        called_earlier = len(args) + len(more) == FORMS[name].arguments
        if called_earlier == written_earlier:
            return method(self, *args, **more)
        deprecated(
            f"{FORMS[name].earlier} of regularizers is now {FORMS[name].present}, and goes in ganzoo 0.3: "
            "see docs/regularizers.md"
        )
        if name == "attach":
            return method(self, *args[:2]) if written_earlier else method(self, *args, spec=None, **more)
        if written_earlier:
            return method(self, *_earlier_arguments(name, *args))
        return method(self, _comparison(*args, **more))

    return call


def _earlier_arguments(name: str, comparison: Comparison) -> tuple[Critic, Tensor, Tensor]:
    judge = comparison.critic if name == "terms" else comparison.features
    return judge, comparison.real, comparison.fake


def _comparison(
    critic: Critic | None = None, real: Tensor | None = None, fake: Tensor | None = None, features: Any = None
) -> Comparison:
    """Return what is known of a comparison in the earlier form: the discriminator as a function of samples."""
    judge = critic or features
    assert judge is not None and real is not None and fake is not None
    network = judge if isinstance(judge, nn.Module) else nn.Identity()
    return Comparison(real, fake, judge, judge, network, nn.Identity())


_accept_both_forms(Regularizer)

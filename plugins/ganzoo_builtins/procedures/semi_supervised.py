"""Semi-supervised learning by a discriminator of classes, Salimans et al. 2016 (arXiv:1606.03498), section 5."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ganzoo import Batch, Blueprint, Discriminator, Fakes, IncompatibleError, Move, Spec, eval_mode, features_width
from ganzoo_builtins.procedures.adversarial import Adversarial


class SemiSupervised(Adversarial):
    """A classifier learns from a few labels, from real samples without labels, and from fakes as class K + 1.

    The discriminator's features get a last layer of K logits l, and fakes are the class whose logit is fixed at zero.
    With Z = sum_k exp l_k, a sample is real with D(x) = Z / (Z + 1), whose logit is log Z. The paper's losses are then

        L_labelled   = -E log p(y | x, y <= K),  cross-entropy of l
        L_unlabelled = -1/2 E log D(x) - 1/2 E log(1 - D(G(z))),  the loss non_saturating with d_weight = 0.5

    Any other loss and regularizer can be used. The paper's generator has the regularizer feature_matching and
    g_weight = 0; Odena 2016 (arXiv:1606.01583) has neither. `run.ema` averages the classifier too.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        per_class: Number of labelled examples of each class: the first in the data, whose order the seed decides.
            Several processes share them equally. All other labels are ignored. Labelled examples are among the
            unlabelled ones too, and each discriminator move draws as many of them as its batch has samples.
        label_weight: Weight of L_labelled.
        g_weight: Weight of the loss in the generator's move. With 0 the generator minimises the terms of regularizers
            alone.
        d_steps: Discriminator moves per step.
        g_steps: Generator moves per step.

    Raises:
        IncompatibleError: The data has no labels, or a network is conditional.
    """

    D: Classifier

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        per_class: PositiveInt = 10,
        label_weight: NonNegativeFloat = 1.0,
        g_weight: NonNegativeFloat = 1.0,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
    ):
        if not spec.classes:
            raise IncompatibleError(
                "procedure semi_supervised learns classes, and the data has no labels: use labelled data."
            )

        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps, g_weight=g_weight)
        self.label_weight = label_weight
        self.labelled = LabelledExamples(spec, per_class)

    def build_discriminator(self, blueprint: Blueprint) -> Discriminator:
        return Classifier(super().build_discriminator(blueprint), self.spec)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        return super().step(self.collect_labels(data), t)

    def classify(self, x: Tensor) -> Tensor:
        """Return the logits (N, K) of the classes of samples (N, *shape)."""
        return self.D.classify(x)

    def averaged(self) -> list[nn.Module]:
        return [self.G, self.D]

    def collect_labels(self, data: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the same batches, and keep labelled examples of them until there are enough."""
        for batch in data:
            self.labelled.take(batch["x"], batch["y"])
            yield batch

    def discriminator_terms(
        self,
        adversarial: Tensor,
        batch: Batch,
        fakes: Fakes,
        t: int,
        logits: tuple[Tensor | None, Tensor | None] = (None, None),
    ) -> dict[str, Tensor]:
        x, y = self.labelled.draw(len(batch["x"]))  # (N, *shape), (N,)
        labelled = self.label_weight * cross_entropy(self.classify(x), y)
        return {"labelled": labelled, **super().discriminator_terms(adversarial, batch, fakes, t, logits)}


class Classifier(Discriminator):
    """The features of any discriminator with a last layer for K classes, whose log-sum-exp is the logit.

    Parameters that the features do not depend on, such as those of the discriminator's own last layer, are frozen.
    """

    def __init__(self, network: Discriminator, spec: Spec):
        super().__init__()
        if network.conditional:
            raise IncompatibleError(
                "procedure semi_supervised predicts labels, and this discriminator needs them as input: use networks "
                "that are not conditional."
            )
        self.network = network
        self.head = nn.Linear(features_width(network, spec), spec.classes)
        self._freeze_unused(spec)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.network.features(x)  # (N, *shape) -> (N, width)

    def classify(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (N, *shape) -> (N, width) -> (N, K)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).logsumexp(dim=1)  # (N, K) -> (N,), the logit of Z / (Z + 1)

    def _freeze_unused(self, spec: Spec) -> None:
        parameters = list(self.network.parameters())
        device = parameters[0].device
        with eval_mode(self.network), torch.enable_grad(), torch.random.fork_rng(enabled=device.type != "meta"):
            features = self.network.features(torch.zeros(2, *spec.shape, device=device))
            gradients = torch.autograd.grad(features.sum(), parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.requires_grad_(gradient is not None)


class LabelledExamples(nn.Module):
    """Labelled examples, equally many of each class; part of the checkpoint, so that a resumed run has the same."""

    x: Tensor
    taken: Tensor

    def __init__(self, spec: Spec, per_class: int):
        super().__init__()
        self.register_buffer("x", torch.zeros(spec.classes, per_class, *spec.shape))
        self.register_buffer("taken", torch.zeros(spec.classes, dtype=torch.long))
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        processes = torch.distributed.get_world_size() if distributed else 1
        self.share = per_class // processes
        if per_class % processes:
            raise IncompatibleError(
                f"per_class = {per_class} labelled examples cannot be shared among {processes} processes: "
                f"set procedure.per_class={processes * max(1, self.share)}."
            )

    def take(self, x: Tensor, y: Tensor) -> None:
        """Keep samples (N, *shape) with labels (N,) of classes that are not complete, in their order."""
        if bool((self.taken >= self.share).all()):
            return
        earlier = one_hot(y, len(self.taken)).cumsum(0).gather(1, y[:, None]).squeeze(1) - 1  # (N,), of its own class
        place = self.taken[y] + earlier
        missing = place < self.share
        self.x[y[missing], place[missing]] = x[missing].to(self.x.dtype)
        self.taken += y[missing].bincount(minlength=len(self.taken))

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw examples (n, *shape) and their labels (n,) with equal probability and with replacement."""
        y = self.taken.float().multinomial(n, replacement=True)  # (n,)
        place = (torch.rand(n, device=y.device) * self.taken[y]).long()
        return self.x[y, place], y

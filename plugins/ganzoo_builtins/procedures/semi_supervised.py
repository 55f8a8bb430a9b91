"""Semi-supervised learning by a discriminator of classes, Salimans et al. 2016 (arXiv:1606.03498), section 5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ganzoo import Batch, Blueprint, Discriminator, IncompatibleError, Move, Spec, eval_mode
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.widths import width


class SemiSupervised(Adversarial):
    """A classifier learns from a few labels, from real samples without, and from fakes: class K + 1.

    The discriminator's features get a last layer of K logits l, and fakes are the class whose logit is fixed at zero.
    With Z = sum_k exp l_k, a sample is real with D(x) = Z / (Z + 1), whose logit is log Z. So the paper's losses are

        L_labelled   = -E log p(y | x, y <= K),  cross-entropy of l
        L_unlabelled = -1/2 E log D(x) - 1/2 E log(1 - D(G(z))),  the loss non_saturating with d_weight = 0.5

    and any other loss and regularizer will do. The paper's generator has the regularizer feature_matching and g_weight
    = 0. Odena 2016 (arXiv:1606.01583) leaves both out. `classify(x)` gives l; `run.ema` averages the classifier too.

    per_class: labelled examples of each class: the first that the data brings, which the seed decides. With several
        processes each has its share of them. All other labels are never looked at. The labelled examples are among the
        unlabelled ones as well, and each move of the discriminator draws as many of them as its batch has samples.
    label_weight: weight of L_labelled. The other settings are those of `adversarial`.
    Errors: IncompatibleError without labels, and for networks that need to be told them.
    """

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
        fakes: Literal["fresh", "shared"] = "fresh",
        first: Literal["discriminator", "generator"] = "discriminator",
    ):
        if not spec.classes:
            raise IncompatibleError(
                "procedure semi_supervised learns classes, and the data has no labels: use labelled data."
            )

        def classifier(spec: Spec) -> Classifier:
            return Classifier(discriminator(spec), spec)

        settings = {"g_weight": g_weight, "d_steps": d_steps, "g_steps": g_steps, "fakes": fakes, "first": first}
        super().__init__(spec, generator, classifier, loss, regularizer, **settings)  # type: ignore[arg-type]
        self.label_weight = label_weight
        self.labelled = Labelled(spec, per_class)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        return super().step(self._heard(data), t)

    def classify(self, x: Tensor) -> Tensor:
        """(N, *shape) -> logits of the classes (N, K)."""
        return self.D.classify(x)

    def averaged(self) -> list[nn.Module]:
        return [self.G, self.D]

    def _heard(self, data: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, a few of whose labels are kept."""
        for batch in data:
            self.labelled.take(batch["x"], batch["y"])
            yield batch

    def _penalised(self, adversarial: Tensor, batch: Batch, fake: Tensor, t: int) -> dict[str, Tensor]:
        x, y = self.labelled.draw(len(batch["x"]))  # (N, *shape), (N,)
        labelled = self.label_weight * cross_entropy(self.classify(x), y)
        return {"labelled": labelled, **super()._penalised(adversarial, batch, fake, t)}


class Classifier(Discriminator):
    """Any discriminator's features under a last layer for K classes, with one logit for all of them.

    Parameters that its features do not need, such as those of the last layer it came with, are frozen.
    """

    def __init__(self, network: Discriminator, spec: Spec):
        super().__init__()
        if network.conditional:
            raise IncompatibleError(
                "procedure semi_supervised finds labels out, and this discriminator needs to be told them: use "
                "networks that are not conditional."
            )
        self.network = network
        self.head = nn.Linear(width(network, spec), spec.classes)
        self._freeze_unused(spec)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.network.features(x)  # (N, *shape) -> (N, width)

    def classify(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (N, *shape) -> (N, width) -> (N, K)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.classify(x).logsumexp(dim=1)  # (N, K) -> (N,), the logit of Z / (Z + 1)

    def _freeze_unused(self, spec: Spec) -> None:
        parameters = list(self.network.parameters())
        device = parameters[0].device
        with eval_mode(self.network), torch.enable_grad(), torch.random.fork_rng(enabled=device.type != "meta"):
            features = self.network.features(torch.zeros(2, *spec.shape, device=device))
            needed = torch.autograd.grad(features.sum(), parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, needed, strict=True):
            parameter.requires_grad_(gradient is not None)


class Labelled(nn.Module):
    """Examples with labels, the same number of each class; state, so that a resumed run knows no others."""

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
        """Keep those of a batch (N, *shape), (N,) that are still wanted, the first first."""
        if bool((self.taken >= self.share).all()):
            return
        before = one_hot(y, len(self.taken)).cumsum(0).gather(1, y[:, None]).squeeze(1) - 1  # (N,), in its class
        place = self.taken[y] + before
        wanted = place < self.share
        self.x[y[wanted], place[wanted]] = x[wanted].to(self.x.dtype)
        self.taken += y[wanted].bincount(minlength=len(self.taken))

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Examples (n, *shape) and their labels (n,), each with the same chance, again and again."""
        y = self.taken.float().multinomial(n, replacement=True)  # (n,)
        place = (torch.rand(n, device=y.device) * self.taken[y]).long()
        return self.x[y, place], y

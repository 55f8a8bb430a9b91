"""The referee: classifiers of the data that a GAN is trained on, used instead of Inception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import IncompatibleError, Progress, Reference, Spec
from ganzoo_builtins.extractors.classifier import ARCHITECTURES, SMALLEST, Architecture, apply_in_chunks
from ganzoo_builtins.extractors.classifier_training import Labelled
from ganzoo_builtins.extractors.small_classifiers import NEIGHBOURS, SmallClassifiers

LEARNED = 0.1  # of the held-out samples outside the largest class: guessing that class alone reads none of them
KNOWN, MARGIN = 0.99, 1.3  # a recognized sample is at most 1.3 times as far away as 99 % of the validation samples
OTHERS = 'use another extractor: "rotations" or "inception" for images, or "raw"'


class Referee(SmallClassifiers):
    """Two small classifiers of different architecture, trained on the training split, on the CPU.

    The features are the 128 units of the last hidden layer of each, scaled so that the total variance of real samples
    is 1. A sample is read as a class only if both classifiers agree on it, and if its features are near to those of a
    real sample: at most 1.3 times as far away as 99 % of unseen real samples are.

    The classifiers are trained on clean, slightly shifted real samples alone, until the loss on a tenth of them, left
    out of training, falls no further. Weights are cached. Scores by referees of different data, settings or versions
    cannot be compared.

    Args:
        steps: Training steps of each classifier at most, of 128 samples each. Training also ends after 60 epochs.
        least: Minimum share of the held-out samples that is read correctly; a less accurate referee is an error, and so
            is one that is no better than guessing the largest class. 0 accepts any.
        seed: Seed of the weights and of the order of the samples.
        networks: Architectures of the classifiers, "strided" and "residual".
    """

    name = "referee"
    classifies = "data"

    def __init__(
        self,
        steps: PositiveInt = 600,
        least: Annotated[float, Field(ge=0, le=1)] = 0.5,
        seed: Annotated[int, Field(ge=0)] = 0,
        networks: Sequence[Architecture] = ARCHITECTURES,
    ):
        super().__init__(steps, seed, networks)
        self.least = least
        self.accuracy = 0.0
        self.unread: list[str] = []

    def check(self, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError(
                'extractor referee: it classifies images and points, and these samples are token ids; use "raw".'
            )
        if spec.classes < 2:
            raise IncompatibleError(
                f"extractor referee: it classifies samples, and these have no labels. Use labelled data, or {OTHERS}."
            )
        if spec.is_image and min(spec.shape[1:]) < SMALLEST:
            side = f"{spec.shape[1]}x{spec.shape[2]}"
            raise IncompatibleError(
                f'extractor referee: it needs images of at least {SMALLEST}x{SMALLEST}, not {side}; use "raw".'
            )

    def task(self, spec: Spec) -> Spec:
        return spec

    def labelled(self, reference: Reference) -> Labelled:
        return reference.real.samples, reference.real.batch["y"]

    def prepare(self, reference: Reference) -> None:
        guessing = _largest_share(reference.held.batch["y"])
        if self.least and guessing == 1:
            raise IncompatibleError(
                "extractor referee: all held-out samples are of one class, so nothing tells whether it learned any. "
                f"Use data with examples of several classes, or {OTHERS}."
            )
        super().prepare(reference)
        self._look_at(reference)
        if self.accuracy < self.least:
            self._refuse(f"below the minimum (least = {self.least})")
        if self.least and self.accuracy < guessing + LEARNED * (1 - guessing):
            self._refuse(f"no better than guessing: {100 * guessing:.1f} % of them are of one class")
        if self.unread:
            names = ", ".join(map(repr, self.unread))
            with Progress(1) as progress:
                progress.say(
                    f"extractor referee: it reads no held-out sample of {names} correctly, so class_coverage, "
                    "class_balance and gan_test tell nothing about them. More data of these classes would help."
                )

    def _refuse(self, why: str) -> NoReturn:
        """Raise IncompatibleError for a referee that reads too few samples correctly."""
        if max(self.taken) < self.steps:
            steps = " and ".join(f"{taken:,}" for taken in self.taken)
            remedy = f"Its training ended after {steps} steps, when more would not help: use more data of every class"
        else:
            remedy = f"Raise its steps (now {self.steps:,})"
        raise IncompatibleError(
            f"extractor referee: it reads {100 * self.accuracy:.1f} % of the held-out samples correctly, {why}. "
            f"{remedy}, or {OTHERS}."
        )

    def logits(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.logits_of_each(self._features(part)).mean(0), x.float().cpu())

    def classes(self, features: Tensor, logits: Tensor) -> Tensor:
        read = apply_in_chunks(lambda part: self.logits_of_each(part).argmax(2).T, features)  # (N, networks)
        agreed = (read == read[:, :1]).all(1)
        return read[:, 0].where(agreed & (self._distances(features) <= self.reach), -1)

    def facts(self) -> Mapping[str, Any]:
        """Return the steps of each classifier, the share of held-out samples read correctly, and classes never read."""
        return {
            "steps": self.taken,
            "accuracy": self.accuracy,
            **({"unread": self.unread} if self.unread else {}),
            "classifiers": {
                architecture: {"accuracy": accuracy, "digest": digest}
                for architecture, accuracy, digest in zip(self.networks, self.accuracies, self.digests, strict=True)
            },
        }

    def _distances(self, features: Tensor) -> Tensor:
        """Return the distances to the nearest known real features, (N, F) -> (N,)."""
        return apply_in_chunks(lambda part: torch.cdist(part, self.known).amin(1), features)

    def _look_at(self, reference: Reference) -> None:
        """Set the known features, the distance within which a sample is recognized, accuracies and unread classes."""
        training, (unseen, _) = self.split(reference)
        self.known = self.features(training[0][:NEIGHBOURS])
        self.reach = MARGIN * float(self._distances(self.features(unseen)).quantile(KNOWN))
        held, y = reference.held.samples[:NEIGHBOURS], reference.held.batch["y"][:NEIGHBOURS]
        features = self.features(held)  # (n, networks * 128)
        with torch.no_grad():
            right = (self.logits_of_each(features).argmax(2) == y).double().mean(1)  # (networks,)
        self.accuracies = right.tolist()
        is_right = self.classes(features, features) == y  # (n,)
        self.accuracy = is_right.double().mean().item()
        names = reference.held.dataset.class_names
        unread = sorted({*y.tolist()} - {*y[is_right].tolist()})
        self.unread = [names[label] if names else str(label) for label in unread]


def _largest_share(y: Tensor) -> float:
    """Return the share of the most frequent of the labels (N,)."""
    return (y.bincount().max() / len(y)).item()

"""The referee: classifiers of the data that a GAN is trained on, used instead of Inception."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import Extractor, IncompatibleError, Progress, Reference, Spec, preserve_rng
from ganzoo_builtins.extractors import weight_cache
from ganzoo_builtins.extractors.classifier import (
    ARCHITECTURES,
    SMALLEST,
    WIDTH,
    Architecture,
    Classifier,
    apply_in_chunks,
)
from ganzoo_builtins.extractors.classifier_training import BATCH, train

VERSION = 2  # to be increased with every change of the networks or their training that changes scores
MAX_EPOCHS = 60  # over the training samples
VALIDATION = 2_000  # of the real samples at most, and a tenth of them at most; the networks are not trained on them
NEIGHBOURS = 5_000  # real samples at most, to which a recognized sample is near
KNOWN, MARGIN = 0.99, 1.3  # a recognized sample is at most 1.3 times as far away as 99 % of the validation samples
OTHERS = 'use another extractor: "raw", or "inception" for images'


class Referee(Extractor):
    """Two small classifiers of different architecture, trained on the training split, on the CPU.

    The features are the 128 units of the last hidden layer of each, scaled so that the total variance of real samples
    is 1. A sample is read as a class only if both classifiers agree on it, and if its features are near to those of a
    real sample: at most 1.3 times as far away as 99 % of unseen real samples are.

    The classifiers are trained on clean, slightly shifted real samples alone, until the loss on a tenth of them, left
    out of training, falls no further. Weights are cached. Scores by referees of different data, settings or versions
    cannot be compared.

    Args:
        steps: Training steps of each classifier at most, of 128 samples each. Training also ends after 60 epochs.
        least: Minimum share of the held-out samples that is read correctly; a less accurate referee is an error.
        seed: Seed of the weights and of the order of the samples.
        networks: Architectures of the classifiers, "strided" and "residual".
    """

    classifies = "data"

    def __init__(
        self,
        steps: PositiveInt = 600,
        least: Annotated[float, Field(ge=0, le=1)] = 0.5,
        seed: Annotated[int, Field(ge=0)] = 0,
        networks: Sequence[Architecture] = ARCHITECTURES,
    ):
        if not networks or len({*networks}) < len(networks):
            raise ValueError(f"networks names one architecture or more, each once: {', '.join(ARCHITECTURES)}")
        self.steps = steps
        self.least = least
        self.seed = seed
        self.networks = tuple(networks)
        self.accuracy = 0.0

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

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        with preserve_rng():
            trained = [self._network(reference, architecture) for architecture in self.networks]
        self.nets = [net for net, _ in trained]
        self.digests = [digest for _, digest in trained]
        self.digest = self.digests[0] if len(trained) == 1 else _digest(self.digests)
        self._look_at(reference)
        if self.accuracy < self.least:
            raise IncompatibleError(
                f"extractor referee: it reads {100 * self.accuracy:.1f} % of the held-out samples correctly, below the "
                f"minimum (least = {self.least}). Raise its steps (now {self.steps:,}), or {OTHERS}."
            )

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(self._features, x.float().cpu())

    def logits(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self._logits(self._features(part)).mean(0), x.float().cpu())

    def classes(self, features: Tensor, logits: Tensor) -> Tensor:
        read = apply_in_chunks(lambda part: self._logits(part).argmax(2).T, features)  # (N, networks)
        agreed = (read == read[:, :1]).all(1)
        return read[:, 0].where(agreed & (self._distances(features) <= self.reach), -1)

    def facts(self) -> Mapping[str, Any]:
        """Return the share of held-out samples read correctly: by the referee, and by each classifier on its own."""
        return {
            "accuracy": self.accuracy,
            "classifiers": {
                architecture: {"accuracy": accuracy, "digest": digest}
                for architecture, accuracy, digest in zip(self.networks, self.accuracies, self.digests, strict=True)
            },
        }

    def _features(self, x: Tensor) -> Tensor:
        """Return the features of all networks, (N, *shape) -> (N, networks * 128)."""
        return torch.cat([net.features(x) for net in self.nets], 1) / len(self.nets) ** 0.5

    def _logits(self, features: Tensor) -> Tensor:
        """Return the logits of each network, (N, networks * 128) -> (networks, N, classes)."""
        parts = (features * len(self.nets) ** 0.5).split(WIDTH, 1)
        return torch.stack([net.head(part) for net, part in zip(self.nets, parts, strict=True)])

    def _distances(self, features: Tensor) -> Tensor:
        """Return the distances to the nearest known real features, (N, F) -> (N,)."""
        return apply_in_chunks(lambda part: torch.cdist(part, self.known).amin(1), features)

    def _look_at(self, reference: Reference) -> None:
        """Set the features of known samples, the distance within which a sample is recognized, and the accuracies."""
        training, (unseen, _) = _split(reference)
        self.known = self.features(training[0][:NEIGHBOURS])
        self.reach = MARGIN * float(self._distances(self.features(unseen)).quantile(KNOWN))
        held, y = reference.held.samples[:NEIGHBOURS], reference.held.batch["y"][:NEIGHBOURS]
        features = self.features(held)  # (n, networks * 128)
        with torch.no_grad():
            right = (self._logits(features).argmax(2) == y).double().mean(1)  # (networks,)
        self.accuracies = right.tolist()
        self.accuracy = (self.classes(features, features) == y).double().mean().item()

    def _network(self, reference: Reference, architecture: Architecture) -> tuple[Classifier, str]:
        """Return a trained classifier and the digest of its weights, from the cache or trained now."""
        (x, _), _ = training, validation = _split(reference)
        steps = min(self.steps, max(1, MAX_EPOCHS * len(x) // BATCH))
        path = reference.cache / f"referee-{self._key(reference, architecture, steps)}"
        torch.manual_seed(self.seed)
        net = Classifier(reference.real.dataset.spec, architecture).eval()
        with Progress(steps, BATCH) as progress:
            if digest := _load(net, path, progress):
                return net, digest
            progress.say(f"training a referee once ({architecture}, at most {steps:,} steps) on {reference.real.told}")
            train(net, training, steps, validation, lambda step, loss: progress.update(step, {"loss": loss}))
            variance = apply_in_chunks(net.features, x[:NEIGHBOURS]).var(0).sum().item()
            net.rescale(max(variance, 1e-12) ** -0.5)
            return net, _save(net, path, progress)

    def _key(self, reference: Reference, architecture: Architecture, steps: int) -> str:
        """Return the SHA-256 of everything that determines the weights."""
        return _digest([reference.real.fingerprint, architecture, steps, self.seed, VERSION])


def _split(reference: Reference) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return training and validation samples with their labels, parts of the real samples."""
    x, y = reference.real.samples, reference.real.batch["y"]
    n = len(x) - min(VALIDATION, len(x) // 10)
    return (x[:n], y[:n]), (x[n:], y[n:]) if n < len(x) else (x, y)


def _load(net: Classifier, path: Path, progress: Progress) -> str:
    """Load cached weights and return their digest; "" when they are missing or damaged."""
    try:
        cached = weight_cache.load(path)
        if cached is None:
            return ""
        weights, facts = cached
        net.load_state_dict(weights)
        return str(facts["digest"])
    except (weight_cache.DamagedCacheError, RuntimeError, KeyError, TypeError, ValueError) as error:
        progress.say(f"the cached referee is damaged and is trained again: {error}")
        return ""


def _save(net: Classifier, path: Path, progress: Progress) -> str:
    """Cache the weights, if they can be written, and return their digest."""
    weights = net.state_dict()
    try:
        weight_cache.save(path, weights, {})
    except OSError as error:
        progress.say(f"the referee could not be cached and will be trained again the next time: {error}")
    return weight_cache.digest(weights)


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""Base class of extractors whose features are those of small classifiers, trained on the run's own data."""

from __future__ import annotations

import hashlib
import json
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganzoo import Extractor, Progress, Reference, Spec, preserve_rng
from ganzoo_builtins.extractors import weight_cache
from ganzoo_builtins.extractors.classifier import ARCHITECTURES, WIDTH, Architecture, Classifier, apply_in_chunks
from ganzoo_builtins.extractors.classifier_training import BATCH, Labelled, train

VERSION = 2  # to be increased with every change of the networks or their training that changes scores
MAX_EPOCHS = 60  # over the training samples
VALIDATION = 2_000  # of the real samples at most, and a tenth of them at most; the networks are not trained on them
NEIGHBOURS = 5_000  # training samples at most, by which features are scaled
TIMED = 20  # steps after which the remaining time is estimated


class SmallClassifiers(Extractor):
    """Features of small classifiers, which a subclass gives their task.

    The features are the 128 units of the last hidden layer of each classifier, scaled so that the total variance of
    real samples is 1.

    Args:
        steps: Training steps of each classifier at most.
        seed: Seed of the weights and of the order of the samples.
        networks: Architectures of the classifiers.
    """

    name: ClassVar[str]
    """Name of the extractor, which begins the names of its cached files."""

    def __init__(self, steps: int, seed: int, networks: Sequence[Architecture]):
        if not networks or len({*networks}) < len(networks):
            raise ValueError(f"networks names one architecture or more, each once: {', '.join(ARCHITECTURES)}")
        self.steps = steps
        self.seed = seed
        self.networks = tuple(networks)

    @abstractmethod
    def task(self, spec: Spec) -> Spec:
        """Return the format of the samples with the number of classes that are learned."""

    @abstractmethod
    def labelled(self, reference: Reference) -> Labelled:
        """Return the real samples, in an order without meaning, and the labels that are learned."""

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        with preserve_rng():
            trained = [self._network(reference, architecture) for architecture in self.networks]
        self.nets = [net for net, _, _ in trained]
        self.digests = [digest for _, digest, _ in trained]
        self.taken = [taken for _, _, taken in trained]
        self.digest = self.digests[0] if len(trained) == 1 else _digest(self.digests)

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(self._features, x.float().cpu())

    def split(self, reference: Reference) -> tuple[Labelled, Labelled]:
        """Return the samples and labels for training, and those for validation."""
        x, y = self.labelled(reference)
        n = len(x) - min(VALIDATION, len(x) // 10)
        return (x[:n], y[:n]), (x[n:], y[n:]) if n < len(x) else (x, y)

    def logits_of_each(self, features: Tensor) -> Tensor:
        """Return the logits of each network, (N, networks * 128) -> (networks, N, classes)."""
        parts = (features * len(self.nets) ** 0.5).split(WIDTH, 1)
        return torch.stack([net.head(part) for net, part in zip(self.nets, parts, strict=True)])

    def _features(self, x: Tensor) -> Tensor:
        """Return the features of all networks, (N, *shape) -> (N, networks * 128)."""
        return torch.cat([net.features(x) for net in self.nets], 1) / len(self.nets) ** 0.5

    def _network(self, reference: Reference, architecture: Architecture) -> tuple[Classifier, str, int]:
        """Return a trained classifier, the digest of its weights and its steps, from the cache or trained now."""
        training, validation = self.split(reference)
        steps = min(self.steps, max(1, MAX_EPOCHS * len(training[0]) // BATCH))
        path = reference.cache / f"{self.name}-{self._key(reference, architecture, steps)}"
        spec = self.task(reference.real.dataset.spec)
        net = Classifier(spec, architecture).eval()
        with Progress(steps, BATCH) as progress, weight_cache.alone(path, progress.say):
            if facts := _load(self.name, net, path, progress):
                return net, str(facts["digest"]), int(facts.get("steps", steps))  # not kept by earlier versions
            torch.manual_seed(self.seed)
            net = Classifier(spec, architecture)  # anew: a file that does not fit may have been loaded in part
            where = reference.real.told
            progress.say(
                f"training the extractor {self.name} once ({architecture}, at most {steps:,} steps) on {where}"
            )
            began = time.monotonic()

            def report(step: int, loss: float) -> None:
                nonlocal began
                progress.update(step, {"loss": loss})
                if step == 1:  # it took far longer than the others will
                    began = time.monotonic()
                if step == TIMED:
                    seconds = (time.monotonic() - began) / (step - 1) * (steps - step)
                    progress.say(f"this takes about {seconds:.0f} s more, and is kept for later evaluations")

            taken = train(net, training, steps, validation, report)
            variance = apply_in_chunks(net.features, training[0][:NEIGHBOURS]).var(0).sum().item()
            net.rescale(max(variance, 1e-12) ** -0.5)
            return net, _save(self.name, net, path, {"steps": taken}, progress), taken

    def _key(self, reference: Reference, architecture: Architecture, steps: int) -> str:
        """Return the SHA-256 of everything that determines the weights."""
        return _digest([reference.real.digest, architecture, steps, self.seed, VERSION])


def _load(name: str, net: Classifier, path: Path, progress: Progress) -> dict[str, Any]:
    """Load cached weights and return the facts about them; nothing when they are missing or damaged."""
    try:
        cached = weight_cache.load(path)
        if cached is None:
            return {}
        weights, facts = cached
        net.load_state_dict(weights)
        return facts
    except (weight_cache.DamagedCacheError, RuntimeError, KeyError, TypeError, ValueError) as error:
        progress.say(f"the cached {name} is damaged and is trained again: {error}")
        return {}


def _save(name: str, net: Classifier, path: Path, facts: Mapping[str, Any], progress: Progress) -> str:
    """Cache the weights and facts about them, if they can be written, and return the digest of the weights."""
    weights = net.state_dict()
    try:
        weight_cache.save(path, weights, facts)
    except OSError as error:
        progress.say(f"the {name} could not be cached and will be trained again the next time: {error}")
    return weight_cache.digest(weights)


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""The referee: a classifier of the data that a GAN is trained on, used instead of Inception."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import Extractor, IncompatibleError, Progress, Reference, Spec, preserve_rng
from ganzoo_builtins.extractors import weight_cache
from ganzoo_builtins.extractors.classifier import BATCH, SMALL, VERSION, Classifier, apply_in_chunks, train

MAX_EPOCHS = 60  # over the real samples
OTHERS = 'use another extractor: "raw", or "inception" for images'


class Referee(Extractor):
    """A small classifier, trained on the training split and tested on the held-out samples, on the CPU.

    Its features are the 128 units of the last hidden layer, all of them 0 or more. Its weights are cached. Scores by
    referees of different data, settings or versions cannot be compared.

    Args:
        steps: Training steps of 128 samples each. Training ends after 60 epochs at the latest.
        least: Minimum accuracy on the held-out samples; a less accurate referee is an error.
        seed: Seed of the weights and of the order of the samples.
    """

    classifies = "data"

    def __init__(
        self,
        steps: PositiveInt = 3500,
        least: Annotated[float, Field(ge=0, le=1)] = 0.8,
        seed: Annotated[int, Field(ge=0)] = 0,
    ):
        self.steps = steps
        self.least = least
        self.seed = seed
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
        if spec.is_image and min(spec.shape[1:]) < SMALL:
            side = f"{spec.shape[1]}x{spec.shape[2]}"
            raise IncompatibleError(
                f'extractor referee: it needs images of at least {SMALL}x{SMALL}, not {side}; use "raw".'
            )

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        steps = min(self.steps, max(1, MAX_EPOCHS * len(reference.real) // BATCH))
        path = reference.cache / f"referee-{self._key(reference, steps)}"
        with preserve_rng(), Progress(steps, BATCH) as progress:
            torch.manual_seed(self.seed)
            self.net = Classifier(reference.real.dataset.spec).eval()
            if not self._load(path, progress):
                self._train(reference, steps, path, progress)
        if self.accuracy < self.least:
            raise IncompatibleError(
                f"extractor referee: its accuracy on the held-out samples is {100 * self.accuracy:.1f} %, below the "
                f"minimum (least = {self.least}). Raise its steps (now {self.steps:,}), or {OTHERS}."
            )

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(self.net.features, x.float().cpu())

    def logits(self, x: Tensor) -> Tensor:
        return apply_in_chunks(self.net, x.float().cpu())

    def facts(self) -> Mapping[str, Any]:
        """Return the accuracy on the held-out samples."""
        return {"accuracy": self.accuracy}

    def _key(self, reference: Reference, steps: int) -> str:
        """Return the SHA-256 of everything that determines the weights and their accuracy."""
        parts = [reference.real.fingerprint, reference.held.fingerprint, steps, self.seed, VERSION]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _load(self, path: Path, progress: Progress) -> bool:
        """Load the weights from the cache; return False when they are missing or damaged."""
        try:
            cached = weight_cache.load(path)
            if cached is None:
                return False
            weights, facts = cached
            self.net.load_state_dict(weights)
            self.digest = str(facts["digest"])
            self.accuracy = float(facts["accuracy"])
            return True
        except (weight_cache.DamagedCacheError, RuntimeError, KeyError, TypeError, ValueError) as error:
            progress.say(f"the cached referee is damaged and is trained again: {error}")
            return False

    def _train(self, reference: Reference, steps: int, path: Path, progress: Progress) -> None:
        """Train and test the classifier, and cache its weights if they can be written."""
        progress.say(f"training a referee once, {steps:,} steps, on {reference.real.told}")
        real, held = reference.real, reference.held

        def report(step: int, loss: float) -> None:
            progress.update(step, {"loss": loss})

        train(self.net, real.samples, real.batch["y"], steps, report)
        self.accuracy = (self.logits(held.samples).argmax(1) == held.batch["y"]).double().mean().item()
        progress.say(f"the referee's accuracy is {100 * self.accuracy:.2f} % on the held-out samples: {held.told}")
        weights = self.net.state_dict()
        self.digest = weight_cache.digest(weights)
        try:
            weight_cache.save(path, weights, {"accuracy": self.accuracy})
        except OSError as error:
            progress.say(f"the referee could not be cached and will be trained again the next time: {error}")

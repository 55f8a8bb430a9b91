"""A classifier of the very data that a GAN is trained on, in the place of Inception."""

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
from ganzoo_builtins.extractors.classifier import BATCH, SMALL, VERSION, Classifier, read, train

PASSES = 60  # over the real samples, at most
OTHERS = 'use another extractor: "raw", or "inception" for images'


class Referee(Extractor):
    """A small classifier, trained once on the training part and tested on the held-out part, on the CPU.

    Features are the 128 numbers of its last hidden layer, none below 0. Its weights are kept for the next time.
    least: share of held-out samples that it must get right to be believed. steps: of 128 samples each; so many
    passes of a small set would teach it nothing more, and after 60 of them it stops.
    Scores by referees of different data, settings or versions say nothing of each other.
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
                'extractor referee: it reads images and points, and these are token ids; use "raw".'
            )
        if spec.classes < 2:
            raise IncompatibleError(
                "extractor referee: it learns to tell classes, and these samples have no labels. Take labelled data, "
                f"or {OTHERS}."
            )
        if spec.is_image and min(spec.shape[1:]) < SMALL:
            side = f"{spec.shape[1]}x{spec.shape[2]}"
            raise IncompatibleError(
                f'extractor referee: it needs images of {SMALL}x{SMALL} at least, not {side}; use "raw".'
            )

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        steps = min(self.steps, max(1, PASSES * len(reference.real) // BATCH))
        path = reference.cache / f"referee-{self._key(reference, steps)}"
        with preserve_rng(), Progress(steps, BATCH) as progress:
            torch.manual_seed(self.seed)
            self.net = Classifier(reference.real.dataset.spec).eval()
            if not self._recalled(path, progress):
                self._trained(reference, steps, path, progress)
        if self.accuracy < self.least:
            raise IncompatibleError(
                f"extractor referee: it reads {100 * self.accuracy:.1f} % of the held-out samples right, too few to "
                f"judge anybody (least = {self.least}). Raise its steps (now {self.steps:,}), or {OTHERS}."
            )

    def features(self, x: Tensor) -> Tensor:
        return read(self.net.features, x.float().cpu())

    def logits(self, x: Tensor) -> Tensor:
        return read(self.net, x.float().cpu())

    def facts(self) -> Mapping[str, Any]:
        """accuracy: share of the held-out samples that it reads right."""
        return {"accuracy": self.accuracy}

    def _key(self, reference: Reference, steps: int) -> str:
        """SHA-256 of whatever decides the weights and what they get right."""
        told = [reference.real.fingerprint, reference.held.fingerprint, steps, self.seed, VERSION]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def _recalled(self, path: Path, progress: Progress) -> bool:
        try:
            found = weight_cache.load(path)
            if found is None:
                return False
            weights, facts = found
            self.net.load_state_dict(weights)
            self.digest = str(facts["digest"])
            self.accuracy = float(facts["accuracy"])
            return True
        except (weight_cache.DamagedCacheError, RuntimeError, KeyError, TypeError, ValueError) as error:
            progress.say(f"the referee that was kept is damaged and is trained again: {error}")
            return False

    def _trained(self, reference: Reference, steps: int, path: Path, progress: Progress) -> None:
        """Train, test, and keep what came of it, where there is room."""
        progress.say(f"training a referee once, {steps:,} steps, on {reference.real.told}")
        real, held = reference.real, reference.held

        def told(step: int, loss: float) -> None:
            progress.update(step, {"loss": loss})

        train(self.net, real.samples, real.batch["y"], steps, told)
        self.accuracy = (self.logits(held.samples).argmax(1) == held.batch["y"]).double().mean().item()
        progress.say(f"the referee reads {100 * self.accuracy:.2f} % right of what is held out: {held.told}")
        weights = self.net.state_dict()
        self.digest = weight_cache.digest(weights)
        try:
            weight_cache.save(path, weights, {"accuracy": self.accuracy})
        except OSError as error:
            progress.say(f"the referee could not be kept, and has to be trained again the next time: {error}")

"""GAN-train: can one learn from generated samples what the classes are?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Seen, Spec, preserve_rng
from ganzoo_builtins.extractors.classifier import Classifier, read, train

SEED = 0  # of weights and batches


class GANTrain(Metric):
    """The accuracy, on held-out real samples, of a small classifier that was trained on generated ones and the classes
    they were asked for: GAN-train of Shmelkov et al. 2018 (arXiv:1807.09499), and the classification accuracy score of
    Ravuri and Vinyals 2019 (arXiv:1905.10887), with the network of the extractor referee in the place of a ResNet.

    It asks for likeness and variety at once. Its floor is a classifier trained on as many real samples. The first
    weights are the same each time, and so is the order of `steps` batches of 128.
    """

    better: ClassVar = {"gan_train": "higher"}
    sees = "samples"
    asked = True
    by_default = False

    def __init__(self, steps: PositiveInt = 600):
        self.steps = steps

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        super().check(spec, data, conditional)
        if spec.vocab:
            raise IncompatibleError(
                "metric gan_train has a classifier for images and points, and these samples are token ids."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return self._learned(evidence, evidence.fake)

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        return self._learned(evidence, evidence.real.first(len(evidence.fake)))

    def _learned(self, evidence: Evidence, lesson: Seen) -> Mapping[str, float]:
        held = evidence.held
        assert lesson.y is not None and held.y is not None
        middle, spread = lesson.x.mean(), lesson.x.std().clamp(min=1e-6)  # points may lie anywhere
        with preserve_rng():
            torch.manual_seed(SEED)
            net = Classifier(evidence.data.spec)
            train(net, (lesson.x - middle) / spread, lesson.y, self.steps)
        told = read(net, (held.x - middle) / spread).argmax(1)  # (held,)
        return {"gan_train": float((told == held.y).double().mean())}

"""GAN-train: the accuracy on real data of a classifier trained on generated samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Seen, Spec, preserve_rng
from ganzoo_builtins.extractors.classifier import Classifier, apply_in_chunks
from ganzoo_builtins.extractors.classifier_training import train

SEED = 0  # of initial weights and batches


class GANTrain(Metric):
    """Accuracy on held-out real samples of a small classifier trained on generated samples and their labels.

    GAN-train of Shmelkov et al. 2018 (arXiv:1807.09499), and the classification accuracy score of Ravuri and Vinyals
    2019 (arXiv:1905.10887), with the network of the extractor `referee` in place of a ResNet. A high score needs both
    realistic and diverse samples. Its floor is a classifier trained on equally many real samples. Initial weights and
    the order of batches are the same each time.

    Args:
        steps: Number of training steps, on batches of 128.
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
        return self._accuracy(evidence, evidence.fake)

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        return self._accuracy(evidence, evidence.real.first(len(evidence.fake)))

    def _accuracy(self, evidence: Evidence, training: Seen) -> Mapping[str, float]:
        held_out = evidence.held
        assert training.y is not None and held_out.y is not None
        mean, std = training.x.mean(), training.x.std().clamp(min=1e-6)  # points may lie anywhere
        with preserve_rng():
            torch.manual_seed(SEED)
            net = Classifier(evidence.data.spec)
            train(net, ((training.x - mean) / std, training.y), self.steps)
        predicted = apply_in_chunks(net, (held_out.x - mean) / std).argmax(1)  # (held_out,)
        return {"gan_train": float((predicted == held_out.y).double().mean())}

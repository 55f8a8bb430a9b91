"""Downstream utility: what generated samples are worth as training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Seen, Spec, preserve_rng
from ganzoo_builtins.extractors.classifier import Classifier, apply_in_chunks
from ganzoo_builtins.extractors.classifier_training import Labelled, train


class Utility(Metric):
    """Accuracy on held-out real samples of classifiers trained on real samples, on generated ones, and on both.

    The results are `utility_both`, `utility_synthetic` and `utility_real`. Equally many real and generated samples are
    used. Generated samples help where `utility_both` exceeds `utility_real`, and replace real ones where
    `utility_synthetic` reaches it. For the floor, other real samples take the place of the generated ones.

    Each result is the mean over `learners` small classifiers, those of gan_train, with the same initial weights and
    numbers of steps for all three kinds of training data.

    Args:
        learners: Number of classifiers for each kind of training data.
        steps: Training steps of each, on batches of 128.
    """

    better: ClassVar = {"utility_both": "higher", "utility_synthetic": "higher", "utility_real": "nearer"}
    sees = "samples"
    asked = True
    by_default = False

    def __init__(self, learners: PositiveInt = 3, steps: PositiveInt = 300):
        self.learners = learners
        self.steps = steps

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        super().check(spec, data, conditional)
        if spec.vocab:
            raise IncompatibleError(
                "metric utility has a classifier for images and points, and these samples are token ids."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        n = _number(evidence)
        return self._compare(evidence, evidence.real.first(n), evidence.fake.first(n))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        n = _number(evidence)
        return self._compare(evidence, evidence.real.first(n), evidence.real.only(slice(n, 2 * n)))

    def _compare(self, evidence: Evidence, real: Seen, synthetic: Seen) -> Mapping[str, float]:
        assert real.y is not None and synthetic.y is not None
        both = torch.cat([real.x, synthetic.x]), torch.cat([real.y, synthetic.y])
        return {
            "utility_both": self._accuracy(evidence, both),
            "utility_synthetic": self._accuracy(evidence, (synthetic.x, synthetic.y)),
            "utility_real": self._accuracy(evidence, (real.x, real.y)),
        }

    def _accuracy(self, evidence: Evidence, training: Labelled) -> float:
        """Return the mean accuracy on held-out samples of classifiers trained on these samples."""
        (x, y), held_out = training, evidence.held
        assert held_out.y is not None
        mean, std = x.mean(), x.std().clamp(min=1e-6)  # points may lie anywhere
        accuracies = []
        for seed in range(self.learners):
            with preserve_rng():
                torch.manual_seed(seed)
                net = Classifier(evidence.data.spec)
                train(net, ((x - mean) / std, y), self.steps)
            predicted: Tensor = apply_in_chunks(net, (held_out.x - mean) / std).argmax(1)  # (held_out,)
            accuracies.append(float((predicted == held_out.y).double().mean()))
        return sum(accuracies) / self.learners


def _number(evidence: Evidence) -> int:
    """Return how many samples of each kind are trained on; twice as many real ones are needed for the floor."""
    n = min(len(evidence.fake), len(evidence.real) // 2)
    if n < 1:
        raise IncompatibleError("metric utility needs two real samples and a generated one: raise their number.")
    return n

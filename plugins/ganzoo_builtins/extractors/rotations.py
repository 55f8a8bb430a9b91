"""Features of unlabelled images, from classifiers that tell by how many quarter turns an image was rotated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import IncompatibleError, Reference, Spec
from ganzoo_builtins.extractors.classifier import ARCHITECTURES, SMALLEST, Architecture
from ganzoo_builtins.extractors.classifier_training import Labelled
from ganzoo_builtins.extractors.small_classifiers import SmallClassifiers


class Rotations(SmallClassifiers):
    """Two small classifiers that learn without labels how an image was rotated, on the CPU.

    Each real image is rotated by 0 to 3 quarter turns, which the classifiers learn to tell; one that is not square by
    0 or 1 half turns. For that they have to learn what the images show. The classifiers and their training are those of
    the referee, and their features are scaled likewise. Source: Gidaris et al. 2018 (arXiv:1803.07728), with small
    networks.

    Args:
        steps: Training steps of each classifier at most, of 128 samples each. Training also ends after 60 epochs.
        seed: Seed of the weights and of the order of the samples.
        networks: Architectures of the classifiers, "strided" and "residual".
    """

    name = "rotations"

    def __init__(
        self,
        steps: PositiveInt = 600,
        seed: Annotated[int, Field(ge=0)] = 0,
        networks: Sequence[Architecture] = ARCHITECTURES,
    ):
        super().__init__(steps, seed, networks)

    def check(self, spec: Spec) -> None:
        if not spec.is_image or min(spec.shape[1:]) < SMALLEST:
            raise IncompatibleError(
                f'extractor rotations: it needs images of at least {SMALLEST}x{SMALLEST}; use "raw" for other samples.'
            )

    def task(self, spec: Spec) -> Spec:
        return replace(spec, classes=4 if spec.shape[1] == spec.shape[2] else 2)

    def labelled(self, reference: Reference) -> Labelled:
        return rotated(reference.real.samples)


def rotated(x: Tensor) -> Labelled:
    """Return images (N, C, H, W), the i-th rotated by i mod 4 quarter turns, and these numbers (N,).

    Images that are not square are rotated by i mod 2 half turns.
    """
    turns = 4 if x.shape[2] == x.shape[3] else 2
    y = torch.arange(len(x)) % turns
    x = x.clone()
    for turn in range(1, turns):
        x[turn::turns] = x[turn::turns].rot90(turn * (4 // turns), (2, 3))
    return x, y

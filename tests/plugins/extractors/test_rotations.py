"""Rotations: how images are turned and labelled, and features that tell images apart without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganzoo import Extractor, IncompatibleError, Spec
from ganzoo.metrics.reference import Reference
from ganzoo.metrics.selection import DEFAULTS
from ganzoo.registry import discovery
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.extractors.rotations import Rotations, rotated
from ganzoo_builtins.metrics.frechet import frechet_distance


def test_square_images_are_rotated_by_quarter_turns() -> None:
    x = torch.randn(9, 2, 5, 5)
    turned, y = rotated(x)
    assert y.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    for image, original, turn in zip(turned, x, y.tolist(), strict=True):
        assert torch.equal(image, torch.rot90(original, turn, (1, 2)))


def test_other_images_are_rotated_by_half_turns() -> None:
    x = torch.randn(4, 1, 3, 7)
    turned, y = rotated(x)
    assert y.tolist() == [0, 1, 0, 1]
    assert torch.equal(turned[::2], x[::2]) and torch.equal(turned[1::2], x[1::2].flip(2, 3))


def test_it_learns_digits_without_their_labels(tmp_path: Path) -> None:
    """An 8x8 digit says how it is turned, and noise of the digits' own mean and deviation is far from them."""
    reference = replace(Reference.from_dataset(Digits()), cache=tmp_path)
    extractor = Rotations(steps=150)
    extractor.prepare(reference)
    held = reference.held.samples
    turned, y = rotated(held)
    with torch.no_grad():
        read = extractor.logits_of_each(extractor.features(turned)).argmax(2)
    assert (read == y).double().mean(1).min() > 0.75, "by chance 0.25"
    real = extractor.features(reference.real.samples)
    assert real.shape == (899, 256)
    noise = (held.mean() + held.std() * torch.randn(held.shape)).clamp(-1, 1)
    floor, far = (frechet_distance(real, extractor.features(x)) for x in (held, noise))
    assert far > 10 * floor


def test_the_default_goes_by_the_samples() -> None:
    zoo = discovery.load().zoo

    def default(spec: Spec) -> str:
        for name in DEFAULTS:
            extractor: Extractor = zoo.find("extractor", name).load()()
            try:
                extractor.check(spec)
            except IncompatibleError:
                continue
            return name
        raise AssertionError("none")

    assert default(Spec((1, 28, 28), classes=10)) == "ganzoo/referee"
    assert default(Spec((3, 64, 64))) == "ganzoo/rotations"
    assert default(Spec((1, 4, 4))) == "ganzoo/raw"
    assert default(Spec((2,))) == "ganzoo/raw"


@pytest.mark.parametrize("spec", [Spec((2,)), Spec((1, 7, 28)), Spec((20,), vocab=9)])
def test_what_it_cannot_rotate(spec: Spec) -> None:
    with pytest.raises(IncompatibleError, match="images of at least 8x8"):
        Rotations().check(spec)

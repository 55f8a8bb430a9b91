"""Networks that `ganzoo suggest` proposes: `compact`, as wide as the time allows; augmented where pictures are few."""

from collections.abc import Iterator
from typing import Any

from ganzoo import Spec, Suggestion

WIDTHS = {64: 10_000, 32: 5_000, 24: 3_000, 16: 2_000, 12: 1_500, 8: 1_000}  # width -> steps that it needs
MOST = 50_000  # steps after which samples of such small networks change little
LARGE = 32  # side above which batches are smaller
FEW = 10_000  # pictures below which a discriminator learns them by heart within minutes
VERY_FEW = 1_000


def suggest(spec: Spec, examples: int, border: float) -> Iterator[Suggestion]:
    """Yield pairs of small convolutional networks for pictures, the widest first.

    Args:
        spec: Shape and classes of the pictures.
        examples: Number of pictures.
        border: Value of their outermost pixels, in [-1, 1].

    Yields:
        Networks with their settings.
    """
    augmentation, reasons = _augmentation(spec, examples, border)
    for width, steps in WIDTHS.items():
        yield Suggestion(
            f"width {width}",
            {**_tables(spec, width), **({"augmentation": augmentation} if augmentation else {})},
            fewest_steps=steps,
            most_steps=MOST,
            reasons={**_reasons(spec), **reasons},
        )


def _tables(spec: Spec, width: int) -> dict[str, Any]:
    large = spec.shape[-1] > LARGE
    labels = ({"condition": "batch_norm"}, {"condition": "projection"}) if spec.classes else ({}, {})
    return {
        "run": {"batch_size": 32 if large else 64, "channels_last": True},
        "procedure": {"use": "adversarial"},
        "generator": {"use": "compact", "width": width, **labels[0]},
        "discriminator": {"use": "compact", "width": width, **labels[1]},
        "loss": {"use": "non_saturating"},
        "regularizer": [{"use": "spectral_norm"}],
        "optimizer": {"use": "adam", "lr": 6e-4 if large else 1e-3, "betas": [0.0, 0.99]},
    }


def _reasons(spec: Spec) -> dict[str, str]:
    reasons = {
        "generator.width": "as wide as the time allows",
        "run.channels_last": "the order in memory in which convolutions are faster",
        "run.batch_size": "small batches make more steps in the same time",
        "regularizer.0.use": "bounds the discriminator's slope, which a high learning rate needs",
    }
    if spec.classes:
        reasons["generator.condition"] = 'each class is drawn by its name; "none" mixes them'
    return reasons


def _augmentation(spec: Spec, examples: int, border: float) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the [[augmentation]] tables for so many pictures, and the reasons."""
    tables: list[dict[str, Any]] = []
    reasons: dict[str, str] = {}
    if examples >= FEW:
        return tables, reasons
    if spec.shape[0] == 3:
        tables.append({"use": "mirror"})
        reasons["augmentation.0.use"] = "leave this table out where left and right matter, as in letters"
    policy = ["color", "translation", "cutout"] if examples < VERY_FEW else ["translation"]
    tables.append({"use": "diff_augment", "policy": policy, "fill": border})
    last = f"augmentation.{len(tables) - 1}"
    reasons[f"{last}.policy"] = "few pictures are soon known by heart; these changes delay it"
    reasons[f"{last}.fill"] = "the colour of most borders, in [-1, 1]; 0 is grey"
    return tables, reasons

"""Networks that `ganzoo suggest` proposes: `compact`, as wide as the time allows."""

from collections.abc import Iterator
from typing import Any

from ganzoo import Spec, Suggestion

WIDTHS = {
    64: 10_000,
    32: 5_000,
    24: 3_000,
    16: 2_000,
    12: 1_500,
    8: 1_000,
}  # width -> steps that it needs
MOST = 50_000  # steps after which samples of such small networks change little
LARGE = 32  # side above which batches are smaller


def suggest(spec: Spec, examples: int) -> Iterator[Suggestion]:
    """Yield pairs of small convolutional networks for pictures, the widest first.

    Args:
        spec: Shape and classes of the pictures.
        examples: Number of pictures.

    Yields:
        Networks with their settings.
    """
    for width, steps in WIDTHS.items():
        tables = _tables(spec, width)
        yield Suggestion(f"width {width}", tables, fewest_steps=steps, most_steps=MOST, reasons=_reasons(spec))


def _tables(spec: Spec, width: int) -> dict[str, Any]:
    large = spec.shape[-1] > LARGE
    labels = ({"condition": "batch_norm"}, {"condition": "projection"}) if spec.classes else ({}, {})
    return {
        "run": {"batch_size": 32 if large else 64},
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
        "run.batch_size": "small batches make more steps in the same time",
        "regularizer.use": "keeps the discriminator's slope bounded, which a high learning rate needs",
    }
    if spec.classes:
        reasons["generator.condition"] = 'each subfolder or class is drawn by its name; "none" mixes them'
    return reasons

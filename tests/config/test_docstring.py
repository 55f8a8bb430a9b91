"""Descriptions of settings in Google-style docstrings."""

from __future__ import annotations

from ganzoo.config.docstring import describe_settings, without_settings

DOC = """A loss.

Logits are values.

Args:
    lr: Its rate; 1e-3
        is common.
    betas (tuple of two): Decays.
    other: No setting.

Note:
    From the paper.

Raises:
    ValueError: Never.
"""


def test_args_and_attributes_describe_settings() -> None:
    attributes = "A class.\n\nAttributes:\n    lr: The rate again.\n    weight: A factor.\n"
    assert describe_settings([DOC, attributes], ["lr", "betas", "weight", "eps"]) == {
        "lr": "Its rate; 1e-3 is common.",
        "betas": "Decays.",
        "weight": "A factor.",
    }
    assert describe_settings([DOC], []) == {}
    assert describe_settings(["", "A summary."], ["lr"]) == {}


def test_the_text_without_settings_keeps_notes() -> None:
    assert without_settings(DOC) == "A loss.\n\nLogits are values.\n\nNote: From the paper."

"""Conversion of tables of ganzoo 0.1: settings of mixtures of Gaussians and of folders of pictures."""

from __future__ import annotations

from typing import Any

Table = dict[str, Any]


def mixture(table: Table) -> tuple[Table, str]:
    """Rename `labels` to `labelled`: see Zoo.add()."""
    if "labels" not in table:
        return table, ""
    renewed = {"labelled" if name == "labels" else name: value for name, value in table.items()}
    return renewed, "[dataset] labels is now labelled; the old spelling goes in ganzoo 0.3."


def fit(table: Table) -> tuple[Table, str]:
    """Rename the value "stretch" of `fit`: see Zoo.add()."""
    if table.get("fit") != "stretch":
        return table, ""
    return {**table, "fit": "resize"}, '[dataset] fit = "stretch" is now "resize"; the old spelling goes in ganzoo 0.3.'

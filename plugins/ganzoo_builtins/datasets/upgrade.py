"""Conversion of tables of ganzoo 0.1, in which mixtures of Gaussians had the setting `labels`."""

from __future__ import annotations

from typing import Any

Table = dict[str, Any]


def mixture(table: Table) -> tuple[Table, str]:
    """Rename `labels` to `labelled`: see Zoo.add()."""
    if "labels" not in table:
        return table, ""
    renewed = {"labelled" if name == "labels" else name: value for name, value in table.items()}
    return renewed, "[dataset] labels is now labelled; the old spelling goes in ganzoo 0.3."

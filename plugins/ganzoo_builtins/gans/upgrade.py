"""Conversion of tables of ganzoo 0.1, in which networks of LAPGAN's levels had the setting `labels`."""

from __future__ import annotations

from typing import Any

Table = dict[str, Any]


def lapgan_level(table: Table) -> tuple[Table, str]:
    """Rename `labels` to `condition`: see Zoo.add()."""
    if "labels" not in table:
        return table, ""
    renewed = {name: value for name, value in table.items() if name != "labels"}
    if not table["labels"]:
        return renewed, 'labels = false of lapgan_level is now condition = "none"; the old spelling goes in ganzoo 0.3.'
    remark = 'labels = true of lapgan_level is now condition = "concat"; the old spelling goes in ganzoo 0.3.'
    return {**renewed, "condition": "concat"}, remark

"""Tables of a recipe written as TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import Tree


def to_toml(tree: Tree) -> str:
    """Return tables as TOML, which has no null: values that are None are left out."""
    lines: list[str] = []
    for table, content in tree.items():
        for settings in content if isinstance(content, list) else [content]:
            lines.append(f"[[{table}]]" if isinstance(content, list) else f"[{table}]")
            lines += _settings(settings)
            for name, inner in settings.items():
                if isinstance(inner, Mapping):
                    lines += [f"[{table}.{name}]", *_settings(inner)]
            lines.append("")
    return "\n".join(lines).rstrip()


def _settings(table: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} = {as_toml(value)}"
        for key, value in table.items()
        if value is not None and not isinstance(value, Mapping)
    ]

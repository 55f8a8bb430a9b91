"""What one component adds to the JSON Schema of recipes: its names and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganzoo.config.component import is_list_of_parts, signature
from ganzoo.config.json_schema_settings import of_model
from ganzoo.config.parser import Tree
from ganzoo.config.signature import describe
from ganzoo.registry.zoo import Entry, Zoo


@dataclass
class Offer:
    """One component that a table may use, by any of `names`; `table` is the schema of its settings without `use`."""

    names: list[str]
    summary: str
    table: Tree
    definitions: Tree
    parts: dict[str, bool]  # the tables that it takes, and whether any number of each

    def whole(self, **more: Any) -> Tree:
        """The schema of a table that says `use`."""
        required = ["use", *(name for name in self.table.get("required", []) if name != "use")]
        return {**self.partly(), "required": required, **more}

    def partly(self) -> Tree:
        """The same for a table that changes another: it needs no setting."""
        use = {"type": "string", "enum": self.names, "description": self.summary}
        settings = {name: one for name, one in self.table["properties"].items() if name != "use"}
        properties = {"use": use, **settings}
        table = {word: value for word, value in self.table.items() if word != "required"}  # which may not be empty
        return {**table, "description": self.summary, "properties": properties}


def offer(entry: Entry, zoo: Zoo) -> Offer:
    """What a recipe may write of this component. Errors: whatever loading it may raise, or asking for its settings."""
    own = signature(entry.load())
    doc = describe(entry).doc
    prefix = f"{entry.kind}.{entry.owner}.{entry.name}"
    table, definitions = of_model(own.model, prefix, doc)
    twins = [one for one in zoo.entries(entry.kind) if one.name == entry.name]
    names = [entry.full_name] if len(twins) > 1 else [entry.name, entry.full_name]
    parts = {name: is_list_of_parts(parameter) for name, parameter in own.parts.items()}
    return Offer(names, _summary(entry, doc, parts), table, definitions, parts)


def _summary(entry: Entry, doc: str, parts: dict[str, bool]) -> str:
    """What an editor shows beside the name: what it is, its paper, and the tables that a procedure takes."""
    told = [entry.summary or doc.partition("\n")[0], entry.paper]
    if parts:
        told.append(f"Tables: {', '.join(f'[[{name}]]' if many else f'[{name}]' for name, many in parts.items())}")
    return " ".join(one if one.endswith(".") else f"{one}." for one in told if one)

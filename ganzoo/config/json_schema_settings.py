"""A pydantic model as a JSON Schema that editors understand: draft 7, and of it little that draft 4 had not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import PydanticOmit

from ganzoo.config.parser import Tree

# What is taken over as it is. Left out: titles, and words that some editors know and others do not, such as "format".
LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
KEPT = ("type", "description", "enum", "default", *LIMITS, "minItems", "maxItems", "required")
CHOICES = ("anyOf", "oneOf", "allOf")
NAMED = ("properties", "patternProperties")
INNER = ("items", "additionalProperties")


class _Settable(GenerateJsonSchema):
    """Leaves out what only Python can hold: a tensor, a function, a module."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Any:
        raise PydanticOmit

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """A default that is no JSON is left out too, and nobody needs to hear of it."""


def of_model(model: type[BaseModel], prefix: str, doc: str = "") -> tuple[Tree, Tree]:
    """The schema of a table with these settings, and the definitions that it refers to, named "PREFIX.Model".

    doc: a docstring that may say what they mean.
    """
    made = model.model_json_schema(schema_generator=_Settable, ref_template=f"#/definitions/{prefix}.{{model}}")
    settings, named = made.setdefault("properties", {}), made.pop("$defs", {})
    for name, text in explained(doc, settings).items():
        settings[name].setdefault("description", text)
    return plain(made), {f"{prefix}.{name}": plain(one) for name, one in named.items()}


def plain(schema: Any) -> Any:
    """The same schema in words that were there in draft 7: no "prefixItems", no "const", nothing beside a "$ref"."""
    if not isinstance(schema, dict):
        return schema  # additionalProperties = false
    made = {word: schema[word] for word in KEPT if word in schema}
    if made.get("default", ...) is None:
        del made["default"]  # TOML has no word for it
    if "anyOf" in schema and len(schema["anyOf"]) == 2 and {"type": "null"} in schema["anyOf"]:
        return _or_null(made, *(one for one in schema["anyOf"] if one != {"type": "null"}))
    made |= {word: [plain(one) for one in schema[word]] for word in CHOICES if word in schema}
    made |= {word: {name: plain(one) for name, one in schema[word].items()} for word in NAMED if word in schema}
    made |= {word: plain(schema[word]) for word in INNER if word in schema}
    if "const" in schema:
        made["enum"] = [schema["const"]]
    if "prefixItems" in schema:
        places = [plain(one) for one in schema["prefixItems"]]
        made["items"] = places[0] if all(one == places[0] for one in places) else places
    if "$ref" in schema:
        reference = {"$ref": schema["$ref"]}
        return {**made, "allOf": [reference]} if made else reference
    return _whole(made) if made.get("type") == "integer" else made


def _or_null(made: Tree, value: Any) -> Tree:
    """`PositiveInt | None` in one piece where that can be: a message then says what is wrong with a number."""
    inner = plain(value)
    if isinstance(inner.get("type"), str) and "enum" not in inner:
        return {**inner, **made, "type": [inner["type"], "null"]}
    return {**made, "anyOf": [inner, {"type": "null"}]}


def _whole(schema: Tree) -> Tree:
    """Bounds of whole numbers that are themselves allowed: above 0 is from 1, which reads better in a message."""
    if (above := schema.pop("exclusiveMinimum", None)) is not None:
        schema["minimum"] = max(math.floor(above) + 1, schema.get("minimum", -math.inf))
    if (below := schema.pop("exclusiveMaximum", None)) is not None:
        schema["maximum"] = min(math.ceil(below) - 1, schema.get("maximum", math.inf))
    return schema


def explained(doc: str, names: Iterable[str]) -> dict[str, str]:
    """What a docstring says of settings, where it does it as ours do: "hidden: widths of the layers. norm: ..."."""
    known = "|".join(map(re.escape, names))
    found: dict[str, str] = {}
    for paragraph in re.split(r"\n[ \t]*\n", doc) if known else ():
        pieces = re.split(rf"(?m)(?:^[ \t]*|(?<=[.;] ))({known}): ", paragraph)
        for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
            found.setdefault(name, " ".join(text.split()))
    return found

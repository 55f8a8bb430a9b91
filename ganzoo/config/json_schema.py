"""JSON Schema of recipes for the installed components: editors complete and check recipes with it.

The schema keeps to draft 7, and mostly to words of draft 4, since those are the ones that editors for TOML know.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import PydanticOmit

from ganzoo.config.docstring import describe_settings
from ganzoo.config.parser import NEEDED, PER_PLAYER, Tree
from ganzoo.config.recipe import About, Evaluation, RunSettings
from ganzoo.config.signature import PARTS, is_list_of_parts, is_schedulable, loaded
from ganzoo.errors import one_line
from ganzoo.registry.zoo import BUILT_IN, KINDS, Entry, Zoo

TITLE = "A recipe of ganzoo"
DESCRIBED = 500  # components of a kind whose settings are described: each takes milliseconds
DRAFT = "http://json-schema.org/draft-07/schema#"
MODELS: dict[str, type[BaseModel]] = {"about": About, "run": RunSettings, "evaluate": Evaluation}
PURPOSES = {
    "generator": "The network that generates samples.",
    "discriminator": "The network that judges samples.",
    "encoder": "The network that maps samples to latents.",
    "loss": "The losses of the discriminator and the generator.",
    "regularizer": "Terms added to the losses, or constraints on the networks; any number of these.",
    "augmentation": "Random changes of the samples that a discriminator sees; any number of these.",
    "transform": "The function that makes a translator's input of a sample.",
    "dataset": "The training data.",
    "procedure": "The training algorithm, which also decides on the other tables.",
    "optimizer": "The optimizer of every player; [optimizer.PLAYER] overrides it for one.",
    "schedule": "A factor on the learning rate over the steps; [schedule.PLAYER] overrides it for one.",
    "metric": "A metric that the run is evaluated by; any number of these.",
    "extractor": "The feature extractor of the metrics.",
}

# Words that are copied as they are. Left out: titles, and words that some editors do not know, such as "format".
LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
COPIED = ("type", "description", "enum", "default", *LIMITS, "minItems", "maxItems", "required")
CHOICES = ("anyOf", "oneOf", "allOf")
MAPPINGS = ("properties", "patternProperties")
INNER = ("items", "additionalProperties")


def build(zoo: Zoo) -> tuple[Tree, list[str]]:
    """Return the schema, and remarks about components that cannot be loaded, or are too many to describe."""
    components: dict[str, list[ComponentSchema]] = {kind: [] for kind in KINDS}
    remarks = []
    undescribed: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for entry in sorted(zoo.entries(), key=lambda entry: entry.owner != BUILT_IN):
        names = list(dict.fromkeys([zoo.shortest_name(entry), entry.full_name]))
        if len(components[entry.kind]) == DESCRIBED:
            undescribed[entry.kind] += names
            continue
        try:
            components[entry.kind].append(_component(entry, names))
        except Exception as error:  # a stranger's component fails alone
            remarks.append(f"{entry.kind} {entry.full_name} is left out: {one_line(str(error), 300)}")
    for kind, names in undescribed.items():
        if names:
            alone = ComponentSchema(names, "Its settings are not described.", {"properties": {}}, {}, {})
            components[kind].append(alone)
            remarks.append(f"of each {kind} after the first {DESCRIBED:,}, the schema has the name alone")
    definitions: Tree = {"change": _change(zoo)}
    for kind, schemas in components.items():
        if kind in PER_PLAYER:
            definitions |= _per_player(kind, schemas)
        else:
            definitions[kind] = _union(kind, schemas, map(ComponentSchema.complete, schemas))
        for schema in schemas:
            definitions |= schema.definitions
    settings = {}
    for table, model in MODELS.items():
        settings[table], named = _settings_table(table, model)
        definitions |= named
    tree = {
        "$schema": DRAFT,
        "title": TITLE,
        "description": "One file that says what is trained, on what, and how.",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "Location of this schema, for editors."},
            **settings,
            **{kind: _refer(kind) for kind in ("dataset", "procedure", "optimizer", "schedule", "extractor")},
            "dataset_a": _refer("dataset"),
            "metric": _list(_refer("metric")),
            **_parts(components["procedure"]),
            "augmentation": _list(_refer("augmentation")),
        },
        "patternProperties": {f"^{kind}_": _one_or_list(kind) for kind in PARTS},  # [generator_b]
        "additionalProperties": False,
        "required": ["run", *NEEDED],
        "definitions": definitions,
    }
    return tree, remarks


@dataclass
class ComponentSchema:
    """The schema of the tables that use one component.

    Attributes:
        names: The names that `use` may have.
        summary: One line on the component, its paper, and the tables that a procedure takes.
        table: The schema of its settings, without `use`.
        definitions: The definitions that the schema refers to.
        parts: The tables that a procedure takes, each with True when it takes any number of them.
    """

    names: list[str]
    summary: str
    table: Tree
    definitions: Tree
    parts: dict[str, bool]

    def complete(self, **more: Any) -> Tree:
        """Return the schema of a table that must have `use` and all required settings."""
        required = ["use", *(name for name in self.table.get("required", []) if name != "use")]
        return {**self.partial(), "required": required, **more}

    def partial(self) -> Tree:
        """Return the schema of a table that overrides another, and so requires no setting."""
        use = {"type": "string", "enum": self.names, "description": self.summary}
        settings = {name: schema for name, schema in self.table["properties"].items() if name != "use"}
        table = {word: value for word, value in self.table.items() if word != "required"}  # which may not be empty
        return {**table, "description": self.summary, "properties": {"use": use, **settings}}


def _model_schema(model: type[BaseModel], prefix: str, descriptions: Mapping[str, str]) -> tuple[Tree, Tree]:
    """Write the schema of a table with these settings.

    Args:
        model: The settings as a pydantic model.
        prefix: Start of the definitions' names, "PREFIX.Model".
        descriptions: Descriptions of settings, used where the model has none.

    Returns:
        The schema, and the definitions that it refers to.
    """
    schema = model.model_json_schema(schema_generator=_SettingsSchema, ref_template=f"#/definitions/{prefix}.{{model}}")
    settings, named = schema.setdefault("properties", {}), schema.pop("$defs", {})
    for name in settings.keys() & descriptions.keys():
        settings[name].setdefault("description", descriptions[name])
    return simplify(schema), {f"{prefix}.{name}": simplify(definition) for name, definition in named.items()}


def simplify(schema: Any) -> Any:
    """Return the schema without words newer than draft 7: "prefixItems", "const", or any word beside a "$ref"."""
    if not isinstance(schema, dict):
        return schema  # additionalProperties = false
    simple = {word: schema[word] for word in COPIED if word in schema}
    if simple.get("default", ...) is None:
        del simple["default"]  # TOML has no null
    if "anyOf" in schema and len(schema["anyOf"]) == 2 and {"type": "null"} in schema["anyOf"]:
        return _or_null(simple, *(choice for choice in schema["anyOf"] if choice != {"type": "null"}))
    simple |= {word: [simplify(choice) for choice in schema[word]] for word in CHOICES if word in schema}
    simple |= {word: {n: simplify(s) for n, s in schema[word].items()} for word in MAPPINGS if word in schema}
    simple |= {word: simplify(schema[word]) for word in INNER if word in schema}
    if "const" in schema:
        simple["enum"] = [schema["const"]]
    if "prefixItems" in schema:
        items = [simplify(item) for item in schema["prefixItems"]]
        simple["items"] = items[0] if all(item == items[0] for item in items) else items
    if "$ref" in schema:
        reference = {"$ref": schema["$ref"]}
        return {**simple, "allOf": [reference]} if simple else reference
    return _inclusive_bounds(simple) if simple.get("type") == "integer" else simple


class _SettingsSchema(GenerateJsonSchema):
    """Leaves out types that only Python can hold: a tensor, a function, a module."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Any:
        raise PydanticOmit

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Leave out a default that JSON cannot hold without a warning."""


def _or_null(schema: Tree, value: Any) -> Tree:
    """Write `PositiveInt | None` as one type where possible: messages then say what is wrong with a number."""
    inner = simplify(value)
    if isinstance(inner.get("type"), str) and "enum" not in inner:
        return {**inner, **schema, "type": [inner["type"], "null"]}
    return {**schema, "anyOf": [inner, {"type": "null"}]}


def _inclusive_bounds(schema: Tree) -> Tree:
    """Make the bounds of an integer inclusive: "at least 1" reads better in a message than "above 0"."""
    if (above := schema.pop("exclusiveMinimum", None)) is not None:
        schema["minimum"] = max(math.floor(above) + 1, schema.get("minimum", -math.inf))
    if (below := schema.pop("exclusiveMaximum", None)) is not None:
        schema["maximum"] = min(math.ceil(below) - 1, schema.get("maximum", math.inf))
    return schema


def _component(entry: Entry, names: list[str]) -> ComponentSchema:
    signature = loaded(entry)
    prefix = f"{entry.kind}.{entry.owner}.{entry.name}"
    table, definitions = _model_schema(signature.model, prefix, signature.descriptions())
    for name, parameter in signature.settings.items():
        if is_schedulable(parameter) or (entry.kind == "optimizer" and table["properties"].get(name, {}).get("type")):
            table["properties"][name] = _or_change(table["properties"][name])
    parts = {name: is_list_of_parts(parameter) for name, parameter in signature.parts.items()}
    return ComponentSchema(names, _summarize(entry, signature.doc, parts), table, definitions, parts)


def _or_change(number: Tree) -> Tree:
    """Return the schema of a number, or a list of them, that may change in training: a table has its two ends."""
    described: Tree = {word: value for word, value in number.items() if word in ("description", "default")}
    plain = {word: value for word, value in number.items() if word not in described}
    if isinstance(items := plain.get("items"), dict):
        return {**number, "items": _or_change(items)}
    return {**described, "anyOf": [plain, _refer("change")]} if plain.get("type") in ("number", "integer") else number


def _change(zoo: Zoo) -> Tree:
    """Return the schema of a table in place of a number."""
    number = {"type": "number"}
    names = [name for entry in zoo.entries("schedule") for name in (zoo.shortest_name(entry), entry.full_name)]
    return {
        "type": "object",
        "description": "A number that changes in training, by the curve of a schedule.",
        "properties": {
            "use": {"type": "string", "enum": [*dict.fromkeys(names)], "description": "The schedule."},
            "from": {**number, "description": "Value at the first step."},
            "to": {**number, "description": "Value at the end of the change, and from then on."},
            "over": {
                **number,
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "Share of the run that the change takes; by default all of it.",
            },
            "steps": {"type": "integer", "minimum": 1, "description": "Its number of steps, in place of over."},
        },
        "required": ["use", "from", "to"],
    }


def _summarize(entry: Entry, doc: str, parts: dict[str, bool]) -> str:
    sentences = [entry.summary or doc.partition("\n")[0], entry.paper]
    if parts:
        sentences.append(f"Tables: {', '.join(f'[[{name}]]' if many else f'[{name}]' for name, many in parts.items())}")
    return " ".join(sentence if sentence.endswith(".") else f"{sentence}." for sentence in sentences if sentence)


def _settings_table(table: str, model: type[BaseModel]) -> tuple[Tree, Tree]:
    """Return the schema of a table that is no component, described by its docstring, and its definitions."""
    doc = inspect.cleandoc(model.__doc__ or "")
    schema, definitions = _model_schema(model, table, describe_settings([doc], model.model_fields))
    return {**schema, "description": doc.partition("\n")[0]}, definitions


def _union(kind: str, components: list[ComponentSchema], branches: Iterable[Tree]) -> Tree:
    """Return the schema of a table that uses one of these; any table where no component is installed."""
    table = {"type": "object", "description": PURPOSES[kind], "required": ["use"]}
    return {**table, "anyOf": [*branches]} if components else table


def _per_player(kind: str, components: list[ComponentSchema]) -> Tree:
    """Return definitions of [optimizer] and of the tables of players in it, which may override single settings."""
    player = f"{kind}.player"

    def branch(component: ComponentSchema) -> Tree:
        if component.table.get("additionalProperties") is not False:  # it takes any settings
            return component.complete()
        return component.complete(additionalProperties={"anyOf": [component.partial(), _refer(player)]})

    return {
        kind: _union(kind, components, map(branch, components)),
        player: _union(kind, components, map(ComponentSchema.complete, components)),
    }


def _parts(procedures: list[ComponentSchema]) -> Tree:
    """Return the schema of each table that a procedure takes: one table or a list, or either if procedures differ."""
    forms: dict[str, set[bool]] = {kind: set() for kind in PARTS}
    for procedure in procedures:
        for name, many in procedure.parts.items():
            forms.setdefault(name, set()).add(many)
    return {name: _part(name.partition("_")[0], form) for name, form in forms.items()}


def _part(kind: str, forms: set[bool]) -> Tree:
    if len(forms) != 1:
        return _one_or_list(kind)
    return _list(_refer(kind)) if forms == {True} else _refer(kind)


def _one_or_list(kind: str) -> Tree:
    return {"anyOf": [_refer(kind), _list(_refer(kind))]}


def _list(items: Tree) -> Tree:
    return {"type": "array", "items": items}


def _refer(name: str) -> Tree:
    return {"$ref": f"#/definitions/{name}"}

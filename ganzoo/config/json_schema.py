"""JSON Schema of recipes, by what is installed: editors complete and check tables, names and settings with it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from pydantic import BaseModel

from ganzoo.config.json_schema_component import Offer, offer
from ganzoo.config.json_schema_settings import of_model
from ganzoo.config.parser import NEEDED, PER_PLAYER, Tree
from ganzoo.config.recipe import About, Evaluation, RunSettings
from ganzoo.config.signature import PARTS
from ganzoo.errors import one_line
from ganzoo.registry.zoo import KINDS, Zoo

DRAFT = "http://json-schema.org/draft-07/schema#"
MODELS: dict[str, type[BaseModel]] = {"about": About, "run": RunSettings, "evaluate": Evaluation}
PURPOSES = {
    "generator": "The network that makes samples.",
    "discriminator": "The network that judges samples.",
    "encoder": "The network that leads from samples to latents.",
    "loss": "What the discriminator and the generator minimise.",
    "regularizer": "What is added to the losses or done to the networks; any number of these.",
    "transform": "What a translator is given of a sample.",
    "dataset": "What is trained on.",
    "procedure": "Who moves when, and which tables there are.",
    "optimizer": "How every player learns; [optimizer.PLAYER] says what differs for one.",
    "schedule": "A factor on the learning rate over the steps; [schedule.PLAYER] says what differs for one.",
    "metric": "By what a run is judged; any number of these.",
    "extractor": "What metrics look at samples with.",
}


def document(zoo: Zoo) -> tuple[Tree, list[str]]:
    """The schema, and remarks about components that are left out because they cannot be loaded."""
    offers: dict[str, list[Offer]] = {kind: [] for kind in KINDS}
    remarks = []
    for entry in zoo.entries():
        try:
            offers[entry.kind].append(offer(entry, zoo))
        except Exception as error:  # a stranger's component costs itself
            remarks.append(f"{entry.kind} {entry.full_name} is left out: {one_line(str(error), 300)}")
    definitions: Tree = {}
    for kind, mine in offers.items():
        definitions |= _kind(kind, mine) if kind in PER_PLAYER else {kind: _union(kind, mine, map(Offer.whole, mine))}
        for one in mine:
            definitions |= one.definitions
    settings = {table: _settings(table, model) for table, model in MODELS.items()}
    for _, named in settings.values():
        definitions |= named
    several = {f"^{kind}_": _either(kind) for kind in PARTS}  # [generator_b]
    made = {
        "$schema": DRAFT,
        "title": "A recipe of ganzoo",
        "description": "One file that says what is trained, on what, and how.",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "Where an editor finds this schema."},
            **{table: schema for table, (schema, _) in settings.items()},
            **{kind: _refer(kind) for kind in ("dataset", "procedure", "optimizer", "schedule", "extractor")},
            "metric": _list(_refer("metric")),
            **_parts(offers["procedure"]),
        },
        "patternProperties": several,
        "additionalProperties": False,
        "required": ["run", *NEEDED],
        "definitions": definitions,
    }
    return made, remarks


def _settings(table: str, model: type[BaseModel]) -> tuple[Tree, Tree]:
    """A table that is no component; its docstring says in its first line what it is, and then what each setting is."""
    doc = inspect.cleandoc(model.__doc__ or "")
    schema, definitions = of_model(model, table, doc)
    return {**schema, "description": doc.partition("\n")[0]}, definitions


def _union(kind: str, offers: list[Offer], branches: Iterable[Tree]) -> Tree:
    """A table that uses one of these; any table where nothing of the kind is installed."""
    table = {"type": "object", "description": PURPOSES[kind], "required": ["use"]}
    return {**table, "anyOf": [*branches]} if offers else table


def _kind(kind: str, offers: list[Offer]) -> Tree:
    """[optimizer] with tables of players, each with another `use` or with some settings laid over the common ones."""
    player = f"{kind}.player"

    def branch(one: Offer) -> Tree:
        if one.table.get("additionalProperties") is not False:  # it takes any settings
            return one.whole()
        return one.whole(additionalProperties={"anyOf": [one.partly(), _refer(player)]})

    return {
        kind: _union(kind, offers, map(branch, offers)),
        player: _union(kind, offers, map(Offer.whole, offers)),
    }


def _parts(procedures: list[Offer]) -> Tree:
    """The tables that procedures are made of: each is one table or any number of them, as they take it."""
    forms: dict[str, set[bool]] = {kind: set() for kind in PARTS}
    for procedure in procedures:
        for name, many in procedure.parts.items():
            forms.setdefault(name, set()).add(many)
    return {name: _part(name.partition("_")[0], form) for name, form in forms.items()}


def _part(kind: str, forms: set[bool]) -> Tree:
    if len(forms) != 1:
        return _either(kind)
    return _list(_refer(kind)) if forms == {True} else _refer(kind)


def _either(kind: str) -> Tree:
    return {"anyOf": [_refer(kind), _list(_refer(kind))]}


def _list(items: Tree) -> Tree:
    return {"type": "array", "items": items}


def _refer(name: str) -> Tree:
    return {"$ref": f"#/definitions/{name}"}

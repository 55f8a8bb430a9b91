"""A recipe table as a callable: a component and its settings, checked against the target's signature."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ganzoo.config.signature import SUPPLIED, is_part
from ganzoo.errors import did_you_mean, one_line
from ganzoo.registry.zoo import Entry

PLAIN = (bool, int, float, str)
NO_JSON = "needs_python_object"  # pydantic on the Tensor in `float | Tensor`
BRANCH = re.compile(r"float|int|str|bool|function-.*|is-instance.*")  # how pydantic names the sides of a union


@dataclass(frozen=True)
class Blueprint:
    """Calling it builds the component: generator(spec), loss(). A procedure may build one several times."""

    entry: Entry
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *args: Any, **more: Any) -> Any:
        return self.entry.load()(*args, **{**self.settings, **more})

    @cached_property
    def signature(self) -> Signature:
        return signature(self.entry.load())

    def problems(self) -> list[str]:
        """What is wrong with the settings, one sentence each."""
        return self.signature.problems(f"{self.entry.kind} {self.entry.name!r}", self.settings)

    def filled(self) -> dict[str, Any]:
        """The settings with the defaults of all others, as JSON can hold them."""
        return {"use": self.entry.full_name, **self.signature.defaults(), **self.settings}


class Signature:
    """The settings and parts that a target's signature asks for."""

    def __init__(self, target: Any):
        call = getattr(target, "func", target)  # what a partial() calls
        hints = _hints(call.__init__ if inspect.isclass(call) else call)
        self.open = False  # **settings: anything goes
        self.parts: dict[str, inspect.Parameter] = {}
        self.settings: dict[str, inspect.Parameter] = {}
        for name, parameter in inspect.signature(target).parameters.items():
            parameter = parameter.replace(annotation=hints.get(name, parameter.annotation))
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                self.open |= parameter.kind is parameter.VAR_KEYWORD
            elif _is_part(parameter):
                self.parts[name] = parameter
            elif name not in SUPPLIED:
                self.settings[name] = parameter

    def problems(self, owner: str, given: Mapping[str, Any]) -> list[str]:
        """Unknown, missing and wrongly typed settings of `owner`, all of them."""
        return check(self.model, owner, given)

    def defaults(self) -> dict[str, Any]:
        found = {name: p.default for name, p in self.settings.items() if p.default is not p.empty}
        return {name: value for name, value in found.items() if _is_json(value)}

    @cached_property
    def model(self) -> Any:
        """The settings as a pydantic model, which refuses others unless the signature is open."""
        from pydantic import ConfigDict, create_model

        fields: dict[str, Any] = {
            name: (_type(p), ... if p.default is p.empty else p.default) for name, p in self.settings.items()
        }
        extra: typing.Literal["allow", "forbid"] = "allow" if self.open else "forbid"
        config = ConfigDict(extra=extra, arbitrary_types_allowed=True, allow_inf_nan=False)
        return create_model("Settings", __config__=config, **fields)


@functools.lru_cache(maxsize=256)
def signature(target: Any) -> Signature:
    """The same one for the same target: a recipe may name a component a thousand times."""
    return Signature(target)


def check(model: Any, owner: str, given: Mapping[str, Any]) -> list[str]:
    """What pydantic finds wrong with `given`, in our words. Strict JSON: "1000" is no number, but 1 is a float."""
    from pydantic import ValidationError  # not needed to list, show or complete

    try:
        model.model_validate_json(json.dumps(given, default=_date), strict=True)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        told = [error for error in errors if error["type"] != NO_JSON] or errors
        return [_sentence(owner, list(model.model_fields), error) for error in told]
    return []


def _date(value: Any) -> dict[str, str]:
    """TOML has dates, no setting has: of this shape they fit none."""
    return {"date": str(value)}


def _sentence(owner: str, known: list[str], error: Any) -> str:
    name = one_line(".".join(part for part in map(str, error["loc"]) if not BRANCH.fullmatch(part)))
    if error["type"] == "extra_forbidden":
        has = f"It has: {', '.join(known)}." if known else "It has none."
        return f"{owner} has no setting {name!r}.{did_you_mean(name, known)} {has}"
    if error["type"] == "missing" and len(error["loc"]) == 1:
        return f"{owner} needs the setting {name!r}: add {name} = ..."
    if error["type"] == NO_JSON:
        return f"{owner}, {name}: cannot be set in a recipe"
    return f"{owner}, {name}: {error['msg'].replace('Input should', 'should')}, not {one_line(repr(error['input']))}"


def _is_part(parameter: inspect.Parameter) -> bool:
    return is_part(parameter.name, "" if parameter.annotation is parameter.empty else str(parameter.annotation))


def _type(parameter: inspect.Parameter) -> Any:
    """The annotation; without one, the default's own type where that is plain."""
    if isinstance(parameter.annotation, str):  # one that only a type checker can see
        return Any
    if parameter.annotation is not parameter.empty:
        return parameter.annotation
    return type(parameter.default) if type(parameter.default) in PLAIN else Any


def _hints(call: Any) -> dict[str, Any]:
    """Annotations as types, one by one: those that cannot be had at run time are left out."""
    hints: dict[str, Any] = {}
    for name, hint in getattr(call, "__annotations__", {}).items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        with contextlib.suppress(NameError, AttributeError, TypeError):
            hints |= typing.get_type_hints(alone, getattr(call, "__globals__", None), include_extras=True)
    return hints


def _is_json(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, PLAIN)


def is_list_of_parts(parameter: inspect.Parameter) -> bool:
    """True for `regularizer: list[Blueprint]`, filled by any number of [[regularizer]] tables."""
    return re.search(r"\b(list|tuple|sequence)\[", str(parameter.annotation), re.IGNORECASE) is not None

"""Settings checked against a pydantic model, with error messages in the words of a recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import did_you_mean, one_line

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

NOT_SETTABLE = "needs_python_object"  # pydantic on the Tensor in `float | Tensor`
DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+(?:[eE][+-]?\d+)?)")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,' \u2019\u202f\xa0]\d{3})+")
POWERS = {"k": 10**3, "m": 10**6}
ABBREVIATED = re.compile(rf"(\d+)([{''.join(POWERS)}])", re.IGNORECASE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# How pydantic names the sides of a union.
UNION_BRANCH = re.compile(r"float|int|str|bool|literal\[.*|constrained-.*|function-.*|is-instance.*")


def check(model: type[BaseModel], owner: str, settings: Mapping[str, Any]) -> list[str]:
    """Check settings for unknown names, missing ones and wrong types.

    Validation is strict, as of JSON: "1000" is no number, but 1 is a float.

    Args:
        model: The pydantic model that the settings must fit.
        owner: The component or table whose settings they are, as messages name it.
        settings: The settings as TOML or JSON holds them.

    Returns:
        One sentence for each problem.
    """
    errors = _errors(model, settings)
    errors = [error for error in errors if error["type"] != NOT_SETTABLE] or errors
    fields = list(model.model_fields)
    return [_describe_errors(owner, fields, same) for same in _by_setting(errors).values()]


def fits(model: type[BaseModel], name: str, value: Any) -> bool:
    """Tell whether a model has a setting of this name that takes this value."""
    return name in model.model_fields and not any(error["loc"][0] == name for error in _errors(model, {name: value}))


def _errors(model: type[BaseModel], settings: Mapping[str, Any]) -> list[ErrorDetails]:
    from pydantic import ValidationError  # `ganzoo list`, `show` and completion do without

    try:
        model.model_validate_json(json.dumps(settings, default=_encode_date), strict=True)
    except ValidationError as invalid:
        return invalid.errors(include_url=False)
    return []


def _by_setting(errors: list[ErrorDetails]) -> dict[str, list[ErrorDetails]]:
    """Group errors by setting: a union such as `"auto" | int` has one for each of its sides."""
    groups: dict[str, list[ErrorDetails]] = {}
    for error in errors:
        groups.setdefault(_name(error), []).append(error)
    return groups


def _encode_date(value: Any) -> dict[str, str]:
    """Return a shape that fits no setting: TOML has dates, settings have none."""
    return {"date": str(value)}


def _name(error: ErrorDetails) -> str:
    return one_line(".".join(part for part in map(str, error["loc"]) if not UNION_BRANCH.fullmatch(part)))


def _describe_errors(owner: str, known: list[str], errors: list[ErrorDetails]) -> str:
    error = errors[0]
    name = _name(error)
    if error["type"] == "extra_forbidden":
        has = f"It has: {', '.join(known)}." if known else "It has none."
        return f"{owner} has no setting {name!r}.{did_you_mean(name, known)} {has}"
    if error["type"] == "missing" and len(error["loc"]) == 1:
        return f"{owner} needs the setting {name!r}: add {name} = ..."
    if error["type"] == NOT_SETTABLE:
        return f"{owner}, {name}: cannot be set in a recipe"
    wrong = " or ".join(dict.fromkeys(each["msg"].replace("Input should", "should") for each in errors))
    return f"{owner}, {name}: {wrong}, not {one_line(repr(error['input']))}{_hint(name, error)}"


def _hint(name: str, error: ErrorDetails) -> str:
    """Return how to write a value that was most likely meant, or an empty string."""
    value = error["input"]
    wants_whole = error["type"].startswith("int_")
    if wants_whole and isinstance(value, str) and THOUSANDS.fullmatch(value):
        return f". Write numbers without separators: {name} = {re.sub(r'[^0-9-]', '', value)}"
    if wants_whole and isinstance(value, str) and (short := ABBREVIATED.fullmatch(value)):
        return f". Write numbers in digits: {name} = {int(short[1]) * POWERS[short[2].lower()]}"
    if isinstance(value, str) and (comma := DECIMAL_COMMA.fullmatch(value)):
        return f". Write decimals with a point: {name} = {comma[1]}.{comma[2]}"
    if error["type"].startswith("time_delta"):
        return f'. Write days, hours, minutes and seconds as a text: {name} = "1h30m"'
    wants_number = error["type"].startswith(("int_", "float_"))
    if wants_number and isinstance(value, str) and NUMBER.fullmatch(value):
        return f". Write numbers without quotes: {value}"
    if wants_whole and isinstance(value, float) and value.is_integer():
        return f". Write whole numbers in digits alone: {value:.0f}"
    return ""

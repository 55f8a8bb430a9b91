"""The settings of a component, read from its constructor: from source without importing it, or from the object."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ganzoo.config import docstring, validation
from ganzoo.config.definitions import UnreadableSourceError, evaluate, find
from ganzoo.registry.zoo import Entry
from ganzoo.utils.unicode import well_formed

if TYPE_CHECKING:
    from pydantic import BaseModel

SUPPLIED = ("self", "spec", "source", "params", "named_parameters")  # by whoever builds the component, never a recipe
PARTS = (  # kinds of component that a procedure is made of
    "generator",
    "discriminator",
    "encoder",
    "loss",
    "regularizer",
    "augmentation",
    "transform",
)
PLAIN = (bool, int, float, str)
SCHEDULABLE = "schedulable"  # marks the annotation of a number that may change in training
GENERAL = {"dataset": "ganzoo.config.general:dataset"}
"""Kind -> the settings of all its components."""
Parameters = dict[str, Parameter]


@dataclass(frozen=True)
class Signature:
    """The settings, parts and documentation of a component.

    Annotations of parameters are types where the signature was read from an object, and text where it was read from
    source. Only the former can check settings.

    Attributes:
        target: Where the component is defined, "module:name".
        docs: The docstring of the definition, then those that may document inherited settings.
        parts: Parameters that are filled by tables of their own, such as [generator].
        settings: Parameters that are set in the component's own table.
        open: True when any further setting is accepted, as by `**settings`.
    """

    target: str
    docs: tuple[str, ...]
    parts: Parameters
    settings: Parameters
    open: bool = False

    @property
    def doc(self) -> str:
        """The docstring of the definition."""
        return self.docs[0]

    def defaults(self) -> dict[str, Any]:
        """Return the defaults of all settings that have one which JSON can hold."""
        defaults = {name: parameter.default for name, parameter in self.settings.items()}
        return {name: value for name, value in defaults.items() if _is_json(value)}

    def required(self) -> list[str]:
        """Return the names of the settings that have no default."""
        return [name for name, parameter in self.settings.items() if parameter.default is Parameter.empty]

    def descriptions(self) -> dict[str, str]:
        """Return the settings that the docstrings document, each with its description on one line."""
        return docstring.describe_settings(self.docs, self.settings)

    @cached_property
    def model(self) -> type[BaseModel]:
        """The settings as a pydantic model, which forbids others unless the signature is open."""
        from pydantic import ConfigDict, create_model

        fields: dict[str, Any] = {
            name: (_field_type(parameter), ... if parameter.default is Parameter.empty else parameter.default)
            for name, parameter in self.settings.items()
        }
        extra: Literal["allow", "forbid"] = "allow" if self.open else "forbid"
        config = ConfigDict(extra=extra, arbitrary_types_allowed=True, allow_inf_nan=False)
        return create_model("Settings", __config__=config, **fields)

    def with_floats(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings in which whole numbers are floats where the default or the annotation has floats.

        So are those in lists and tables: `betas = [0, 0.9]` is [0.0, 0.9].
        """
        return {
            name: _with_floats(value, self.settings[name].default, self.settings[name].annotation)
            if name in self.settings
            else value
            for name, value in settings.items()
        }

    def problems(self, owner: str, settings: Mapping[str, Any]) -> list[str]:
        """Return one sentence for each unknown, missing or wrongly typed setting of `owner`."""
        return validation.check(self.model, owner, well_formed(settings))  # paths may be no UTF-8


def loaded(entry: Entry) -> Signature:
    """Import a component and read its signature, with the settings of all components of its kind."""
    signature = from_object(entry.load())
    if entry.kind not in GENERAL:
        return signature
    from ganzoo.config import general  # it imports pydantic, which listing components does without

    return _joined(from_object(vars(general)[entry.kind]), signature)


@functools.cache
def named_general(kind: str) -> tuple[str, ...]:
    """Return the names of the settings that all components of a kind have."""
    return tuple(from_source(GENERAL[kind]).settings) if kind in GENERAL else ()


def general_settings(kind: str, target: Any) -> set[str]:
    """Return the settings of a kind that the core reads, and that this component of it does not take itself."""
    return {*named_general(kind)} - {*from_object(target).settings}


def _joined(general: Signature, own: Signature) -> Signature:
    return replace(own, docs=(*own.docs, *general.docs), settings={**own.settings, **_without(general, own)})


def _without(general: Signature, own: Signature) -> Parameters:
    return {name: parameter for name, parameter in general.settings.items() if name not in own.settings}


def describe(entry: Entry) -> Signature:
    """Read the signature of a component, without importing it where its source can be read.

    Args:
        entry: The component. Once its module is imported, the object is read and not the source.

    Returns:
        Its signature.

    Raises:
        SetupError: When it has to be imported, and cannot.
    """
    if isinstance(entry.target, str) and entry.target.partition(":")[0] not in sys.modules:
        with contextlib.suppress(Exception):  # a stranger's source may hold anything; Python itself understands it
            signature = from_source(entry.target)
            return _joined(from_source(GENERAL[entry.kind]), signature) if entry.kind in GENERAL else signature
    return loaded(entry)


def from_source(target: str) -> Signature:
    """Read the signature of "module:name" without importing the module.

    Args:
        target: A class, a function or a functools.partial() of one.

    Returns:
        Its signature, with annotations as text.

    Raises:
        UnreadableSourceError: When reading cannot tell, for example because a default is computed.
    """
    module, definition = find(*target.split(":"))
    overridden: dict[str, Any] = {}
    match definition:
        case ast.Call(func=call, args=[wrapped], keywords=keywords) if ast.unparse(call).endswith("partial"):
            overridden = {str(keyword.arg): evaluate(module, keyword.value) for keyword in keywords}
            module, definition = find(module, ast.unparse(wrapped))
    if not isinstance(definition, (ast.ClassDef, ast.FunctionDef)):
        raise UnreadableSourceError(target)
    parameters, docs, is_open = _read_constructor(module, definition)
    for name, default in overridden.items():
        parameters[name] = parameters[name].replace(default=default)
    return Signature(f"{module}:{definition.name}", docs, *_divide(parameters), is_open)


@functools.lru_cache(maxsize=256)
def from_object(target: Any) -> Signature:
    """Read the signature of a class, a function or a functools.partial() of one."""
    definition = getattr(target, "func", target)  # a partial has its own docstring
    hints = _resolve_hints(definition.__init__ if inspect.isclass(definition) else definition)
    parameters: Parameters = {}
    is_open = False
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.kind is Parameter.VAR_KEYWORD:
            is_open = True
        elif parameter.kind is not Parameter.VAR_POSITIONAL:
            parameters[name] = parameter.replace(annotation=hints.get(name, parameter.annotation))
    where = f"{definition.__module__}:{definition.__qualname__}"
    return Signature(where, _object_docs(definition), *_divide(parameters), is_open)


def is_schedulable(parameter: Parameter) -> bool:
    """Return True for `weight: Schedulable[float]`, a number that may change in training."""
    if isinstance(parameter.annotation, str):
        return "Schedulable[" in parameter.annotation
    return any(SCHEDULABLE in getattr(side, "__metadata__", ()) for side in _annotated_sides(parameter.annotation))


def annotation_text(parameter: Parameter) -> str:
    """Return the annotation as it would be written; nothing where there is none."""
    if parameter.annotation is Parameter.empty:
        return ""
    annotation = parameter.annotation
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def is_list_of_parts(parameter: Parameter) -> bool:
    """Return True for `regularizer: list[Blueprint]`, which any number of [[regularizer]] tables fill."""
    return re.search(r"\b(list|tuple|sequence)\[", str(parameter.annotation), re.IGNORECASE) is not None


def _divide(parameters: Parameters) -> tuple[Parameters, Parameters]:
    """Split a constructor's parameters into parts and settings; those that the builder supplies are neither."""
    parts = {name: parameter for name, parameter in parameters.items() if _is_part(parameter)}
    settings = {name: parameter for name, parameter in parameters.items() if name not in (*SUPPLIED, *parts)}
    return parts, settings


def _is_part(parameter: Parameter) -> bool:
    """Return True for generator_b, which [generator_b] fills, but not for a setting such as `loss_weight: float`."""
    annotated = parameter.annotation is not Parameter.empty
    return parameter.name.partition("_")[0] in PARTS and (not annotated or "Blueprint" in str(parameter.annotation))


class _Constructor(NamedTuple):
    parameters: Parameters
    docs: tuple[str, ...]
    open: bool


def _read_constructor(module: str, definition: ast.AST) -> _Constructor:
    """Read what calling a function or a class takes, the docstrings on it, and whether it takes anything else."""
    match definition:
        case ast.FunctionDef(args=args):
            return _Constructor(_read_arguments(module, args), (_read_doc(definition),), args.kwarg is not None)
        case ast.ClassDef():
            parameters, docs, is_open = _read_class(module, definition)
            return _Constructor(parameters, (_read_doc(definition), *docs), is_open)
    raise UnreadableSourceError(module)


def _read_class(module: str, definition: ast.ClassDef) -> _Constructor:
    """Read a class's own constructor, the fields that stand in for one, or the constructor of its first base."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _read_constructor(module, node)
    bases = [name for name in map(ast.unparse, definition.bases) if name not in ("ABC", "object")]
    if "BaseModel" in bases or any("dataclass" in ast.unparse(decorator) for decorator in definition.decorator_list):
        fields = {ast.unparse(node.target): node for node in definition.body if isinstance(node, ast.AnnAssign)}
        parameters = {name: _read_parameter(module, name, f.annotation, f.value) for name, f in fields.items()}
        return _Constructor(parameters, (), False)
    return _read_constructor(*find(module, bases[0])) if bases else _Constructor({}, (), False)


def _read_arguments(module: str, args: ast.arguments) -> Parameters:
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + [*args.defaults, *args.kw_defaults]
    pairs = zip([*positional, *args.kwonlyargs], defaults, strict=True)
    return {arg.arg: _read_parameter(module, arg.arg, arg.annotation, default) for arg, default in pairs}


def _read_parameter(module: str, name: str, annotation: ast.expr | None, default: ast.expr | None) -> Parameter:
    return Parameter(
        name,
        Parameter.KEYWORD_ONLY,
        annotation=Parameter.empty if annotation is None else ast.unparse(annotation),
        default=Parameter.empty if default is None else evaluate(module, default),
    )


def _read_doc(definition: ast.ClassDef | ast.FunctionDef) -> str:
    return ast.get_docstring(definition) or ""


def _object_docs(definition: Any) -> tuple[str, ...]:
    """Return the docstrings of a class up to the one whose constructor it has, and of that constructor."""
    documented = [definition]
    if inspect.isclass(definition):
        lineage = [base for base in definition.__mro__ if base is not object]
        owner = next((k for k, base in enumerate(lineage) if "__init__" in vars(base)), 0)
        documented = [*lineage[: owner + 1], definition.__init__]
    own, *inherited = (inspect.cleandoc(getattr(item, "__doc__", None) or "") for item in documented)
    return (own or inspect.getdoc(definition) or "", *inherited)


def _field_type(parameter: Parameter) -> Any:
    """Return the annotation; without one, the default's own type where that is plain."""
    if isinstance(parameter.annotation, str):  # one that only a type checker can resolve
        return Any
    if parameter.annotation is not Parameter.empty:
        return parameter.annotation
    return type(parameter.default) if type(parameter.default) in PLAIN else Any


def _resolve_hints(function: Any) -> dict[str, Any]:
    """Return annotations as types, one by one: those that cannot be resolved at run time are left out."""
    hints: dict[str, Any] = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        single = types.SimpleNamespace(__annotations__={name: hint})
        with contextlib.suppress(NameError, AttributeError, TypeError):
            hints |= typing.get_type_hints(single, getattr(function, "__globals__", None), include_extras=True)
    return hints


def _with_floats(value: Any, default: Any, annotation: Any) -> Any:
    if type(value) is int:
        return float(value) if isinstance(default, float) or _only_floats(annotation) else value
    if isinstance(value, list):
        defaults = default if isinstance(default, (list, tuple)) and len(default) == len(value) else [None] * len(value)
        annotations = _item_annotations(annotation, len(value))
        return [_with_floats(item, *of) for item, *of in zip(value, defaults, annotations, strict=True)]
    if isinstance(value, dict):
        known = default if isinstance(default, dict) else {}
        annotation = _value_annotation(annotation)
        return {key: _with_floats(item, known.get(key), annotation) for key, item in value.items()}
    return value


def _sides(annotation: Any) -> list[Any]:
    """Return the types of a union without their constraints, or the one type: `Annotated[float, ...] | None`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _sides(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [side for part in typing.get_args(annotation) for side in _sides(part)]
    return [annotation]


def _annotated_sides(annotation: Any) -> list[Any]:
    """Return the types of a union with their constraints, or the one type."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [side for part in typing.get_args(annotation) for side in _annotated_sides(part)]
    return [annotation]


def _only_floats(annotation: Any) -> bool:
    """Return True where a number has to be a float."""
    sides = _sides(annotation)
    return float in sides and int not in sides


def _item_annotations(annotation: Any, n: int) -> list[Any]:
    """Return the types of n items of a sequence, Any where they are unknown."""
    for side in _sides(annotation):
        origin, items = typing.get_origin(side), typing.get_args(side)
        if origin is tuple and items[-1:] != (Ellipsis,) and len(items) == n:
            return [*items]
        if items and inspect.isclass(origin) and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
            return [items[0]] * n
    return [Any] * n


def _value_annotation(annotation: Any) -> Any:
    """Return the type of the values of a table, Any where it is unknown."""
    for side in _sides(annotation):
        origin, items = typing.get_origin(side), typing.get_args(side)
        if inspect.isclass(origin) and issubclass(origin, Mapping) and len(items) == 2:
            return items[1]
    return Any


def _is_json(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, PLAIN)

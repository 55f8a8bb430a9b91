"""What a component's constructor takes, read from its source: `ganzoo show` runs neither the component nor torch."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any

from ganzoo.config.definitions import UnreadableSourceError, find, value
from ganzoo.registry.zoo import Entry

SUPPLIED = ("self", "spec", "source", "params")  # handed over by whoever builds the component, never by a recipe
PARTS = (
    "generator",
    "discriminator",
    "encoder",
    "loss",
    "regularizer",
    "transform",
)  # kinds that a procedure is made of

Settings = dict[str, dict[str, Any]]
"""name -> {"type": the annotation, "default": its value}; a setting that must be given has no default."""


@dataclass(frozen=True)
class Described:
    """`target` is where the component is defined, "module:name"; `parts` are the tables that a procedure takes."""

    target: str
    doc: str
    parts: list[str]
    settings: Settings

    def defaults(self) -> dict[str, Any]:
        return {name: setting["default"] for name, setting in self.settings.items() if "default" in setting}


def is_part(name: str, annotation: str) -> bool:
    """[generator_b] fills the parameter generator_b, but not a plain setting such as `loss_weight: float`."""
    return name.partition("_")[0] in PARTS and (not annotation or "Blueprint" in annotation)


def describe(entry: Entry) -> Described:
    """A component from its source, or from itself where it is here already or reading does not tell.

    Errors: those of Entry.load().
    """
    if isinstance(entry.target, str):
        try:
            return read(entry.target)
        except Exception:  # a stranger's source may hold anything; Python itself understands it
            pass
    return _inspected(entry.load())


def read(target: str) -> Described:
    """ "module:name", a class, a function or a partial() of one. Errors: UnreadableSourceError."""
    module, definition = find(*target.split(":"))
    given: dict[str, Any] = {}
    match definition:
        case ast.Call(func=call, args=[wrapped], keywords=keywords) if ast.unparse(call).endswith("partial"):
            given = {str(keyword.arg): value(module, keyword.value) for keyword in keywords}
            module, definition = find(module, ast.unparse(wrapped))
    parameters = _parameters(module, definition)
    for name, default in given.items():
        parameters[name]["default"] = default
    parts = [name for name, parameter in parameters.items() if is_part(name, parameter["type"])]
    settings = {name: one for name, one in parameters.items() if name not in (*SUPPLIED, *parts)}
    assert isinstance(definition, (ast.ClassDef, ast.FunctionDef))  # _parameters() refuses the rest
    return Described(f"{module}:{definition.name}", ast.get_docstring(definition) or "", parts, settings)


def _parameters(module: str, definition: ast.AST) -> Settings:
    """Of a function; of a class's constructor, its own or a base's; of the fields that stand in for one."""
    match definition:
        case ast.FunctionDef(args=args):
            positional = [*args.posonlyargs, *args.args]
            defaults = [None] * (len(positional) - len(args.defaults)) + [*args.defaults, *args.kw_defaults]
            pairs = zip([*positional, *args.kwonlyargs], defaults, strict=True)
            return {one.arg: _setting(module, one.annotation, default) for one, default in pairs}
        case ast.ClassDef(body=body, bases=bases, decorator_list=decorators):
            for node in body:
                if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                    return _parameters(module, node)
            written = [name for name in map(ast.unparse, bases) if name not in ("ABC", "object")]
            if "BaseModel" in written or any("dataclass" in ast.unparse(decorator) for decorator in decorators):
                fields = [node for node in body if isinstance(node, ast.AnnAssign)]
                return {ast.unparse(node.target): _setting(module, node.annotation, node.value) for node in fields}
            return _parameters(*find(module, written[0])) if written else {}
    raise UnreadableSourceError(module)


def _setting(module: str, annotation: ast.expr | None, default: ast.expr | None) -> dict[str, Any]:
    setting = {"type": ast.unparse(annotation) if annotation else ""}
    return setting if default is None else setting | {"default": value(module, default)}


def _inspected(target: Any) -> Described:
    from ganzoo.config.component import Signature  # brings pydantic along

    signature = Signature(target)
    settings: Settings = {}
    for name, parameter in signature.settings.items():
        given = parameter.annotation is not parameter.empty
        settings[name] = {"type": inspect.formatannotation(parameter.annotation) if given else ""}
        if parameter.default is not parameter.empty:
            settings[name]["default"] = parameter.default
    documented = getattr(target, "func", target)  # functools.partial keeps its own docstring
    where = f"{documented.__module__}:{documented.__qualname__}"
    return Described(where, inspect.getdoc(documented) or "", list(signature.parts), settings)

"""Finds what a name stands for by reading source: imports and assignments are followed, and nothing is run."""

from __future__ import annotations

import ast
import functools
import importlib.util
import operator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class UnreadableSourceError(Exception):
    """The source is not there, or does more than reading can follow."""


def find(module: str, name: str) -> tuple[str, ast.AST]:
    """What `module` calls `name` (which may have dots): the module that defines it, and the class, def or value."""
    root, _, rest = name.partition(".")
    for node in ast.walk(_tree(module)):  # breadth first: what stands at the top of the module wins
        match node:
            case ast.ClassDef(name=found) | ast.FunctionDef(name=found) if found == root and not rest:
                return module, node
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == root and not rest:
                return module, value
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    if (alias.asname or alias.name) == root:
                        return _imported(module, node, alias.name, rest)
            case ast.Import(names=aliases) if rest:
                for alias in aliases:
                    if (alias.asname or alias.name) == root:
                        return find(alias.name, rest)
    raise UnreadableSourceError(f"{module}:{name}")


def value(module: str, expression: ast.AST) -> Any:
    """The value of a constant expression that stands in `module`: literals, named constants, arithmetic."""
    match expression:
        case ast.Name() | ast.Attribute():
            return value(*find(module, ast.unparse(expression)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](value(module, left), value(module, right))
        case ast.Tuple(elts=items):
            return tuple(value(module, item) for item in items)
    try:
        return ast.literal_eval(ast.unparse(expression))
    except ValueError:
        raise UnreadableSourceError(ast.unparse(expression)) from None


def _imported(module: str, node: ast.ImportFrom, name: str, rest: str) -> tuple[str, ast.AST]:
    """`from SOURCE import NAME`, used as NAME.rest: NAME is a module in SOURCE, or something that SOURCE defines."""
    here = _spec(module)
    source = importlib.util.resolve_name("." * node.level + (node.module or ""), here.parent if here else None)
    if rest and _spec(f"{source}.{name}"):
        return find(f"{source}.{name}", rest)
    return find(source, f"{name}.{rest}".rstrip("."))


@functools.cache
def _tree(module: str) -> ast.Module:
    spec = _spec(module)
    if spec is None or not (spec.origin or "").endswith(".py"):
        raise UnreadableSourceError(module)
    return ast.parse(Path(str(spec.origin)).read_bytes())


def _spec(module: str) -> ModuleSpec | None:
    """importlib.util.find_spec() without importing the parents."""
    top, *inner = module.split(".")
    spec = importlib.util.find_spec(top)
    for name in inner:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(f"{spec.name}.{name}", spec.submodule_search_locations)
    return spec

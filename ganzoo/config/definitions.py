"""Definitions and constants looked up in source files: imports and assignments are followed, and nothing is run."""

from __future__ import annotations

import ast
import functools
import importlib.util
import operator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class UnreadableSourceError(Exception):
    """The source is missing, or does more than can be followed without running it."""


def find(module: str, name: str) -> tuple[str, ast.AST]:
    """Find the definition of a name.

    Args:
        module: Full name of the module in which the name is used.
        name: A name at the top of that module, with dots where it is an attribute of an imported module.

    Returns:
        The module that defines the name, and the class, function or expression that it stands for.

    Raises:
        UnreadableSourceError: When no definition is found.
    """
    root, _, rest = name.partition(".")
    for node in ast.walk(_parse(module)):  # breadth first: definitions at the top of the module win
        match node:
            case ast.ClassDef(name=defined) | ast.FunctionDef(name=defined) if defined == root and not rest:
                return module, node
            case ast.Assign(targets=[ast.Name(id=assigned)], value=expression) if assigned == root and not rest:
                return module, expression
            case ast.AnnAssign(target=ast.Name(id=assigned), value=ast.expr() as expression) if (
                assigned == root and not rest
            ):
                return module, expression
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    if (alias.asname or alias.name) == root:
                        return _follow_import(module, node, alias.name, rest)
            case ast.Import(names=aliases) if rest:
                for alias in aliases:
                    if (alias.asname or alias.name) == root:
                        return find(alias.name, rest)
    raise UnreadableSourceError(f"{module}:{name}")


def evaluate(module: str, expression: ast.AST) -> Any:
    """Evaluate a constant expression: literals, named constants and arithmetic.

    Args:
        module: Full name of the module in which the expression stands.
        expression: The expression.

    Returns:
        Its value.

    Raises:
        UnreadableSourceError: When the expression is anything else.
    """
    match expression:
        case ast.Name() | ast.Attribute():
            return evaluate(*find(module, ast.unparse(expression)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate(module, left), evaluate(module, right))
        case ast.Tuple(elts=items):
            return tuple(evaluate(module, item) for item in items)
    try:
        return ast.literal_eval(ast.unparse(expression))
    except ValueError:
        raise UnreadableSourceError(ast.unparse(expression)) from None


def _follow_import(module: str, node: ast.ImportFrom, name: str, rest: str) -> tuple[str, ast.AST]:
    """Find `NAME.rest` after `from SOURCE import NAME`: NAME is a submodule of SOURCE, or defined in it."""
    importer = _find_spec(module)
    source = importlib.util.resolve_name("." * node.level + (node.module or ""), importer.parent if importer else None)
    if rest and _find_spec(f"{source}.{name}"):
        return find(f"{source}.{name}", rest)
    return find(source, f"{name}.{rest}".rstrip("."))


@functools.cache
def _parse(module: str) -> ast.Module:
    spec = _find_spec(module)
    if spec is None or not (spec.origin or "").endswith(".py"):
        raise UnreadableSourceError(module)
    return ast.parse(Path(str(spec.origin)).read_bytes())


def _find_spec(module: str) -> ModuleSpec | None:
    """Like importlib.util.find_spec(), without importing the parent packages."""
    top, *inner = module.split(".")
    spec = importlib.util.find_spec(top)
    for name in inner:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(f"{spec.name}.{name}", spec.submodule_search_locations)
    return spec

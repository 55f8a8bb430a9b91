"""The values that a setting can have where they can be listed, read from its annotation."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from inspect import Parameter

from ganzoo.config.definitions import UnreadableSourceError, find
from ganzoo.config.signature import Signature, annotation_text

DEPTH = 4  # names of types that are followed, one to the next


def choices(signature: Signature, parameter: Parameter) -> list[str]:
    """Return the values of a setting as they are typed after KEY=.

    Args:
        signature: The component that has the setting.
        parameter: The setting.

    Returns:
        "true" and "false", or the values of a Literal; nothing where any number or text is possible.
    """
    values: list[str] = []
    with contextlib.suppress(SyntaxError, ValueError):
        tree = ast.parse(annotation_text(parameter), mode="eval").body
        values = [*_values(signature.target.partition(":")[0], tree, DEPTH)]
    if isinstance(parameter.default, bool):
        values += ["true", "false"]
    return [*dict.fromkeys(values)]


def _values(module: str, annotation: ast.AST, depth: int) -> Iterator[str]:
    match annotation:
        case ast.Subscript(value=name, slice=inner) if ast.unparse(name).endswith("Literal"):
            literals = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            yield from (_typed(ast.literal_eval(literal)) for literal in literals)
        case ast.Subscript(value=name, slice=inner) if ast.unparse(name).endswith(("Annotated", "Optional", "Union")):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            for part in parts[:1] if ast.unparse(name).endswith("Annotated") else parts:
                yield from _values(module, part, depth)
        case ast.BinOp(left=left, right=right):
            yield from _values(module, left, depth)
            yield from _values(module, right, depth)
        case ast.Name(id="bool"):
            yield from ("true", "false")
        case ast.Name(id=name) if depth:
            with contextlib.suppress(UnreadableSourceError):
                yield from _values(*find(module, name), depth - 1)


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

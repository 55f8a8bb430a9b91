"""Builders of components from a class, a function or a finished object that was given in Python."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from ganzoo.errors import IncompatibleError, describe

Factory = Callable[..., Any]
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def describe_object(given: Any) -> str:
    """Return what an object is, for messages and provenance: "__main__.Swirl", "a torch.Tensor"."""
    if inspect.isclass(given) or inspect.isroutine(given):
        return f"{given.__module__}.{given.__qualname__}"
    return f"{type(given).__module__}.{type(given).__qualname__} object"


def copies_of(given: Any, kind: str) -> Factory:
    """Return a factory without settings, each of whose results is a copy of an object.

    Args:
        given: The object.
        kind: Kind of the component, for messages.

    Returns:
        The factory.
    """

    def build() -> Any:
        return copied(given, kind)

    return build


def copied(given: Any, kind: str) -> Any:
    """Return a copy of an object.

    Args:
        given: The object.
        kind: Kind of the component, for messages.

    Returns:
        The copy.

    Raises:
        IncompatibleError: The object cannot be copied.
    """
    try:
        return copy.deepcopy(given)
    except (TypeError, RuntimeError, AttributeError) as error:
        raise IncompatibleError(
            f"the {kind} given in Python cannot be copied ({describe(error)}), and the object itself stays as it is. "
            "Give its class, or a function that builds it."
        ) from error


def converting(factory: Factory, convert: Callable[[Any], Any]) -> Factory:
    """Return a factory with the settings of another, whose result is converted.

    Args:
        factory: A class or a function.
        convert: Called with its result.

    Returns:
        The factory, which returns what `convert` returns.
    """
    signature = signature_of(factory)

    def build(*args: Any, **settings: Any) -> Any:
        return convert(factory(*args, **settings))

    return disguised(build, factory, [*signature.parameters.values()])


def disguised(build: Factory, factory: Factory, parameters: list[Parameter]) -> Factory:
    """Give a function the name and docstring of another one, and a signature."""
    functools.update_wrapper(build, factory, ("__module__", "__qualname__", "__name__", "__doc__"), ())
    del build.__dict__["__wrapped__"]
    build.__dict__["__signature__"] = Signature(parameters)
    build.__annotations__ = {p.name: p.annotation for p in parameters if p.annotation is not Parameter.empty}
    return build


def signature_of(function: Factory) -> Signature:
    """Return the signature of a class or function, with annotations as types where they can be resolved."""
    try:
        return inspect.signature(function, eval_str=True)
    except (NameError, SyntaxError, TypeError, AttributeError):
        return inspect.signature(function)


def required(function: Factory) -> list[str]:
    """Return the names of the positional parameters without a default; none where there is no signature to read."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # built into Python or PyTorch
        return []
    return [p.name for p in parameters if p.kind in POSITIONAL and p.default is Parameter.empty]

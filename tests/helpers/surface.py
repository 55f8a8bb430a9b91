"""List of the public API described in docs/api.md, one line for each name with its signature.

    python -m helpers.surface > tests/public_api.txt

writes the record that test_public_record.py compares with. First decide: if the change adds names, increase the minor
number of ganzoo.API_VERSION; if it removes names, deprecate them first.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import click

import ganzoo
import ganzoo.testing
from ganzoo import hookspecs
from ganzoo.cli import cli
from ganzoo.registry.zoo import KINDS


def lines() -> list[str]:
    found = [f"API_VERSION = {ganzoo.API_VERSION}", f"kinds: {', '.join(KINDS)}"]
    found += [
        f"hook {name}{inspect.signature(hook)}" for name, hook in vars(hookspecs).items() if name[:7] == "ganzoo_"
    ]
    for module in (ganzoo, ganzoo.testing):
        for name in sorted(set(module.__all__) - {"API_VERSION"}):
            found += _lines(f"{module.__name__}.{name}", getattr(module, name))
    found += sorted(_commands(cli, "ganzoo"))
    return found


def _lines(name: str, value: Any) -> list[str]:
    if inspect.isclass(value) and not isinstance(value, types.GenericAlias):
        return [f"{name}{_signature(value)}", *sorted(_members(name, value))]
    return [f"{name}{_signature(value)}" if inspect.isfunction(value) else f"{name} = {_plain(value)}"]


def _members(name: str, value: type) -> Iterator[str]:
    """Yield the members defined by a class and its bases in ganzoo, without those of torch."""
    for base in [one for one in value.__mro__ if one.__module__.startswith("ganzoo")]:
        for key, one in vars(base).items():
            if not key.startswith("_") and inspect.isfunction(inspect.unwrap(getattr(one, "__func__", one))):
                yield f"{name}.{key}{_signature(getattr(one, '__func__', one))}"
            elif not key.startswith("_") and isinstance(one, (property, functools.cached_property)):
                yield f"{name}.{key} (property)"
        for key in base.__annotations__:
            if not key.startswith("_"):
                default = getattr(base, key, inspect.Parameter.empty)
                yield f"{name}.{key}" + ("" if default is inspect.Parameter.empty else f" = {_plain(default)}")


def _signature(value: Any) -> str:
    """Return names, order and defaults of the parameters, without types, whose spelling may change."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return "(...)"
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    told = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r"<function (\S+) at 0x\w+>", r"<function \1>", told)


def _plain(value: Any) -> str:
    if inspect.isfunction(value) or (inspect.isclass(value) and not isinstance(value, types.GenericAlias)):
        return str(value.__name__)
    return f"<{type(value).__name__}>" if " object at " in repr(value) else repr(value)


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield " ".join([path, name, *(_spelled(one) for one in command.params)])


def _spelled(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        name = parameter.make_metavar(click.Context(click.Command("x")))
        return typing.cast(str, name)
    return "/".join([*parameter.opts, *parameter.secondary_opts])


if __name__ == "__main__":
    print("\n".join(lines()))

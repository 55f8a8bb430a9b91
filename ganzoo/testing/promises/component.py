"""What a component of any kind promises: it loads, it says what it is, and a recipe can set its settings."""

from __future__ import annotations

import inspect

from torch.optim import Optimizer

from ganzoo import interfaces
from ganzoo.config.component import Blueprint
from ganzoo.config.signature import Signature
from ganzoo.errors import SetupError
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Metric
from ganzoo.procedure import Procedure
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component

LONGEST = 100  # characters of a summary: a row of `ganzoo list`
BASES: dict[str, type] = {
    "generator": interfaces.Generator,
    "discriminator": interfaces.Discriminator,
    "encoder": interfaces.Encoder,
    "loss": interfaces.Loss,
    "regularizer": interfaces.Regularizer,
    "transform": interfaces.Transform,
    "dataset": interfaces.Dataset,
    "procedure": Procedure,
    "optimizer": Optimizer,
    "schedule": interfaces.Schedule,
    "metric": Metric,
    "extractor": Extractor,
}


def it_loads(component: Component) -> None:
    """Its target is there, and its module imports."""
    try:
        component.entry.load()
    except SetupError as error:
        raise BrokenPromiseError(
            f"{error.message} Is {component.entry.target!r} spelt as module:attribute, and what it imports among the "
            "dependencies of your package?"
        ) from error


def it_derives_from_its_interface(component: Component) -> None:
    """Its class is a ganzoo.Generator, a ganzoo.Loss and so on, whose names and defaults the rest relies on."""
    base, target = BASES.get(component.entry.kind), component.target
    target = getattr(target, "func", target)  # what a partial() makes
    if base is None or not inspect.isclass(target):
        skip("it is made by a function")
    name = target.__name__
    wanted = f"ganzoo.{base.__name__}" if base is not Optimizer else "torch.optim.Optimizer"
    expect(
        issubclass(target, base),
        f"{component}: {name} is no {wanted}. Derive it: class {name}({wanted}).",
    )


def it_has_a_summary(component: Component) -> None:
    """One line of at most 100 characters says what it is, without a full stop: a row of `ganzoo list`."""
    summary = component.entry.summary
    expect(
        0 < len(summary) <= LONGEST and not summary.endswith(".") and summary.isprintable(),
        f"{component}: its summary is {summary!r}. Give zoo.add(..., summary=...) one line of at most {LONGEST} "
        "characters, without a full stop: `ganzoo list` shows it. The docstring's first line serves where there is "
        "none.",
    )


def it_has_a_docstring(component: Component) -> None:
    """A docstring of its own says what it is and what its settings mean: `ganzoo show` prints it."""
    target = component.target
    documented = getattr(target, "func", target)
    if documented.__module__.startswith("torch."):
        skip("it is torch's own")
    expect(
        (documented.__doc__ or "").strip(),
        f"{component}: {documented.__qualname__} has no docstring. Say what it is, where it is from and what its "
        "settings mean: `ganzoo show` prints it.",
    )


def its_settings_have_types(component: Component) -> None:
    """Each setting has an annotation that a value of a recipe can fit: a number, a text, a list, a pydantic type."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    for name, parameter in signature.settings.items():
        remedy = "Annotate it with int, float, bool, str, Literal[...], list[int], or a type of pydantic's."
        expect(
            parameter.annotation is not parameter.empty or type(parameter.default) in (bool, int, float, str),
            f"{component}: its setting {name!r} has no type. {remedy}",
        )
        if parameter.annotation is parameter.empty or component.entry.kind == "optimizer":
            continue  # torch.optim's have settings such as float | Tensor
        expect(
            not isinstance(parameter.annotation, str),
            f"{component}: the type of its setting {name!r}, {parameter.annotation!r}, is not there when the program "
            "runs. Import it outside `if TYPE_CHECKING:`.",
        )
        try:
            TypeAdapter(parameter.annotation, config={"arbitrary_types_allowed": True}).json_schema()
        except PydanticUserError as error:
            raise BrokenPromiseError(
                f"{component}: no recipe can hold a value for its setting {name!r}: {parameter.annotation}. {remedy} "
                "One that only Python can make is no setting: make it in __init__."
            ) from error


def its_defaults_fit_their_types(component: Component) -> None:
    """Each default passes the check that a recipe's value would have to pass, and survives JSON."""
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    for name, parameter in signature.settings.items():
        if parameter.default is parameter.empty:
            expect(
                name in component.settings,
                f"{component}: its setting {name!r} has no default. Give it one; or, where there can be none, hand "
                "over a "
                f'value to be checked with: checks("...", settings={{"{component.entry.kind} {component.entry.name}": '
                f'{{"{name}": ...}}}}).',
            )
    problems = [
        f"{component}, {name}: JSON cannot hold {parameter.default!r}"
        for name, parameter in signature.settings.items()
        if parameter.default is not parameter.empty and name not in signature.defaults()
    ]
    try:
        problems += signature.problems(str(component), {**signature.defaults(), **component.settings})
    except PydanticUserError:  # a type that pydantic makes nothing of, which is a promise of its own
        skip("its settings have types that cannot be checked")
    expect(
        not problems,
        f"{''.join(problems[:1])}. That is its own default: change it, or widen the type, so that a recipe with all "
        "defaults written out is good.",
    )


def it_refuses_unknown_settings(component: Component) -> None:
    """A setting that there is not is refused by name, so that no misspelt one passes."""
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    expect(
        not signature.open,
        f"{component}: its constructor takes **settings, so that a misspelt setting passes in silence. Name each one.",
    )
    try:
        problems = signature.problems(str(component), {**component.settings, "no_such_setting": 1})
    except PydanticUserError:  # a promise of its own
        skip("its settings have types that cannot be checked")
    expect(problems, f"{component}: the setting 'no_such_setting' passes. Name each setting in the constructor.")


def _signature(component: Component) -> Signature:
    component.target  # noqa: B018  leaves the check where it does not load
    return Blueprint(component.entry).signature

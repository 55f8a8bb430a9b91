"""Promises of every component: it loads, it is documented, and recipes can set its settings."""

from __future__ import annotations

import inspect

from torch.optim import Optimizer

from ganzoo import interfaces
from ganzoo.augmentation import Augmentation
from ganzoo.config.component import Blueprint
from ganzoo.config.signature import Signature, is_schedulable
from ganzoo.errors import SetupError
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Metric
from ganzoo.procedure import Procedure
from ganzoo.regularizer import Regularizer
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component

LONGEST = 100  # characters of a summary: a row of `ganzoo list`
BASES: dict[str, type] = {
    "generator": interfaces.Generator,
    "discriminator": interfaces.Discriminator,
    "encoder": interfaces.Encoder,
    "loss": interfaces.Loss,
    "regularizer": Regularizer,
    "augmentation": Augmentation,
    "transform": interfaces.Transform,
    "dataset": interfaces.Dataset,
    "procedure": Procedure,
    "optimizer": Optimizer,
    "schedule": interfaces.Schedule,
    "metric": Metric,
    "extractor": Extractor,
}


def it_loads(component: Component) -> None:
    """The registered target exists, and its module can be imported."""
    try:
        component.entry.load()
    except SetupError as error:
        raise BrokenPromiseError(
            f"{error.message} Check that {component.entry.target!r} is spelt module:attribute, and that your package "
            "declares everything it imports as a dependency."
        ) from error


def it_derives_from_its_interface(component: Component) -> None:
    """The class derives from the base class of its kind, such as ganzoo.Generator or ganzoo.Loss."""
    base, target = BASES.get(component.entry.kind), component.target
    target = getattr(target, "func", target)  # the class inside a functools.partial
    if base is None or not inspect.isclass(target):
        skip("it is created by a function")
    name = target.__name__
    base_name = f"ganzoo.{base.__name__}" if base is not Optimizer else "torch.optim.Optimizer"
    expect(
        issubclass(target, base),
        f"{component}: {name} does not derive from {base_name}. Write class {name}({base_name}).",
    )


def it_has_a_summary(component: Component) -> None:
    """The summary is one line of at most 100 characters without a full stop; `ganzoo list` shows it."""
    summary = component.entry.summary
    expect(
        0 < len(summary) <= LONGEST and not summary.endswith(".") and summary.isprintable(),
        f"{component}: its summary is {summary!r}. Pass one line of at most {LONGEST} characters, without a full stop, "
        "as zoo.add(..., summary=...): `ganzoo list` shows it. Without this argument, the first line of the docstring "
        "is used.",
    )


def it_has_a_docstring(component: Component) -> None:
    """The component has a docstring of its own, which describes it and its settings; `ganzoo show` prints it."""
    target = component.target
    documented = getattr(target, "func", target)
    if documented.__module__.startswith("torch."):
        skip("it is a class of PyTorch")
    expect(
        (documented.__doc__ or "").strip(),
        f"{component}: {documented.__qualname__} has no docstring. Describe it, name its source, and document its "
        "settings in a section `Args:`; `ganzoo show` prints this.",
    )


def its_settings_have_types(component: Component) -> None:
    """Each setting has a type that a value in a recipe can have: a number, a string, a list, a pydantic type."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    for name, parameter in signature.settings.items():
        remedy = "Annotate it with int, float, bool, str, Literal[...], list[int], or a type from pydantic."
        expect(
            parameter.annotation is not parameter.empty or type(parameter.default) in (bool, int, float, str),
            f"{component}: its setting {name!r} has no type. {remedy}",
        )
        if parameter.annotation is parameter.empty or component.entry.kind == "optimizer":
            continue  # the optimizers in torch.optim have settings such as float | Tensor
        expect(
            not isinstance(parameter.annotation, str),
            f"{component}: the type of its setting {name!r}, {parameter.annotation!r}, does not exist at run time. "
            "Import it outside `if TYPE_CHECKING:`.",
        )
        try:
            TypeAdapter(parameter.annotation, config={"arbitrary_types_allowed": True}).json_schema()
        except PydanticUserError as error:
            raise BrokenPromiseError(
                f"{component}: a recipe cannot contain a value for its setting {name!r} of type "
                f"{parameter.annotation}. {remedy} Create an object that only Python can create in __init__, not in a "
                "setting."
            ) from error


def its_defaults_fit_their_types(component: Component) -> None:
    """Each default is valid for the type of its setting, and can be written as JSON."""
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    for name, parameter in signature.settings.items():
        if parameter.default is parameter.empty:
            expect(
                name in component.settings,
                f"{component}: its setting {name!r} has no default. Give it one. If no default makes sense, pass a "
                f'value for the tests: checks("...", settings={{"{component.entry.kind} {component.entry.name}": '
                f'{{"{name}": ...}}}}).',
            )
    problems = [
        f"{component}, {name}: {parameter.default!r} cannot be written as JSON"
        for name, parameter in signature.settings.items()
        if parameter.default is not parameter.empty and name not in signature.defaults()
    ]
    try:
        problems += signature.problems(str(component), {**signature.defaults(), **component.settings})
    except PydanticUserError:  # `its_settings_have_types` reports it
        skip("its settings have types that cannot be validated")
    expect(
        not problems,
        f"{''.join(problems[:1])}. This is its own default: change the default, or use a wider type, so that a recipe "
        "with all defaults written out is valid.",
    )


def it_refuses_unknown_settings(component: Component) -> None:
    """An unknown setting is an error that names it, so that misspelt settings are noticed."""
    from pydantic.errors import PydanticUserError

    signature = _signature(component)
    expect(
        not signature.open,
        f"{component}: its constructor accepts **settings, so a misspelt setting is not noticed. Name each setting.",
    )
    try:
        problems = signature.problems(str(component), {**component.settings, "no_such_setting": 1})
    except PydanticUserError:  # `its_settings_have_types` reports it
        skip("its settings have types that cannot be validated")
    expect(problems, f"{component}: it accepts the setting 'no_such_setting'. Name each setting in the constructor.")


def settings_that_change_are_attributes(component: Component) -> None:
    """A setting of the type Schedulable is an attribute of its name, which ganzoo sets before each step."""
    names = [name for name, parameter in _signature(component).settings.items() if is_schedulable(parameter)]
    if not names:
        skip("no setting of it changes in training")
    if component.entry.kind not in ("loss", "regularizer", "augmentation"):
        skip("it needs more than its settings to be built")
    for name in names:
        built = component.build(**{name: 0.25})
        expect(
            vars(built).get(name) == 0.25,
            f"{component}: its setting {name!r} may change in training, but with {name}=0.25 it has no attribute of "
            f"that value. Write self.{name} = {name} in __init__, and read self.{name} each time.",
        )


def _signature(component: Component) -> Signature:
    component.target  # noqa: B018  skips the check if it does not load
    return Blueprint(component.entry).signature

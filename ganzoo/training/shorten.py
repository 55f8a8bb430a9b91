"""Settings that shorten a training of hours: fewer steps, narrower networks, smaller images; the last two are timed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from accelerate import Accelerator

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.config.overrides import assignments_of
from ganzoo.config.recipe import Recipe
from ganzoo.config.signature import describe
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Batch, Spec
from ganzoo.training.engine import Engine
from ganzoo.training.forecast import Forecast, duration
from ganzoo.training.optim import remove_graph_break
from ganzoo.utils import distributed, rng
from ganzoo.utils.meta import meta_device

LONG = 5400.0  # seconds from which a training is called long
GOAL = 3600.0  # seconds that a shorter one should take at most
NETWORKS = ("generator", "discriminator", "encoder")
WIDTHS = ("width", "hidden")  # settings of networks that say how wide their layers are
NARROWEST = 8  # width below which no network is proposed
SMALLEST = 28  # side below which no image is proposed
NARROWER = ((1, 0), (2, 0), (3, 0))  # number of halvings of the widths and of the side, the mildest first
SMALLER = ((0, 1), (0, 2))
BOTH = ((1, 1), (2, 1), (3, 1), (2, 2), (3, 2))
SLOWEST = 20.0  # seconds of a step above which nothing else is timed


@dataclass(frozen=True)
class Change:
    """A change of a recipe.

    Attributes:
        recipe: The changed recipe.
        spec: Shape of its data.
        overrides: The changed settings by their paths, such as "generator.width".
    """

    recipe: Recipe
    spec: Spec
    overrides: Mapping[str, Any]


def ways(recipe: Recipe, spec: Spec, forecast: Forecast, accelerator: Accelerator) -> str:
    """Say which settings bring a long training to about an hour or less. The training itself is not touched.

    Args:
        recipe: The recipe.
        spec: Shape and labels of its data.
        forecast: The forecast of the training.
        accelerator: Device and precision to time changed networks with.

    Returns:
        Alternatives, each a few overrides; "" when the training is not long.
    """
    limit = recipe.run.max_time.total_seconds() if recipe.run.max_time else forecast.seconds
    if min(limit, forecast.seconds) < LONG:
        return ""
    with rng.preserve_rng():
        shorter = [_fewer_steps(recipe, forecast, 1.0), *_faster(recipe, spec, forecast, accelerator)]
    return ", or ".join(shorter)


def _fewer_steps(recipe: Recipe, forecast: Forecast, share: float) -> str:
    """Return the override that makes a training an hour long whose steps take this share of the time."""
    factor = GOAL / (forecast.seconds * share)
    if recipe.run.steps is None and recipe.run.epochs:
        return f"run.epochs={float(f'{recipe.run.epochs * factor:.2g}'):g}"  # 150, not 1.5e+02
    steps = round(forecast.steps * factor, 3)
    unit = 10 ** max(0, len(str(int(steps))) - 2)
    return f"run.steps={max(1, int(steps) // unit * unit)}"  # two digits


def _faster(recipe: Recipe, spec: Spec, forecast: Forecast, accelerator: Accelerator) -> Iterator[str]:
    """Yield the overrides of the mildest change of widths, of the side, or else of both that is fast enough.

    If none is, the fastest change is yielded, with fewer steps.
    """
    if forecast.step_seconds > SLOWEST or distributed.world_size() > 1:
        return
    fastest: tuple[float, str] = (1.0, "")
    with suppress(*instantiate.REFUSALS, KeyError, AttributeError):  # a procedure whose batches are no such noise
        before = _time(recipe, spec, accelerator)
        enough = False
        for halvings in (NARROWER, SMALLER, BOTH):
            if halvings is BOTH and enough:
                return
            for change in filter(None, (_changed(recipe, spec, *numbers) for numbers in halvings)):
                share = _time(change.recipe, change.spec, accelerator) / before
                overrides = " ".join(assignments_of(change.overrides))
                fastest = min(fastest, (share, overrides))
                if share * forecast.seconds <= GOAL:
                    enough = True
                    yield f"{overrides} ({duration(forecast.seconds * share)})"
                    break
        if not enough and fastest[1]:
            yield f"{fastest[1]} {_fewer_steps(recipe, forecast, fastest[0])}"


def _changed(recipe: Recipe, spec: Spec, widths: int, sides: int) -> Change | None:
    """Halve all widths of the networks and the side of the images so many times; None where that cannot be done."""
    parts = dict(recipe.parts)
    overrides: dict[str, Any] = {}
    dataset = recipe.dataset
    if widths:
        for part, blueprint in recipe.parts.items():
            if isinstance(blueprint, Blueprint) and part.partition("_")[0] in NETWORKS:
                narrower = _narrower(blueprint, 2**widths)
                parts[part] = replace(blueprint, settings={**blueprint.settings, **narrower})
                overrides |= {f"{part}.{name}": value for name, value in narrower.items()}
        if not overrides:
            return None
    if sides:
        side = spec.shape[-1] // 2**sides
        divisible = spec.is_image and spec.shape[-1] % 2**sides == 0
        if not divisible or recipe.dataset_a or side < SMALLEST or "size" not in describe(dataset.entry).settings:
            return None
        dataset = replace(dataset, settings={**dataset.settings, "size": side})
        overrides["dataset.size"] = side
    changed = replace(recipe, parts=parts, dataset=dataset)
    try:
        spec = instantiate.dataset(changed).spec
        with meta_device():
            instantiate.check_fit(instantiate.procedure(changed, spec), spec)
    except GanzooError:
        return None
    return Change(changed, spec, overrides)


def _narrower(network: Blueprint, factor: int) -> dict[str, Any]:
    """Return the network's widths divided by a factor; nothing for those that are narrow already."""
    settings = {**describe(network.entry).defaults(), **network.settings}
    narrower: dict[str, Any] = {}
    for name in WIDTHS:
        match settings.get(name):
            case int(width) if width // factor >= NARROWEST:
                narrower[name] = width // factor
            case [*widths] if all(isinstance(width, int) for width in widths) and max(widths, default=0) > NARROWEST:
                narrower[name] = [max(min(width, NARROWEST), width // factor) for width in widths]
    return narrower


def _time(recipe: Recipe, spec: Spec, accelerator: Accelerator) -> float:
    """Return the seconds of one step on noise, with new networks that an optimizer without state leaves unchanged."""
    device = accelerator.device
    with device:
        procedure = instantiate.procedure(recipe, spec)
        batch = _noise(spec, recipe.run.batch_size)
    engine = Engine(
        procedure, lambda _, parameters: remove_graph_break(torch.optim.SGD(parameters, lr=0.0)), accelerator
    )
    seconds = 0.0
    for _ in range(2):  # the first allocates memory
        start = _now(device)
        engine.step(itertools.repeat(batch), 0)
        seconds = _now(device) - start
    return seconds


def _noise(spec: Spec, n: int) -> Batch:
    """Return a batch of random samples on the default device."""
    x = torch.randint(spec.vocab, (n, *spec.shape)) if spec.vocab else torch.rand(n, *spec.shape) * 2 - 1
    return {"x": x, **({"y": torch.randint(spec.classes, (n,))} if spec.classes else {})}


def _now(device: torch.device) -> float:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter()

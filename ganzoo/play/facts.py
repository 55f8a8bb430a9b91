"""What the page says of the GAN above its pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ganzoo.errors import GanzooError, one_line
from ganzoo.runs.retention import step_of
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run


def title(model: Model) -> str:
    """The name of the recipe."""
    return one_line(model.recipe.name) if model.recipe else "A GAN"


def line(model: Model, place: str) -> str:
    """Which GAN it is, of what data, how far it was trained, and what it draws."""
    return " · ".join([*_of_recipe(model), *_steps(place), *_of_samples(model)])


def _of_recipe(model: Model) -> Iterator[str]:
    if model.recipe:
        gan = one_line(model.recipe.about.gan)
        yield f"{gan} on {model.recipe.dataset.entry.name}" if gan else model.recipe.dataset.entry.name


def _steps(place: str) -> Iterator[str]:
    """Of a run; a GAN that comes from elsewhere does not tell."""
    try:
        run, chosen = Run.find(place)
        step, steps = step_of(chosen or run.latest), run.resolved["steps"]
    except (GanzooError, KeyError, ValueError, OSError):
        return
    yield f"{step:,} step{'s' * (step > 1)}" if step == steps else f"step {step:,} of {steps:,}"


def _of_samples(model: Model) -> Iterator[str]:
    spec = model.spec
    if model.procedure.conditional:
        yield f"{spec.classes} classes"
    if spec.vocab:
        yield f"{spec.shape[0]} tokens of {spec.vocab}"
    elif spec.is_image:
        yield f"{spec.shape[2]} × {spec.shape[1]} pixels{'' if spec.shape[0] == 3 else ', grey'}"
    else:
        yield f"{spec.shape[0]} number{'s' if spec.shape[0] > 1 else ''} a sample"

"""Description of the model at the top of the page."""

from __future__ import annotations

from collections.abc import Iterator

from ganzoo.errors import GanzooError, one_line
from ganzoo.runs.retention import step_of
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run


def title(model: Model) -> str:
    """Return the name of the recipe."""
    return one_line(model.recipe.name) if model.recipe else "A GAN"


def line(model: Model, path: str) -> str:
    """Return GAN, data, training steps and format of the samples in one line.

    Args:
        model: The model.
        path: Run, export or Hub model that it was loaded from.

    Returns:
        The line.
    """
    return " · ".join([*_recipe(model), *_steps(path), *_samples(model)])


def _recipe(model: Model) -> Iterator[str]:
    if model.recipe:
        gan = one_line(model.recipe.about.gan)
        yield f"{gan} on {model.recipe.dataset.entry.name}" if gan else model.recipe.dataset.entry.name


def _steps(path: str) -> Iterator[str]:
    """Describe the training steps of a run; those of an export or a Hub model are unknown."""
    try:
        run, checkpoint = Run.find(path)
        step, steps = step_of(checkpoint or run.latest), run.resolved["steps"]
    except (GanzooError, KeyError, ValueError, OSError):
        return
    yield f"{step:,} step{'s' * (step > 1)}" if step == steps else f"step {step:,} of {steps:,}"


def _samples(model: Model) -> Iterator[str]:
    spec = model.spec
    if model.procedure.conditional:
        yield f"{spec.classes} classes"
    if spec.vocab:
        yield f"{spec.shape[0]} tokens of {spec.vocab}"
    elif spec.is_image:
        yield f"{spec.shape[2]} × {spec.shape[1]} pixels{'' if spec.shape[0] == 3 else ', grey'}"
    else:
        yield f"{spec.shape[0]} number{'s' if spec.shape[0] > 1 else ''} a sample"

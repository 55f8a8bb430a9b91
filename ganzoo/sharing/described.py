"""From a run and its model to config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ganzoo.errors import IncompatibleError
from ganzoo.registry.discovery import DISTRIBUTION, Plugins
from ganzoo.registry.versions import API_VERSION
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing import weights
from ganzoo.sharing.config import FORMAT, NAME, Config, Graph, Shape
from ganzoo.translator import Translator
from ganzoo.utils.redact import Redactor


def described(
    run: Run,
    model: Model,
    step: int,
    scrub: Redactor,
    tensors: Mapping[str, Tensor],
    graphs: Mapping[str, Graph],
    plugins: Plugins,
) -> Config:
    """config.json of these tensors of a run's model.

    Settings are told as they are, but for folders of this machine, of which the last name is left. Errors: IncompatibleError for
    what comes from no installed package, which nobody else could install.
    """
    recipe = model.recipe
    assert recipe, "a model of a run has its recipe"
    blueprints: dict[str, Any] = {"procedure": recipe.procedure, **recipe.parts}
    if isinstance(model.procedure, Translator):
        blueprints["dataset"] = recipe.dataset
    listed = [one for part in blueprints.values() for one in (part if isinstance(part, list) else [part])]
    versions = plugins.versions({one.entry.owner for one in listed})
    components = {
        name: [one.filled() for one in part] if isinstance(part, list) else part.filled()
        for name, part in blueprints.items()
    }
    spec = model.spec
    needed = {name: version for name, version in versions.items() if name != DISTRIBUTION}
    if strange := [name for name in needed if not re.fullmatch(NAME, name)]:
        raise IncompatibleError(f"{strange[0]!r} is no installed package: nobody could install it to load this model.")
    return Config(
        format=FORMAT,
        ganzoo_api=API_VERSION,
        name=scrub(recipe.name),
        run=scrub(run.folder.name),
        step=step,
        averaged=bool(recipe.run.ema),
        seed=recipe.run.seed,
        spec=Shape(shape=list(spec.shape), classes=spec.classes, vocab=spec.vocab),
        class_names=model.class_names,
        words=model.words,
        components=Redactor()(components),
        plugins=needed,
        tensors=weights.stored(tensors),
        graphs=dict(graphs),
    )

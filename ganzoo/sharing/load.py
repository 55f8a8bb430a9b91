"""An export as a Model. Nothing that came with the weights is run: known files are read, and what they name is built.

The order is: which files there are; config.json, by its digest and like a recipe; the networks on the meta device,
which takes no memory; the header of model.safetensors against them; and only then networks and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import instantiate, resolver
from ganzoo.config.component import Blueprint
from ganzoo.errors import GanzooError, IncompatibleError, RunError, SetupError
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.sampling.model import Model
from ganzoo.sharing import config, manifest, weights
from ganzoo.sharing.config import Config
from ganzoo.training import memory

SAMPLES = 64  # that a model must have room for: what `ganzoo sample` draws


def load(place: Path, plugins: Plugins | None = None) -> Model:
    """The model of an export. Errors: RunError, SetupError, IncompatibleError or RecipeError naming what is wrong."""
    plugins, listing = plugins or discovery.load(), manifest.check(place)
    found = _config(place, listing)
    procedure, parts, dataset = components(found, plugins, str(place / manifest.CONFIG))
    check_plan(found, procedure, parts)
    path = place / manifest.WEIGHTS
    weights.check(path, found.tensors)
    tensors = weights.load(manifest.read(place, manifest.WEIGHTS, listing), str(path))
    with torch.random.fork_rng(devices=[]):  # building seeds the generator, and the caller's is none of ours
        made = instantiate.procedure_from(procedure, parts, found.spec.spec, found.seed)
    take_away(made, tensors)
    made.load_state_dict(tensors)
    data = partial(instantiate.dataset_from, dataset, found.seed) if dataset else None
    return Model(made.eval(), found.spec.spec, found.class_names, found.words, data=data)


def read(place: Path) -> Config:
    """config.json as it was written. Errors: RunError."""
    return _config(place, manifest.check(place))


def _config(place: Path, listing: manifest.Manifest) -> Config:
    path = place / manifest.CONFIG
    if listing.files[manifest.CONFIG].size > config.LARGEST:
        raise RunError(f"{path}: larger than the {config.LARGEST:,} bytes that it may have.")
    return config.parse(manifest.read(place, manifest.CONFIG, listing), str(path))


def components(found: Config, plugins: Plugins, origin: str) -> tuple[Blueprint, Mapping[str, Any], Blueprint | None]:
    """The procedure, its parts, and its data where samples are made of it.

    Errors: SetupError naming the plugins that are missing; RecipeError for settings that are no good.
    """
    for name, version in found.plugins.items():
        row = next((row for row in plugins.rows if row.distribution == discovery.normalised(name)), None)
        if row is None or row.status != "ok":
            why = f"{row.status}: {row.error}" if row else "not installed"
            raise SetupError(
                f"{origin}: this model needs the plugin {name} {version}, which is {why}. To get it: pip install "
                f"{name}    (a plugin is a program: install it if you trust who made it)"
            )
    return resolver.parts(found.components, plugins.zoo, origin)


def check_plan(found: Config, procedure: Blueprint, parts: Mapping[str, Any]) -> None:
    """Build the networks on the meta device, and hold the tensors of config.json to them.

    Errors: RunError when the tensors are not theirs; IncompatibleError for what does not fit together, or fits no memory.
    """
    spec, left_out = found.spec.spec, ""
    try:
        with torch.device("meta"):
            made = instantiate.procedure_from(procedure, parts, spec, found.seed)
            needed = sum(t.numel() * t.element_size() for t in (*made.parameters(), *made.buffers()))
            left_out = ", ".join(take_away(made, found.tensors))
            if told := weights.differences(found.tensors, weights.stored(made.state_dict()), f"in {manifest.CONFIG}"):
                raise RunError("\n".join([f"{manifest.CONFIG}: its tensors are not those of its components:", *told]))
            instantiate.check_fit(made, spec)
    except GanzooError:
        raise
    except (AttributeError, StopIteration) as error:  # of what was taken away
        raise RunError(f"{manifest.CONFIG}: there are no tensors of {left_out}, and sampling needs them.") from error
    except Exception as error:  # a stranger's component may raise anything
        raise IncompatibleError(
            f"procedure {procedure.entry.name!r} cannot be built on the meta device ({type(error).__name__}: {error}), "
            "so that nobody can tell what it needs: it is not shared."
        ) from error
    needed += SAMPLES * 4 * spec.size
    if needed > memory.machine():
        raise IncompatibleError(
            f"this model needs at least {needed / 2**30:,.1f} GiB of memory, and this machine has "
            f"{memory.machine() / 2**30:,.1f} GiB."
        )


def take_away(made: Procedure, tensors: Mapping[str, Any]) -> list[str]:
    """Drop the networks of which nothing was stored, and name them: better none than ones of random weights."""
    absent = [
        name
        for name, part in made.named_children()
        if part.state_dict() and not any(one.startswith(f"{name}.") for one in tensors)
    ]
    for name in absent:
        made._modules.pop(name)
    return absent

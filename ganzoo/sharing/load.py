"""Loads an export as a Model without running anything that came with the weights.

The order of the checks keeps memory safe: the file names; config.json, by its digest and like a recipe; the networks
on the meta device, which takes no memory; the header of model.safetensors against them; only then networks and weights.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import instantiate, resolver
from ganzoo.config.component import Blueprint
from ganzoo.errors import GanzooError, IncompatibleError, RunError, SetupError, describe
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.sampling.model import Model
from ganzoo.sharing import config, examples, manifest, weights
from ganzoo.sharing.config import Config
from ganzoo.utils import ram
from ganzoo.utils.meta import meta_device

SAMPLES = 64  # that a model must have room for: the default of `ganzoo sample`


def load(folder: Path, plugins: Plugins | None = None) -> Model:
    """Load the model of an export.

    Args:
        folder: The export.
        plugins: Installed plugins; discovered when left out.

    Returns:
        The model, in evaluation mode.

    Raises:
        RunError: A file is missing, unexpected or changed, or the tensors are not those of the networks.
        SetupError: A plugin is missing.
        RecipeError: A component has invalid settings.
        IncompatibleError: The components do not fit together, or need more memory than there is.
    """
    plugins = plugins or discovery.load()
    listing = manifest.check(folder)
    exported = config.read(folder, listing)
    procedure_blueprint, parts, datasets = resolve_components(exported, plugins, str(folder / manifest.CONFIG))
    check_plan(exported, procedure_blueprint, parts)
    path = folder / manifest.WEIGHTS
    weights.check(path, exported.tensors)
    tensors = weights.load(manifest.read_file(folder, manifest.WEIGHTS, listing), str(path))
    spec = exported.spec.spec
    with torch.random.fork_rng(devices=[]):  # building seeds the global generator, which belongs to the caller
        procedure = instantiate.procedure_from(procedure_blueprint, parts, spec, exported.seed)
    remove_unsaved_networks(procedure, tensors)
    procedure.load_state_dict(tensors)
    data = partial(instantiate.dataset_of, datasets, exported.seed, examples.make) if datasets else None
    return Model(procedure.eval(), spec, exported.class_names, exported.words, data=data)


def resolve_components(
    exported: Config, plugins: Plugins, origin: str
) -> tuple[Blueprint, Mapping[str, Any], Mapping[str, Blueprint]]:
    """Resolve the components of config.json to blueprints.

    Args:
        exported: Contents of config.json.
        plugins: Installed plugins.
        origin: Name of the file, for messages.

    Returns:
        The procedure, its parts, and the datasets by table, where samples are made from data.

    Raises:
        SetupError: A plugin is missing; the message names it.
        RecipeError: A component has invalid settings.
    """
    for name, version in exported.plugins.items():
        row = next((row for row in plugins.rows if row.distribution == discovery.normalised(name)), None)
        if row is None or row.status != "ok":
            state = f"{row.status}: {row.error}" if row else "not installed"
            raise SetupError(
                f"{origin}: this model needs the plugin {name} {version}, which is {state}. To get it: pip install "
                f"{name}    (a plugin is a program: install it only if you trust its author)"
            )
    return resolver.parts(exported.components, plugins.zoo, origin)


def check_plan(exported: Config, procedure_blueprint: Blueprint, parts: Mapping[str, Any]) -> None:
    """Build the networks on the meta device and compare the tensors of config.json with theirs.

    Args:
        exported: Contents of config.json.
        procedure_blueprint: The procedure.
        parts: Its parts.

    Raises:
        RunError: The tensors are not those of the networks.
        IncompatibleError: The components do not fit together, or need more memory than there is.
    """
    spec = exported.spec.spec
    removed = ""
    try:
        with meta_device():
            procedure = instantiate.procedure_from(procedure_blueprint, parts, spec, exported.seed)
            required = sum(t.numel() * t.element_size() for t in (*procedure.parameters(), *procedure.buffers()))
            removed = ", ".join(remove_unsaved_networks(procedure, exported.tensors))
            expected = weights.describe(procedure.state_dict())
            if differences := weights.list_differences(exported.tensors, expected, f"in {manifest.CONFIG}"):
                raise RunError(
                    "\n".join([f"{manifest.CONFIG}: its tensors are not those of its components:", *differences])
                )
            instantiate.check_fit(procedure, spec)
    except GanzooError:
        raise
    except (AttributeError, StopIteration) as error:  # sampling reached for a network that was removed
        raise RunError(f"{manifest.CONFIG}: there are no tensors of {removed}, and sampling needs them.") from error
    except Exception as error:  # a component of a plugin may raise anything
        raise IncompatibleError(
            f"procedure {procedure_blueprint.entry.name!r} cannot be built on the meta device "
            f"({describe(error)}), so its memory cannot be estimated: it cannot be shared."
        ) from error
    required += SAMPLES * 4 * spec.size
    if required > ram.available():
        raise IncompatibleError(
            f"this model needs at least {required / 2**30:,.1f} GiB of memory, and this machine has "
            f"{ram.available() / 2**30:,.1f} GiB."
        )


def remove_unsaved_networks(procedure: Procedure, tensors: Collection[str]) -> list[str]:
    """Remove the networks of which no tensor was saved: a missing network is better than one of random weights.

    Args:
        procedure: A procedure with all its networks.
        tensors: Names of the saved tensors.

    Returns:
        The names of the networks that were removed.
    """
    absent = [
        name
        for name, part in procedure.named_children()
        if part.state_dict() and not any(tensor.startswith(f"{name}.") for tensor in tensors)
    ]
    for name in absent:
        procedure._modules.pop(name)
    return absent

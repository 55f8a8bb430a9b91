"""Settings that `ganzoo bench --tune` found, kept for this machine in the cache folder."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganzoo.config.recipe import Recipe
from ganzoo.data.sources import cache_root
from ganzoo.interfaces import Spec
from ganzoo.utils import atomic, openmp, processor

FOLDER = "tuned"
TABLES = ("procedure", "optimizer")
TUNED = ("threads", "channels_last", "compile")
SETTINGS = ("batch_size", "precision", "deterministic")


def path_of(recipe: Recipe, spec: Spec) -> Path:
    """Return the file for a recipe on this machine.

    It depends on all that the speed of a step depends on: networks, optimizer, shape of the data, batch size and
    precision; processor, cores, versions and device. It does not depend on the number of steps.

    Args:
        recipe: The recipe.
        spec: Shape of the data.

    Returns:
        The file, which need not exist.
    """
    tables = recipe.resolved()
    run = recipe.run.model_dump(mode="json")
    key = [
        {table: tables.get(table) for table in (*TABLES, *recipe.parts)},
        [*spec.shape, spec.classes],
        {name: run[name] for name in SETTINGS},
        [processor.name(), openmp.cores(), torch.__version__, platform.system(), torch.cuda.is_available()],
    ]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()
    return cache_root() / FOLDER / f"{digest[:32]}.json"


def write(recipe: Recipe, spec: Spec, settings: Mapping[str, Any]) -> Path:
    """Keep the settings that were found for a recipe.

    Args:
        recipe: The recipe.
        spec: Shape of the data.
        settings: The settings of [run], such as {"channels_last": True}.

    Returns:
        The file.
    """
    path = path_of(recipe, spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(path, {"recipe": recipe.name, "run": dict(settings)})
    return path


def read(recipe: Recipe, spec: Spec) -> dict[str, Any]:
    """Return the settings of [run] that were found for a recipe on this machine; none if it was not tuned here."""
    try:
        found = json.loads(path_of(recipe, spec).read_bytes())["run"]
        return {name: found[name] for name in TUNED if name in found}
    except (OSError, ValueError, KeyError, TypeError):
        return {}

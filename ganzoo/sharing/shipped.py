"""Trained models that plugins ship: exports, each found by the name of its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import RunError, did_you_mean
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import meant
from ganzoo.sharing import CONFIG
from ganzoo.utils import regular


@dataclass(frozen=True)
class ShippedModel:
    """A trained model of a plugin.

    Attributes:
        name: Name of the folder.
        owner: Owner of the plugin.
        folder: The export.
    """

    name: str
    owner: str
    folder: Path

    @property
    def full_name(self) -> str:
        """The name with its owner: "ganzoo/letters"."""
        return f"{self.owner}/{self.name}"

    def summary(self) -> str:
        """Describe what it generates in one line; "" where the export cannot be read."""
        try:
            exported = regular.read_json(self.folder / CONFIG)
            shape, classes = exported["spec"]["shape"], exported["spec"]["classes"]
            text = f"{exported['name']} after {exported['step']:,} steps: samples of shape {tuple(shape)}"
        except (OSError, ValueError, LookupError, TypeError):
            return ""
        return f"{text}, {classes} classes" if classes else text


def models(plugins: Plugins) -> list[ShippedModel]:
    """Return every shipped model, sorted by name. A plugin that fails to name its folder is skipped."""
    found = [
        ShippedModel(export.name, owner, export)
        for owner, folder in plugins.folders("ganzoo_models")
        for export in folder.iterdir()
        if (export / CONFIG).is_file()
    ]
    return sorted(found, key=lambda model: (model.name, model.owner))


def find(place: str | Path, plugins: Plugins | None = None) -> ShippedModel | None:
    """Find the shipped model that `place` names. A path of this machine wins.

    Args:
        place: NAME, which is the built-in one if there is one, or OWNER/NAME.
        plugins: Installed plugins; discovered when left out.

    Returns:
        The model; None when `place` is a path, or of a form that no model has.

    Raises:
        RunError: Several models have the name, or there is none, and one of nearly that name.
    """
    path = Path(place)
    if path.exists() or path.is_symlink() or path.is_absolute() or len(path.parts) > 2:
        return None
    offered = models(plugins or discovery.load())
    owner, _, bare = str(place).rpartition("/")
    found = meant([model for model in offered if model.name == bare], owner)
    if len(found) > 1:
        raise RunError(f"{len(found)} plugins ship a model {str(place)!r}: write {_choices(found)}.")
    if not found and len(path.parts) == 1 and (near := did_you_mean(str(place), [model.name for model in offered])):
        raise RunError(f"there is no run and no shipped model {str(place)!r}.{near} See `ganzoo list model`.")
    return found[0] if found else None


def _choices(found: list[ShippedModel]) -> str:
    return " or ".join(model.full_name for model in found)

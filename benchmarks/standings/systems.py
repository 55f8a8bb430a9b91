"""The GANs of the league: one row for each GAN of the zoo that generates images from noise.

Recipes are named `<gan>_<dataset>`, and `<gan>_<dataset>_printed` for a source's own settings. All recipes of one
<gan> are one system. Its recipe on a league's data is the one of that data. Without one, the recipe of the most similar
data is moved there by overrides of its table `dataset`; settings that draw well come before printed ones.

Every system is judged at 28x28. One that needs 32x32 trains on padded images, and its samples are cropped.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.config import instantiate, locate, resolver
from ganzoo.config.locate import RecipeFile
from ganzoo.config.recipe import Recipe
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Spec
from ganzoo.procedure import Procedure
from ganzoo.registry.discovery import Plugins
from ganzoo.runs.labels import IGNORED_SETTINGS, IGNORED_TABLES
from ganzoo.training.engine import owned
from ganzoo.translator import Translator
from ganzoo.utils.meta import meta_device

DATA = ("mnist", "fashion_mnist")
SIDE, PADDED = 28, 32  # sides of the images that are judged, and of padded ones
PRINTED = "_printed"
OVERRULED = ("run.steps", "run.epochs", "run.max_time", "run.on_nonfinite", "run.threads")  # by the league's protocol
ROUNDING = ("run.channels_last",)  # changes nothing else
GALLERY_ROW = re.compile(r"\*\*\[\w+\]\((?P<page>\w+\.md)\)\*\*<br>(?P<gan>[^:]+):.*<br>(?P<recipes>.+) \|$", re.M)


@dataclass(frozen=True)
class System:
    """A GAN on the data of a league.

    Attributes:
        name: Name of the GAN: that of its recipe without the data.
        data: Name of the dataset.
        recipe: The recipe, resolved with the changes.
        changes: Overrides that move the recipe to the data.
        conditional: Whether classes are requested.
        digest: SHA-256 of all that training depends on, except code and the seed.
    """

    name: str
    data: str
    recipe: Recipe
    changes: tuple[str, ...]
    conditional: bool
    digest: str

    @property
    def command(self) -> str:
        """The command that trains the recipe on this data."""
        return " ".join(("ganzoo run", self.recipe.name, *self.changes))

    @property
    def side(self) -> int:
        """Side of the images that it generates."""
        return int(self.recipe.dataset.filled()["size"] or SIDE)

    def seeded(self, seed: int) -> Recipe:
        """Return the recipe with another seed."""
        return replace(self.recipe, run=self.recipe.run.model_copy(update={"seed": seed}))


class Unsuitable(Exception):
    """A recipe that cannot compete; the text says why."""


def survey(plugins: Plugins, data: str) -> tuple[dict[str, System], dict[str, str]]:
    """Select the systems that compete on a dataset.

    Args:
        plugins: The plugins; the zoo's own recipes are considered.
        data: Name of the dataset.

    Returns:
        The systems by name, and the reason for each GAN that is left out.
    """
    files = [file for file in locate.recipes(plugins) if file.path.parent == locate.packaged()]
    return select(files, plugins, data)


def select(files: Iterable[RecipeFile], plugins: Plugins, data: str) -> tuple[dict[str, System], dict[str, str]]:
    """Select the systems of some recipes; see survey()."""
    datasets = [entry.name for entry in plugins.zoo.entries("dataset")]
    families: dict[str, list[tuple[RecipeFile, str]]] = {}
    left_out: dict[str, str] = {}
    for file in files:
        name, source = split_name(file.name, datasets)
        if source:
            families.setdefault(name, []).append((file, source))
        else:
            left_out[file.name] = "a name without GAN and dataset"
    systems: dict[str, System] = {}
    for name, members in sorted(families.items()):
        reasons = []
        for file, _ in sorted(members, key=lambda member: _preference(*member, data)):
            try:
                systems[name] = move(file.path, name, plugins, data)
                break
            except Unsuitable as reason:
                reasons.append(str(reason))
        else:
            left_out[name] = reasons[0]
    return systems, left_out


def split_name(recipe: str, datasets: Iterable[str]) -> tuple[str, str]:
    """Split the name of a recipe into GAN and dataset.

    Args:
        recipe: Name of the recipe.
        datasets: Names of all datasets.

    Returns:
        The GAN and the dataset: "wgan_gp_mnist_printed" -> ("wgan_gp", "mnist"). The dataset is "" if there is none in
        the name.
    """
    name = recipe.removesuffix(PRINTED)
    for dataset in sorted(datasets, key=len, reverse=True):
        if name.endswith(f"_{dataset}"):
            return name.removesuffix(f"_{dataset}"), dataset
    return recipe, ""


def _preference(file: RecipeFile, source: str, data: str) -> tuple[bool, int, str]:
    """Return the sort key of a recipe: settings that draw well first, then the most similar data."""
    ranks = (data, *DATA, "emnist", "kmnist", "digits")
    rank = ranks.index(source) if source in ranks else len(ranks)
    return file.name.endswith(PRINTED), rank, file.name


def move(path: Path, name: str, plugins: Plugins, data: str) -> System:
    """Move a recipe to a dataset.

    Args:
        path: File of the recipe.
        name: Name of the system.
        plugins: The plugins.
        data: Name of the dataset.

    Returns:
        The system.

    Raises:
        Unsuitable: It does not generate images from noise, or its networks take neither 28x28 nor 32x32 pixels.
    """
    original, _ = resolver.read(path, (), plugins.zoo)
    if original.procedure.entry.load().discrete:
        raise Unsuitable("text")
    own = _own_spec(original)
    if own and not own.is_image:
        raise Unsuitable("toy data: points or numbers")
    sides = (PADDED, SIDE) if own and own.shape[-1] == PADDED else (SIDE, PADDED)
    refusal = ""
    for side in sides:
        recipe, changes = _moved(path, plugins, data, side)
        try:
            procedure = _build(recipe)
        except GanzooError as error:
            refusal = refusal or error.message
            continue
        if isinstance(procedure, Translator):
            raise Unsuitable("translation or completion of given images")
        return System(name, data, recipe, changes, procedure.conditional, digest(recipe, procedure))
    raise Unsuitable(refusal)


def _own_spec(recipe: Recipe) -> Spec | None:
    """Return the spec of a recipe's own data, or None when that is known only if the data is there."""
    try:
        return instantiate.dataset(recipe).spec
    except GanzooError:
        return None


def _moved(path: Path, plugins: Plugins, data: str, side: int) -> tuple[Recipe, tuple[str, ...]]:
    """Return a recipe on the training part of a dataset, padded to a side, and the overrides that it takes."""

    def read() -> Recipe:
        return resolver.read(path, changes, plugins.zoo)[0]

    changes: list[str] = []
    if read().dataset.entry != plugins.zoo.find("dataset", data):
        changes.append(f"dataset.use={data}")
    table = read().dataset.filled()
    if (table["size"] or SIDE) != side:
        changes.append(f"dataset.size={side}")
    if side != SIDE and table["fit"] != "pad":
        changes.append("dataset.fit=pad")
    if not table["train"]:
        changes.append("dataset.train=true")
    return read(), tuple(changes)


def _build(recipe: Recipe) -> Procedure:
    """Build the procedure of a recipe on the meta device, and check that it can be trained."""
    spec = instantiate.dataset(recipe).spec
    with meta_device():
        procedure = instantiate.procedure(recipe, spec)
    instantiate.check_fit(procedure, spec)
    instantiate.check_batch(procedure, recipe.run.batch_size)
    return procedure


def digest(recipe: Recipe, procedure: Procedure) -> str:
    """Return the SHA-256 of the settings and of the shapes of all weights.

    Settings of `run` count only where they differ from their default, so that a new setting changes no digest.

    Args:
        recipe: The recipe.
        procedure: Its procedure, on any device.
    """
    tree = {table: value for table, value in recipe.resolved().items() if table not in IGNORED_TABLES}
    ignored = (*IGNORED_SETTINGS, *OVERRULED, *ROUNDING)
    tree["run"] = {
        key: value
        for key, value in recipe.run.model_dump(mode="json", exclude_defaults=True).items()
        if f"run.{key}" not in ignored
    }
    shapes = {player: [[*p.shape] for p in parameters] for player, parameters in owned(procedure).items()}
    return hashlib.sha256(json.dumps([tree, shapes], sort_keys=True).encode()).hexdigest()


def pages(gallery: Path) -> dict[str, tuple[str, str]]:
    """Return the name of the GAN and the page of each recipe, as the zoo's gallery lists them.

    Args:
        gallery: docs/zoo/index.md.

    Returns:
        Recipe -> (GAN, file name of the page).
    """
    return dict(_gallery_entries(gallery.read_text()))


def _gallery_entries(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for row in GALLERY_ROW.finditer(text):
        for recipe in re.findall(r"`(\w+)`", row["recipes"]):
            yield recipe, (row["gan"], row["page"])

"""config.json of an export: the components of the networks with their settings, and the tensors they need."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_serializer

from ganzoo.config import parser, validation
from ganzoo.errors import RunError
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import DISTRIBUTION
from ganzoo.registry.versions import API_VERSION
from ganzoo.sharing import manifest
from ganzoo.sharing.manifest import Manifest

FORMAT = 1
MAX_BYTES = 2**23  # of config.json, most of which are words and class names
Line = Annotated[str, Field(max_length=1000)]
PACKAGE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # nothing that pip takes for an option
PackageName = Annotated[str, Field(pattern=PACKAGE_NAME)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+!_-]{0,64}$")]


class DataSpec(BaseModel):
    """A `ganzoo.Spec` as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Annotated[list[PositiveInt], Field(min_length=1, max_length=4)]
    classes: NonNegativeInt
    vocab: NonNegativeInt
    source_shape: Annotated[list[PositiveInt], Field(min_length=1, max_length=4)] | None = None

    @model_serializer(mode="wrap")
    def _without_none(self, serialize: Any) -> dict[str, Any]:
        """Leave out an absent source_shape, which earlier versions do not know."""
        return {name: value for name, value in serialize(self).items() if value is not None}

    @property
    def spec(self) -> Spec:
        """Return the spec as a `ganzoo.Spec`."""
        return Spec.from_description(self.model_dump())


class TensorInfo(BaseModel):
    """Type and shape of a tensor in model.safetensors; the dtype is spelled as in that format: "F32"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dtype: Annotated[str, Field(max_length=10)]
    shape: Annotated[list[NonNegativeInt], Field(max_length=16)]

    def __str__(self) -> str:
        return f"{self.dtype} {tuple(self.shape)}"

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class GraphInfo(BaseModel):
    """A generator as a graph: the names of its inputs, and its largest difference from ganzoo's own samples."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Annotated[list[Line], Field(max_length=2)]
    max_difference: NonNegativeFloat


class Config(BaseModel):
    """The contents of config.json.

    Attributes:
        format: Version of this format.
        ganzoo_api: Plugin API that the model was exported with.
        name: Name of the recipe.
        run: Name of the run folder.
        step: Training step of the weights.
        averaged: Whether the weights are averages over training (EMA).
        seed: Seed of everything that a constructor draws and no tensor holds.
        spec: Shape, classes and vocabulary of the data.
        class_names: Names of the classes.
        words: Words that the token ids stand for.
        components: The procedure and its parts; the dataset too where samples are made from it.
        plugins: Distributions that have to be installed, with their versions.
        tensors: Tensors of model.safetensors, by name.
        graphs: Exported graphs, by file name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: PositiveInt
    ganzoo_api: Annotated[str, Field(pattern=r"^\d{1,4}\.\d{1,4}$")]
    name: Line
    run: Line
    step: NonNegativeInt
    averaged: bool
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    spec: DataSpec
    class_names: list[Line]
    words: list[Line]
    components: dict[Line, Any]
    plugins: Annotated[dict[PackageName, Version], Field(max_length=100)]
    tensors: dict[Line, TensorInfo]
    graphs: dict[Line, GraphInfo] = {}


def read(folder: Path, listing: Manifest | None = None) -> Config:
    """Read and check config.json of an export.

    Args:
        folder: The export.
        listing: Its manifest, checked; it is read and checked when left out.

    Returns:
        The configuration.

    Raises:
        RunError: The export was changed, or is not for this version of ganzoo.
    """
    listing = listing or manifest.check(folder)
    path = folder / manifest.CONFIG
    if listing.files[manifest.CONFIG].size > MAX_BYTES:
        raise RunError(f"{path}: larger than the limit of {MAX_BYTES:,} bytes.")
    return parse(manifest.read_file(folder, manifest.CONFIG, listing), str(path))


def parse(content: bytes, origin: str) -> Config:
    """Parse the content of config.json.

    Args:
        content: JSON.
        origin: Name of the file, for messages.

    Returns:
        The configuration.

    Raises:
        RunError: The content is invalid, with every problem listed, or is for another version of ganzoo.
    """
    try:
        tree = parser.strict_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{origin}: not JSON: {error}") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("format"), int):
        raise RunError(f"{origin}: not a configuration of ganzoo: it has no format number.")
    if tree["format"] > FORMAT:
        raise RunError(
            f"{origin}: format {tree['format']}, and this ganzoo reads format {FORMAT}: pip install -U {DISTRIBUTION}"
        )
    if problems := validation.check(Config, origin, tree):
        raise RunError("\n".join(problems))
    config = Config.model_validate_json(json.dumps(tree), strict=True)  # in UTF-8, whatever the file's encoding
    _check_api(config, origin)
    if config.spec.classes < len(config.class_names):
        raise RunError(f"{origin}: {len(config.class_names)} class names for {config.spec.classes} classes.")
    if config.words and len(config.words) < config.spec.vocab:
        raise RunError(f"{origin}: {len(config.words)} words for {config.spec.vocab} token ids.")
    return config


def _check_api(config: Config, origin: str) -> None:
    """Raise RunError unless the model's plugin API has our major version and is not newer than ours."""
    theirs, ours = ([int(part) for part in version.split(".")] for version in (config.ganzoo_api, API_VERSION))
    if theirs[0] != ours[0] or theirs > ours:
        raise RunError(
            f"{origin}: made with plugin API {config.ganzoo_api}, and this ganzoo has {API_VERSION}: "
            f"install {'a newer' if theirs > ours else 'an older'} {DISTRIBUTION}."
        )

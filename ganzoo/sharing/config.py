"""config.json of an export: which components the networks are, with which settings, and what tensors there are."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from ganzoo.config import parser, validation
from ganzoo.errors import RunError
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import DISTRIBUTION
from ganzoo.registry.versions import API_VERSION

FORMAT = 1
LARGEST = 2**23  # bytes of config.json: words and class names are most of it
Line = Annotated[str, Field(max_length=1000)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # of a package: nothing that pip takes for an option
Distribution = Annotated[str, Field(pattern=NAME)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+!_-]{0,64}$")]


class Shape(BaseModel):
    """Of the data, as ganzoo.Spec has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Annotated[list[PositiveInt], Field(min_length=1, max_length=4)]
    classes: NonNegativeInt
    vocab: NonNegativeInt

    @property
    def spec(self) -> Spec:
        return Spec(tuple(self.shape), self.classes, self.vocab)


class Stored(BaseModel):
    """One tensor of model.safetensors. dtype: as that format spells it, "F32"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dtype: Annotated[str, Field(max_length=10)]
    shape: Annotated[list[NonNegativeInt], Field(max_length=16)]

    def __str__(self) -> str:
        return f"{self.dtype} {tuple(self.shape)}"

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


class Graph(BaseModel):
    """A generator as a graph: the names of its inputs, and the largest difference from ganzoo's own samples."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Annotated[list[Line], Field(max_length=2)]
    max_difference: NonNegativeFloat


class Config(BaseModel):
    """What an export says of itself.

    name: the recipe's. run, step: where the weights come from; averaged: whether they are averages over training.
    seed: of whatever a constructor draws and no tensor holds. components: the procedure and its parts, and the dataset
    where samples are made of data. plugins: what else has to be installed, {distribution: version}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: PositiveInt
    ganzoo_api: Annotated[str, Field(pattern=r"^\d{1,4}\.\d{1,4}$")]
    name: Line
    run: Line
    step: NonNegativeInt
    averaged: bool
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    spec: Shape
    class_names: list[Line]
    words: list[Line]
    components: dict[Line, Any]
    plugins: Annotated[dict[Distribution, Version], Field(max_length=100)]
    tensors: dict[Line, Stored]
    graphs: dict[Line, Graph] = {}


def parse(content: bytes, origin: str) -> Config:
    """Errors: RunError with everything that is wrong, or when it is for another version of ganzoo."""
    try:
        tree = parser.strict_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{origin}: not JSON: {error}") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("format"), int):
        raise RunError(f"{origin}: not as ganzoo writes it: it has no format number.")
    if tree["format"] > FORMAT:
        raise RunError(
            f"{origin}: format {tree['format']}, and this ganzoo reads format {FORMAT}: pip install -U {DISTRIBUTION}"
        )
    if problems := validation.check(Config, origin, tree):
        raise RunError("\n".join(problems))
    found = Config.model_validate_json(content, strict=True)
    _check_api(found, origin)
    if found.spec.classes < len(found.class_names):
        raise RunError(f"{origin}: {len(found.class_names)} class names, and {found.spec.classes} classes.")
    if found.words and len(found.words) < found.spec.vocab:
        raise RunError(f"{origin}: {len(found.words)} words for {found.spec.vocab} token ids.")
    return found


def _check_api(found: Config, origin: str) -> None:
    """A model of plugin API 1.4 may use what 1.2 has not; of 2.x, what 1.x calls otherwise."""
    theirs, ours = ([int(part) for part in version.split(".")] for version in (found.ganzoo_api, API_VERSION))
    if theirs[0] != ours[0] or theirs > ours:
        raise RunError(
            f"{origin}: made with plugin API {found.ganzoo_api}, and this ganzoo has {API_VERSION}: "
            f"install {'a newer' if theirs > ours else 'an older'} {DISTRIBUTION}."
        )

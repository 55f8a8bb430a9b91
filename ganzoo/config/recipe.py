"""What a recipe is: its [run] settings, its components as blueprints, and the text it was read from."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    TypeAdapter,
)

from ganzoo.config.component import Blueprint
from ganzoo.config.parser import Tree

SPAN = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?")


def _span(text: Any) -> Any:
    """ "3h50m" as a length of time, or what pydantic takes for one: "03:50:00", "PT3H50M"."""
    if not isinstance(text, str) or not text:
        return text
    if not (found := SPAN.fullmatch(text)):
        with contextlib.suppress(ValueError):
            return TypeAdapter(timedelta).validate_python(text)
        return text
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class RunSettings(BaseModel):
    """The [run] table. Intervals are in steps; a step is one call of the procedure's step().

    steps: how long to train; give this or epochs.
    epochs: the same in passes over the data; fractions are allowed.
    batch_size: examples in a batch, in each process.
    seed: of weights, noise and the order of the data.
    precision: "bf16" or "fp16" for mixed precision.
    log: every so many steps: the losses.
    sample: every so many steps: a grid and the curves.
    beside: draws real samples to the left of the generated ones in every grid.
    save: every so many steps: a checkpoint.
    keep: how many checkpoints stay.
    ema: decay of averaged generator weights, used for grids and samples; 0 keeps none.
    clip: the largest gradient norm of a player's move; 0 clips nothing.
    workers: processes that read data which does not fit in memory.
    balance: draws every class with the same chance, whatever its size.
    max_time: how long to train at most, such as "3h50m"; then the run is saved and stops.
    on_nonfinite: what to do when a number is no longer finite.
    deterministic: makes PyTorch use deterministic algorithms only.
    compile: compiles the networks with torch.compile.
    trackers: experiment trackers that Accelerate knows, such as ["tensorboard"].
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: PositiveInt | None = None
    epochs: Annotated[float, Field(gt=0, le=1e9)] | None = None
    batch_size: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["no", "bf16", "fp16"] = "no"
    log: PositiveInt = 100
    sample: PositiveInt = 1000
    beside: bool = False
    save: PositiveInt = 5000
    keep: Annotated[int, Field(ge=2)] = 3
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    clip: NonNegativeFloat = 0.0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    balance: bool = False
    max_time: Annotated[timedelta, BeforeValidator(_span), Field(gt=timedelta(0))] | None = None
    on_nonfinite: Literal["stop", "rollback", "skip"] = "stop"
    deterministic: bool = False
    compile: bool = False
    trackers: list[str] = []


class Evaluation(BaseModel):
    """The [evaluate] table: when a run is judged, by how many samples, and which result says that it is at its best.

    every: every so many steps, and at the end.
    samples: how many are drawn; 10,000, or as many real ones as are held out.
    seed: of the samples' noise.
    best: the result that decides which checkpoint is kept as checkpoints/best.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: PositiveInt | None = None
    samples: PositiveInt | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    best: str = ""


class About(BaseModel):
    """The [about] table: which GAN this is, for whoever looks for one.

    gan: by the name the field uses.
    paper: an address or an arXiv id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gan: Annotated[str, Field(max_length=60)] = ""
    paper: Annotated[str, Field(max_length=200)] = ""


@dataclass(frozen=True)
class PerPlayer:
    """[optimizer] or [schedule]: one component for every player, and [optimizer.PLAYER] what differs for one."""

    base: Blueprint
    others: Mapping[str, Blueprint]

    def of(self, player: str) -> Blueprint:
        return self.others.get(player, self.base)

    def filled(self) -> Tree:
        return {**self.base.filled(), **{player: other.filled() for player, other in self.others.items()}}


@dataclass(frozen=True)
class Recipe:
    """A recipe whose names are found and whose settings are valid. `text` is the file as given."""

    name: str
    text: bytes
    suffix: str
    run: RunSettings
    dataset: Blueprint
    procedure: Blueprint
    parts: Mapping[str, Blueprint | list[Blueprint]]
    optimizer: PerPlayer
    schedule: PerPlayer | None
    about: About
    evaluate: Evaluation
    metrics: list[Blueprint]
    extractor: Blueprint | None

    def owners(self) -> set[str]:
        """Whose components it uses."""
        named = [part for parts in self.parts.values() for part in (parts if isinstance(parts, list) else [parts])]
        players = [self.optimizer, *([self.schedule] if self.schedule else [])]
        named += [one for player in players for one in (player.base, *player.others.values())]
        return {blueprint.entry.owner for blueprint in (self.dataset, self.procedure, *named)}

    def resolved(self) -> Tree:
        """The same recipe with every default written out and every name in full."""
        parts = {
            name: [one.filled() for one in part] if isinstance(part, list) else part.filled()
            for name, part in self.parts.items()
        }
        tables = {"dataset": self.dataset.filled(), "procedure": self.procedure.filled(), **parts}
        schedule = {"schedule": self.schedule.filled()} if self.schedule else {}
        run = self.run.model_dump(mode="json", exclude_none=True)
        about = {"about": self.about.model_dump()} if self.about != About() else {}
        return {**about, "run": run, **tables, "optimizer": self.optimizer.filled(), **schedule, **self._judged()}

    def _judged(self) -> Tree:
        """The tables that say how it is evaluated, where there are any."""
        tables: Tree = {}
        if self.evaluate != Evaluation():
            tables["evaluate"] = self.evaluate.model_dump(exclude_none=True)
        if self.metrics:
            tables["metric"] = [metric.filled() for metric in self.metrics]
        if self.extractor:
            tables["extractor"] = self.extractor.filled()
        return tables

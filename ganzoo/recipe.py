"""What a recipe is: its [run] settings, its components as blueprints, and the text it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from ganzoo.blueprint import Blueprint
from ganzoo.tables import Tree


class RunSettings(BaseModel):
    """The [run] table. Intervals are in steps; a step is one call of the procedure's step()."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    batch_size: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["no", "bf16", "fp16"] = "no"
    log: PositiveInt = 100
    sample: PositiveInt = 1000
    save: PositiveInt = 5000
    keep: Annotated[int, Field(ge=2)] = 3
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    clip: NonNegativeFloat = 0.0
    workers: NonNegativeInt = 0
    balance: bool = False
    deterministic: bool = False
    compile: bool = False
    trackers: list[str] = []


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

    def resolved(self) -> Tree:
        """The same recipe with every default written out and every name in full."""
        parts = {
            name: [one.filled() for one in part] if isinstance(part, list) else part.filled()
            for name, part in self.parts.items()
        }
        tables = {"dataset": self.dataset.filled(), "procedure": self.procedure.filled(), **parts}
        schedule = {"schedule": self.schedule.filled()} if self.schedule else {}
        run = self.run.model_dump(exclude_none=True)
        return {"run": run, **tables, "optimizer": self.optimizer.filled(), **schedule}

"""Recipes: the settings of a run, the components it uses, and the text it was read from."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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

from ganzoo.config.average import Average, Decay
from ganzoo.config.change import Change
from ganzoo.config.component import Blueprint, PerPlayer
from ganzoo.config.defaults import write_out
from ganzoo.config.parser import Tree

DURATION = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?")


def _parse_duration(text: Any) -> Any:
    """Return "3h50m" as a timedelta, as well as what pydantic parses itself: "03:50:00", "PT3H50M"."""
    if not isinstance(text, str) or not text:
        return text
    if not (match := DURATION.fullmatch(text)):
        with contextlib.suppress(ValueError):
            return TypeAdapter(timedelta).validate_python(text)
        return text
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class RunSettings(BaseModel):
    """The [run] table. Intervals are in steps; a step is one call of the procedure's `step()`.

    Args:
        steps: Length of training in steps; set either this or epochs.
        epochs: Length of training in passes over the data; fractions are allowed.
        batch_size: Examples per batch, in each process.
        seed: Seed of weights, noise and the order of the data.
        precision: "bf16" or "fp16" for mixed precision.
        log: Steps between two records of the losses.
        sample: Steps between two sample grids, each with the loss curves.
        first_sample: Step of the first grid; further ones follow after twice as many steps each, until `sample`. By
            default the first is at `sample`.
        beside: Show real samples to the left of the generated ones in every grid.
        save: Steps between two checkpoints.
        keep: Number of checkpoints that are kept.
        start: Trained model whose weights the networks start with: a run, a checkpoint, an export, a shipped model, or
            OWNER/NAME on the Hugging Face Hub. A resumed run does not need it.
        start_players: Players that start with these weights; by default all networks.
        start_weights: Whether to start with "averaged" or with "trained" weights; by default with the average if there
            is one.
        freeze: Patterns of the weights that are not trained, such as ["discriminator.layers.0.*"]: the player, and
            the name inside its networks.
        ema: Decay of averaged generator weights, which grids and samples use; 0 for no averaging. A table in its place
            has a half-life, or the width of the average as a share of the run: {half_life = 500, ramp = 0.05}.
        averages: Further averages by name, such as {slow = {decay = 0.9999}}, for `ganzoo sample --average slow`.
        snapshots: Steps between two snapshots of all averages with `power`, from which others are rebuilt.
        clip: Largest gradient norm of a player's move; 0 for no clipping.
        workers: Processes that load data which does not fit in memory.
        threads: CPU threads of a process; "auto" chooses by timing the first steps, and again during the run.
        balance: Sample every class with the same probability, whatever its size.
        max_time: Limit on training time, such as "3h50m"; the run is then saved and stops.
        on_nonfinite: What to do when a loss or weight is no longer finite.
        deterministic: Use PyTorch's deterministic algorithms only.
        compile: Compile the networks with torch.compile.
        channels_last: Store images and weights of convolutions channels-last: faster on most processors, and only
            rounding differs.
        trackers: Experiment trackers that Accelerate knows, such as ["tensorboard"].
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: PositiveInt | None = None
    epochs: Annotated[float, Field(gt=0, le=1e9)] | None = None
    batch_size: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["no", "bf16", "fp16"] = "no"
    log: PositiveInt = 100
    sample: PositiveInt = 1000
    first_sample: PositiveInt | None = None
    beside: bool = False
    save: PositiveInt = 5000
    keep: Annotated[int, Field(ge=2)] = 3
    start: Annotated[str, Field(min_length=1)] | None = None
    start_players: Annotated[list[str], Field(min_length=1)] | None = None
    start_weights: Literal["averaged", "trained"] | None = None
    freeze: list[str] | None = None
    ema: Decay | Average = 0.0
    averages: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Average] | None = None
    snapshots: PositiveInt | None = None
    clip: NonNegativeFloat = 0.0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)] = "auto"
    balance: bool = False
    max_time: Annotated[timedelta, BeforeValidator(_parse_duration), Field(gt=timedelta(0))] | None = None
    on_nonfinite: Literal["stop", "rollback", "skip"] = "stop"
    deterministic: bool = False
    compile: bool = False
    channels_last: bool = False
    trackers: list[str] = []

    def every_average(self) -> dict[str, Average]:
        """Return the settings of all averages: `run.ema`, if there is one, under the name ""."""
        main = Average(decay=self.ema) if isinstance(self.ema, float) else self.ema
        return {**({"": main} if self.ema else {}), **(self.averages or {})}

    def is_sampled(self, t: int) -> bool:
        """Return True when a sample grid is due after t steps, apart from the one after the last step."""
        if self.first_sample is None or t >= self.sample:
            return t % self.sample == 0
        times, rest = divmod(t, self.first_sample)
        return rest == 0 and times.bit_count() == 1  # 1, 2, 4, 8, ... times


class Evaluation(BaseModel):
    """The [evaluate] table: when a run is evaluated, on how many samples, and which result decides what is best.

    Args:
        every: Steps between two evaluations; the end of the run is always evaluated.
        samples: Number of generated samples; 2,000 by default, or as many as there are held-out real ones.
        seed: Seed of the samples' noise.
        best: The result that decides which checkpoint is kept as checkpoints/best.
        patience: Evaluations in a row without a better `best` after which training ends; by default it goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: PositiveInt | None = None
    samples: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    best: str = ""
    patience: PositiveInt | None = None


class About(BaseModel):
    """The [about] table: which GAN this is, for `ganzoo list gan`.

    Args:
        gan: Name of the GAN in the literature.
        paper: URL or arXiv id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gan: Annotated[str, Field(max_length=60)] = ""
    paper: Annotated[str, Field(max_length=200)] = ""


@dataclass(frozen=True)
class Recipe:
    """A recipe whose names are resolved and whose settings are valid.

    Attributes:
        name: File name without its suffix.
        text: Content of the file, before overrides.
        suffix: ".toml" or ".json".
        run: The [run] table.
        dataset: The [dataset] table.
        dataset_a: The [dataset_a] table: a second set, of a translator's inputs; or None.
        procedure: The [procedure] table.
        parts: The tables of the procedure's parts, by name: lists where it takes any number.
        optimizer: The [optimizer] table.
        schedule: The [schedule] table, or None.
        about: The [about] table.
        evaluate: The [evaluate] table.
        metrics: The [[metric]] tables.
        extractor: The [extractor] table, or None.
        half_lives: Half-lives of averages that change in training, by the name of the average, "" for `run.ema`.
    """

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
    half_lives: Mapping[str, Change] = field(default_factory=dict)
    dataset_a: Blueprint | None = None

    @property
    def datasets(self) -> dict[str, Blueprint]:
        """The tables of data by name: "dataset", and "dataset_a" if there is one."""
        return {"dataset": self.dataset, **({"dataset_a": self.dataset_a} if self.dataset_a else {})}

    def components(self) -> list[Blueprint]:
        """Return the components that training uses, without those that judge it."""
        blueprints = [*self.datasets.values(), self.procedure]
        for part in self.parts.values():
            blueprints += part if isinstance(part, list) else [part]
        for players in filter(None, (self.optimizer, self.schedule)):
            blueprints += [players.base, *players.others.values()]
        return blueprints

    def owners(self) -> set[str]:
        """Return the owners of the components that training uses."""
        return {blueprint.entry.owner for blueprint in self.components()}

    def resolved(self) -> Tree:
        """Return the recipe's tables with full names and every default written out."""
        return write_out(
            {
                "about": None if self.about == About() else self.about.model_dump(),
                "run": self.run.model_dump(mode="json", exclude_none=True),
                **self.datasets,
                "procedure": self.procedure,
                **self.parts,
                "optimizer": self.optimizer,
                "schedule": self.schedule,
                "evaluate": None if self.evaluate == Evaluation() else self.evaluate.model_dump(),
                "metric": self.metrics or None,
                "extractor": self.extractor,
            }
        )

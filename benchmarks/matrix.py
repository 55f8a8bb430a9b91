"""Compatibility test: each combination of registered components trains, or is refused with a remedy.

    python benchmarks/matrix.py [NAME ...] [--pairs | --procedures | --sample N] [--seed 0] [--part 1/4]

Each combination of generator, discriminator, loss and regularizer (or none) is trained in small by the procedure
`adversarial`, on images of 1x28x28, 3x32x32 and 3x64x64, with and without labels. Two steps on noise must change the
weights of every player and leave all values finite. Otherwise the components must refuse each other before training,
with an error that says what to do. Anything else is a failure; failures are listed by cause, and the exit status is 1.

Then each combination of procedure, loss and regularizer (or none) is trained for three steps, with the networks and the
data of the procedure's small example, by which its conformance tests check it. `--procedures` runs these alone, with
each loss of a procedure at least once.

A network that does not accept the images is tried once and counts as refused in all its combinations. NAME selects
the combinations that contain a component of that name. All combinations take hours on one core: `--part K/N` runs
every N-th, so that several processes can share the work; `--pairs` runs enough for every two components to occur
together, and those of `--procedures`; `--sample N` runs N at random.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ganzoo import Batch, GanzooError, Procedure, Spec
from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry, Zoo
from ganzoo.testing import examples
from ganzoo.testing.examples import Example
from ganzoo.testing.stand_ins import with_stand_ins
from ganzoo.training.engine import Engine

SPECS = [Spec(shape, classes) for shape in ((1, 28, 28), (3, 32, 32), (3, 64, 64)) for classes in (0, 4)]
SMALL, BATCH, STEPS = 8, 4, 2
REMEDY = re.compile(r"\b(add|choose|give|leave|set|take|use|write)\b", re.I)
LAYER = re.compile(r" \([\w.]+\)")  # the name of a layer in an error message
AXES = ("generator", "discriminator", "loss", "regularizer")


class Combination(NamedTuple):
    """Components to train together, and the shape and classes of the data."""

    spec: Spec
    generator: Entry
    discriminator: Entry
    loss: Entry
    regularizer: Entry | None

    def __str__(self) -> str:
        names = " + ".join(part.name if part else "none" for part in self[1:])
        return f"{names} on {'x'.join(map(str, self.spec.shape))}{', labels' if self.spec.classes else ''}"


class InProcedure(NamedTuple):
    """A loss and a regularizer to try in a procedure; no loss where the procedure has none to choose."""

    procedure: Entry
    loss: Entry | None
    regularizer: Entry | None

    def __str__(self) -> str:
        return " + ".join([self.procedure.name, *(part.name if part else "none" for part in self[1:])])


class Outcome(NamedTuple):
    """Result of an attempt, with the cause of a refusal or failure."""

    kind: Literal["trained", "refused", "failed"]
    cause: str = ""


class Fit(NamedTuple):
    """A small version of a network; `conditional` is True when it needs labels."""

    blueprint: Blueprint
    conditional: bool


class Report:
    """Number of combinations for each outcome, with examples of each failure."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.examples: dict[Outcome, list[Combination | InProcedure]] = {}

    def add(self, combination: Combination | InProcedure, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        if outcome.kind == "failed":
            self.examples.setdefault(outcome, []).append(combination)

    def count(self, kind: str) -> int:
        return sum(times for outcome, times in self.outcomes.items() if outcome.kind == kind)

    def __str__(self) -> str:
        numbers = ", ".join(f"{self.count(kind):,} {kind}" for kind in ("trained", "refused", "failed"))
        lines = [f"{self.outcomes.total():,} combinations: {numbers}"]
        for outcome, times in sorted(self.outcomes.items(), key=lambda item: (item[0].kind, -item[1]), reverse=True):
            if outcome.cause:
                lines.append(f"{times:9,} {outcome.kind}: {outcome.cause}")
            lines += [f"{'':12}{example}" for example in self.examples.get(outcome, ())[:5]]
        return "\n".join(lines)


class Matrix:
    """The combinations of a zoo's components.

    Args:
        zoo: Registered components.
        specs: Shapes and classes of the data.
    """

    def __init__(self, zoo: Zoo, specs: Sequence[Spec] = tuple(SPECS)):
        self.zoo = zoo
        self.procedure = zoo.find("procedure", "adversarial").load()
        self.specs = list(specs)
        self.entries: list[list[Any]] = [zoo.entries(kind) for kind in AXES]
        self.entries[-1].append(None)

    def all(self) -> Iterator[Combination | InProcedure]:
        yield from (Combination(*parts) for parts in itertools.product(self.specs, *self.entries))
        for procedure, losses in self.penalised().items():
            yield from (InProcedure(procedure, *parts) for parts in itertools.product(losses, self.entries[-1]))

    def procedures(self, parts: int = 1) -> Iterator[InProcedure]:
        """Yield each procedure with each regularizer, and with none, under its losses in turn.

        Args:
            parts: Number of procedures of which each regularizer is tried in one; 1 tries it in all.
        """
        for i, (procedure, losses) in enumerate(self.penalised().items()):
            for k, (loss, regularizer) in enumerate(zip(itertools.cycle(losses), self.entries[-1], strict=False)):
                if (i + k) % parts == 0:
                    yield InProcedure(procedure, loss, regularizer)

    def penalised(self) -> dict[Entry, list[Entry | None]]:
        """Return the procedures that take regularizers, each with the losses that it can have."""
        parts = {entry: Blueprint(entry).signature.parts for entry in self.zoo.entries("procedure")}
        return {
            entry: self.entries[2] if "loss" in named else [None]
            for entry, named in parts.items()
            if "regularizer" in named
        }

    def sample(self, n: int, seed: int) -> Iterator[Combination]:
        """Yield one random combination with each component that accepts some of the images, then n more."""
        dice = random.Random(seed)
        each = [{i: part} for i, axis in enumerate(self.entries) for part in axis]
        yield from filter(None, (self.draw(dice, fixed) for fixed in [*each, *[{}] * n]))

    def pairs(self, seed: int) -> Iterator[Combination]:
        """Yield combinations until every two components that accept the same images have occurred together."""
        dice = random.Random(seed)
        covered = set()
        for (i, axis_i), (j, axis_j) in itertools.combinations(enumerate(self.entries), 2):
            for a, b in itertools.product(axis_i, axis_j):
                if ((i, a), (j, b)) not in covered and (combination := self.draw(dice, {i: a, j: b})):
                    covered.update(itertools.combinations(enumerate(combination[1:]), 2))
                    yield combination

    def draw(self, dice: random.Random, fixed: dict[int, Entry | None]) -> Combination | None:
        """Draw a random combination of networks that accept the same images and both need labels or both do not.

        Args:
            dice: Random number generator.
            fixed: Components to use, by the index of their axis; networks among them need not agree on labels.

        Returns:
            The combination, or None when no images suit the fixed components.
        """
        networks = [entry for i, entry in fixed.items() if i < 2]
        for spec, conditional in dice.sample([*itertools.product(self.specs, (False, True))], 2 * len(self.specs)):
            if networks and not (takes(networks[0], spec, conditional) and all(takes(net, spec) for net in networks)):
                continue
            fitting = [[net for net in axis if takes(net, spec, conditional)] for axis in self.entries[:2]]
            choices = [[fixed[i]] if i in fixed else axis for i, axis in enumerate([*fitting, *self.entries[2:]])]
            if all(choices):
                return Combination(spec, *map(dice.choice, choices))
        return None

    def walk(self, combinations: Iterable[Combination | InProcedure]) -> Report:
        report = Report()
        for combination in combinations:
            report.add(combination, self.attempt(combination))
        return report

    def attempt(self, combination: Combination | InProcedure) -> Outcome:
        """Train a combination; try another seed when a player does not move, as eight ReLU units may all be dead."""
        attempt: Any = self._attempt if isinstance(combination, Combination) else self._attempt_in
        first: Outcome = attempt(combination, seed=0)
        return attempt(combination, seed=1) if "does not move" in first.cause else first

    def _attempt_in(self, combination: InProcedure, seed: int) -> Outcome:
        example = self._example(combination.procedure)
        parts = dict(example.recipe.parts)
        if combination.loss:
            parts["loss"] = Blueprint(combination.loss)
        parts["regularizer"] = [Blueprint(combination.regularizer)] if combination.regularizer else []
        try:
            procedure = instantiate.procedure_from(example.recipe.procedure, parts, example.spec, seed)
        except Exception as error:
            return outcome_of(error, "while building")
        try:
            return train(procedure, example.batches(), steps=3)
        except Exception as error:
            return Outcome("failed", f"while training: {first_line(error)}")

    @cache  # noqa: B019 - a matrix lives as long as the program
    def _example(self, procedure: Entry) -> Example:
        return examples.find(procedure, with_stand_ins(replace(discovery.load(), zoo=self.zoo)))

    def _attempt(self, combination: Combination, seed: int) -> Outcome:
        spec, *networks = combination[:3]
        fits = [fit(network, spec) for network in networks]
        if unfit := next((outcome for outcome in fits if isinstance(outcome, Outcome)), None):
            return unfit
        blueprints = [small.blueprint for small in fits if isinstance(small, Fit)]
        loss, regularizer = combination[3:]
        regularizers = [Blueprint(regularizer)] if regularizer else []
        torch.manual_seed(seed)
        try:
            procedure = self.procedure(spec, *blueprints, Blueprint(loss), regularizers)
        except Exception as error:
            return outcome_of(error, "while building")
        try:
            return train(procedure, noise(spec), STEPS)
        except Exception as error:
            return Outcome("failed", f"while training: {first_line(error)}")


def train(procedure: Procedure, batches: Iterator[Batch], steps: int) -> Outcome:
    """Train some steps on noise, and check that every player moves and that all values are finite."""
    before = {player: weights(modules) for player, modules in procedure.players().items()}
    # Rprop uses the sign of the gradient alone; behind a clipped critic, gradients are too small for other optimizers.
    engine = Engine(procedure, lambda player, owned: torch.optim.Rprop(owned, 1e-3), accelerator())
    for t in range(steps):
        engine.step(batches, t)
    for player, modules in procedure.players().items():
        if all(torch.equal(p, q) for p, q in zip(before[player], weights(modules), strict=True)):
            return Outcome("failed", f"the {player} does not move")
    if not all(term.isfinite() for term in engine.terms.values()):
        return Outcome("failed", "a term is not finite")
    if not all(value.isfinite().all() for value in procedure.state_dict().values()):
        return Outcome("failed", "a weight is not finite")
    return Outcome("trained")


@cache
def fit(entry: Entry, spec: Spec) -> Fit | Outcome:
    """Return the network with its sizes reduced as far as these images allow, or the outcome when building fails."""
    try:
        conditional = forward(Blueprint(entry), spec)
    except Exception as error:
        return outcome_of(error, f"{entry.kind} {entry.name}")
    small = Blueprint(entry)
    for name, default in small.signature.defaults().items():
        smaller = Blueprint(entry, {**small.settings, name: reduced(default)})
        if reduced(default) is not None and not smaller.problems() and works(smaller, spec):
            small = smaller
    return Fit(small, conditional)


def takes(entry: Entry | None, spec: Spec, conditional: bool | None = None) -> bool:
    """Return True when the network accepts such images.

    Args:
        entry: The network.
        spec: Shape and classes of the images.
        conditional: Whether it must need labels (True) or must not (False); None allows both.

    Returns:
        True also for a network that fails, so that its failure is reported.
    """
    assert entry is not None
    small = fit(entry, spec)
    return small.kind == "failed" if isinstance(small, Outcome) else conditional in (None, small.conditional)


def works(network: Blueprint, spec: Spec) -> bool:
    try:
        forward(network, spec)
    except Exception:
        return False
    return True


def forward(network: Blueprint, spec: Spec) -> bool:
    """Build the network on the meta device and call it once.

    Args:
        network: The network and its settings.
        spec: Shape and classes of the images.

    Returns:
        True when the network needs labels.

    Raises:
        AssertionError: The output does not have the promised shape.
    """
    network.entry.load()  # imports its module before another device becomes the default
    with torch.device("meta"), torch.no_grad():
        net, batch = network(spec), next(noise(spec))
        y = batch["y"] if net.conditional else None
        if network.entry.kind == "generator":
            source = net.prior(BATCH) if net.z_dim else torch.rand(BATCH, *(net.source_shape or spec.shape))
            x = net(source, y)
            assert x.shape == batch["x"].shape, f"samples of shape {tuple(x.shape[1:])} for {spec}"
        else:
            logits = net(batch["x"], y)
            patches = logits.dim() == 4  # (N, K, h, w)
            assert len(logits) == BATCH and (logits.dim() == 1 or patches), f"logits of shape {tuple(logits.shape)}"
        return net.conditional


def reduced(setting: Any) -> Any:
    """Return a smaller value of a size setting (a number, or a list, cut to two entries), None for other settings."""
    if isinstance(setting, (list, tuple)) and setting and all(type(size) is int for size in setting):
        return [min(SMALL, size) for size in setting[:2]]
    return SMALL if type(setting) is int and setting > SMALL else None


def outcome_of(error: Exception, source: str) -> Outcome:
    """Classify an error: a `GanzooError` that says what to do is a refusal, any other error a failure."""
    if not isinstance(error, GanzooError):
        return Outcome("failed", f"{source}: {first_line(error)}")
    if not REMEDY.search(error.message):
        return Outcome("failed", f"{source}: refused without saying what to do: {error.message}")
    return Outcome("refused", LAYER.sub("", error.message))


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def weights(modules: list[nn.Module]) -> list[Tensor]:
    return [parameter.detach().clone() for module in modules for parameter in module.parameters()]


def noise(spec: Spec) -> Iterator[Batch]:
    """Yield batches of noise, with labels where the spec has classes."""
    while True:
        # Weak noise: D separates strong noise from fakes so well that no gradient is left.
        x = (torch.rand(BATCH, *spec.shape) * 2 - 1) / 5
        yield {"x": x, "y": torch.arange(BATCH) % spec.classes} if spec.classes else {"x": x}


@cache
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--procedures", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1")
    options = parser.parse_args()
    torch.set_num_threads(1)
    start = time.monotonic()
    matrix = Matrix(discovery.load().zoo)
    combinations: Iterator[Any]
    if options.pairs:
        combinations = itertools.chain(matrix.pairs(options.seed), matrix.procedures())
    elif options.procedures:
        combinations = matrix.procedures()
    elif options.sample is not None:
        combinations = matrix.sample(options.sample, options.seed)
    else:
        combinations = matrix.all()
    if options.name:
        names = {*options.name}
        combinations = (
            combination
            for combination in combinations
            if names & {part.name for part in combination if isinstance(part, Entry)}
        )
    part, parts = map(int, options.part.split("/"))
    report = matrix.walk(itertools.islice(combinations, part - 1, None, parts))
    print(report)
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(report.count("failed") > 0)


if __name__ == "__main__":
    main()

"""Does everything that is registered go with everything else, or say why not?

    python benchmarks/matrix.py [NAME ...] [--pairs | --sample N] [--seed 0] [--part 1/4]

Every generator x discriminator x loss x regularizer (or none) goes through the procedure `adversarial`, made small, on
images of 1x28x28, 3x32x32 and 3x64x64, with labels and without. Two steps on noise have to move every player and leave
finite numbers; or the parts refuse each other before training, with what to do. Whatever else happens is a failure:
the exit status is 1 and the failures are listed by what went wrong.

A network that does not take the images is asked once, and is refused in all its combinations. NAME keeps those that
have a component of that name. The whole walk takes hours on one core: `--part K/N` takes every N-th, so that processes
can share it; `--pairs` takes enough for every two components to meet, `--sample N` so many at random.
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
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ganzoo import Batch, GanzooError, Procedure, Spec
from ganzoo.config.component import Blueprint
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry, Zoo
from ganzoo.training.engine import Engine

SPECS = [Spec(shape, classes) for shape in ((1, 28, 28), (3, 32, 32), (3, 64, 64)) for classes in (0, 4)]
SMALL, BATCH, STEPS = 8, 4, 2
REMEDY = re.compile(r"\b(add|choose|give|leave|set|take|use|write)\b", re.I)
WHERE = re.compile(r" \([\w.]+\)")  # which layer of many
AXES = ("generator", "discriminator", "loss", "regularizer")


class Combination(NamedTuple):
    spec: Spec
    generator: Entry
    discriminator: Entry
    loss: Entry
    regularizer: Entry | None

    def __str__(self) -> str:
        names = " + ".join(part.name if part else "none" for part in self[1:])
        return f"{names} on {'x'.join(map(str, self.spec.shape))}{', labels' if self.spec.classes else ''}"


class Outcome(NamedTuple):
    kind: Literal["trained", "refused", "failed"]
    cause: str = ""


class Fit(NamedTuple):
    """A network made small, and whether it wants labels."""

    blueprint: Blueprint
    conditional: bool


class Report:
    """How many of each outcome, with examples of each failure."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.examples: dict[Outcome, list[Combination]] = {}

    def add(self, combination: Combination, outcome: Outcome) -> None:
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
    """All combinations of a zoo's components."""

    def __init__(self, zoo: Zoo, specs: Sequence[Spec] = tuple(SPECS)):
        self.procedure = zoo.find("procedure", "adversarial").load()
        self.specs = list(specs)
        self.entries: list[list[Any]] = [zoo.entries(kind) for kind in AXES]
        self.entries[-1].append(None)

    def all(self) -> Iterator[Combination]:
        return (Combination(*one) for one in itertools.product(self.specs, *self.entries))

    def sample(self, n: int, seed: int) -> Iterator[Combination]:
        """One with each component, where there are images that it takes, then n more, at random."""
        dice = random.Random(seed)
        given = [{i: part} for i, axis in enumerate(self.entries) for part in axis]
        yield from filter(None, (self.draw(dice, one) for one in [*given, *[{}] * n]))

    def pairs(self, seed: int) -> Iterator[Combination]:
        """Every two components together at least once, where there are images that both take."""
        dice, met = random.Random(seed), set()
        for (i, first), (j, second) in itertools.combinations(enumerate(self.entries), 2):
            for one, other in itertools.product(first, second):
                if ((i, one), (j, other)) not in met and (drawn := self.draw(dice, {i: one, j: other})):
                    met.update(itertools.combinations(enumerate(drawn[1:]), 2))
                    yield drawn

    def draw(self, dice: random.Random, given: dict[int, Entry | None]) -> Combination | None:
        """A combination at random of networks that take the same images, and labels both or neither, as far as some
        of the parts are not given. None where no images suit what is given."""
        networks = [entry for i, entry in given.items() if i < 2]
        for spec, conditional in dice.sample([*itertools.product(self.specs, (False, True))], 2 * len(self.specs)):
            if networks and not (takes(networks[0], spec, conditional) and all(takes(one, spec) for one in networks)):
                continue
            fitting = [[one for one in axis if takes(one, spec, conditional)] for axis in self.entries[:2]]
            choices = [[given[i]] if i in given else axis for i, axis in enumerate([*fitting, *self.entries[2:]])]
            if all(choices):
                return Combination(spec, *map(dice.choice, choices))
        return None

    def walk(self, combinations: Iterable[Combination]) -> Report:
        report = Report()
        for combination in combinations:
            report.add(combination, self.attempt(combination))
        return report

    def attempt(self, combination: Combination) -> Outcome:
        """A player that does not move gets a second chance: a ReLU network of eight units may be dead by its seed."""
        first = self._attempt(combination, seed=0)
        return self._attempt(combination, seed=1) if "does not move" in first.cause else first

    def _attempt(self, combination: Combination, seed: int) -> Outcome:
        spec, *networks = combination[:3]
        made = [fit(network, spec) for network in networks]
        if wrong := next((one for one in made if isinstance(one, Outcome)), None):
            return wrong
        blueprints = [one.blueprint for one in made if isinstance(one, Fit)]
        loss, regularizer = combination[3:]
        regularizers = [Blueprint(regularizer)] if regularizer else []
        torch.manual_seed(seed)
        try:
            procedure = self.procedure(spec, *blueprints, Blueprint(loss), regularizers)
        except Exception as error:
            return judged(error, "while building")
        try:
            return two_steps(procedure, spec)
        except Exception as error:
            return Outcome("failed", f"while training: {told(error)}")


def two_steps(procedure: Procedure, spec: Spec) -> Outcome:
    before = {player: weights(modules) for player, modules in procedure.players().items()}
    # By the sign of the gradient: behind a clipped critic it is there, and too small for others to move by.
    engine = Engine(procedure, lambda player, owned: torch.optim.Rprop(owned, 1e-3), accelerator())
    for t in range(STEPS):
        engine.step(noise(spec), t)
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
    """A network as small as it can be made for such images, or the outcome that stands in its way."""
    try:
        conditional = forward(Blueprint(entry), spec)
    except Exception as error:
        return judged(error, f"{entry.kind} {entry.name}")
    small = Blueprint(entry)
    for name, default in small.signature.defaults().items():
        smaller = Blueprint(entry, {**small.settings, name: less(default)})
        if less(default) is not None and not smaller.problems() and works(smaller, spec):
            small = smaller
    return Fit(small, conditional)


def takes(entry: Entry | None, spec: Spec, conditional: bool | None = None) -> bool:
    """Whether the network takes such images, with labels or without. One that fails does: that is to be seen."""
    assert entry is not None
    made = fit(entry, spec)
    return made.kind == "failed" if isinstance(made, Outcome) else conditional in (None, made.conditional)


def works(network: Blueprint, spec: Spec) -> bool:
    try:
        forward(network, spec)
    except Exception:
        return False
    return True


def forward(network: Blueprint, spec: Spec) -> bool:
    """Build it on the meta device and use it once; whether it wants labels.

    Errors: what it raises; AssertionError for a shape that is not promised.
    """
    network.entry.load()  # no module is to be imported while another device is the default
    with torch.device("meta"), torch.no_grad():
        net, batch = network(spec), next(noise(spec))
        y = batch["y"] if net.conditional else None
        if network.entry.kind == "generator":
            source = net.prior(BATCH) if net.z_dim else torch.rand(BATCH, *(net.source_shape or spec.shape))
            x = net(source, y)
            assert x.shape == batch["x"].shape, f"samples of shape {tuple(x.shape[1:])} for {spec}"
        else:
            logits = net(batch["x"], y)
            patches = logits.dim() == 4 and logits.shape[1] == 1
            assert len(logits) == BATCH and (logits.dim() == 1 or patches), f"logits of shape {tuple(logits.shape)}"
        return net.conditional


def less(setting: Any) -> Any:
    """A size made small: a width, a depth of noise, a list of them, which gets short too; None for other settings."""
    if isinstance(setting, (list, tuple)) and setting and all(type(one) is int for one in setting):
        return [min(SMALL, one) for one in setting[:2]]
    return SMALL if type(setting) is int and setting > SMALL else None


def judged(error: Exception, what: str) -> Outcome:
    """A refusal is an error of ours that says what to do."""
    if not isinstance(error, GanzooError):
        return Outcome("failed", f"{what}: {told(error)}")
    if not REMEDY.search(error.message):
        return Outcome("failed", f"{what}: refused without saying what to do: {error.message}")
    return Outcome("refused", WHERE.sub("", error.message))


def told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def weights(modules: list[nn.Module]) -> list[Tensor]:
    return [parameter.detach().clone() for module in modules for parameter in module.parameters()]


def noise(spec: Spec) -> Iterator[Batch]:
    while True:
        x = (torch.rand(BATCH, *spec.shape) * 2 - 1) / 5  # strong noise is told from fakes beyond any gradient
        yield {"x": x, "y": torch.arange(BATCH) % spec.classes} if spec.classes else {"x": x}


@cache
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1")
    given = parser.parse_args()
    torch.set_num_threads(1)
    start, matrix = time.monotonic(), Matrix(discovery.load().zoo)
    chosen = matrix.all() if given.sample is None else matrix.sample(given.sample, given.seed)
    chosen = matrix.pairs(given.seed) if given.pairs else chosen
    if given.name:
        chosen = (one for one in chosen if {part.name for part in one[1:] if part} & {*given.name})
    part, parts = map(int, given.part.split("/"))
    report = matrix.walk(itertools.islice(chosen, part - 1, None, parts))
    print(report)
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(report.count("failed") > 0)


if __name__ == "__main__":
    main()

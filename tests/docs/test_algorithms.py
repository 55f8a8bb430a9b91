"""docs/algorithms.md quotes the source, and its recipes behave as the algorithms that they implement."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo.config import instantiate, parser, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.interfaces import Batch, Move
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.training import optim
from ganzoo.training.engine import Engine
from helpers import pages
from helpers.pages import TOP
from helpers.support import accelerator

PAGE = TOP / "docs/algorithms.md"
QUOTED = re.compile(r"<!-- not run: from (\S+) -->\n```python\n(.*?)^```$", re.M | re.S)
SECTIONS = re.split(r"^## ", PAGE.read_text(), flags=re.M)
BOXES = ("goodfellow_box.toml", "wgan_box.toml", "wgan_gp_box.toml")
STEPS = 3


@pytest.mark.parametrize("file, quoted", QUOTED.findall(PAGE.read_text()))
def test_lines_are_those_of_the_source(file: str, quoted: str) -> None:
    """Each piece between lines of dots as it stands there, one below the other; indentation aside."""
    source, at = lines((TOP / file).read_text()), 0
    for piece in re.split(r"^ *\.\.\.\n", quoted, flags=re.M):
        wanted = lines(piece)
        starts = [i for i in range(at, len(source)) if source[i : i + len(wanted)] == wanted]
        assert wanted and starts, f"not in {file}, or not there:\n{piece}"
        at = starts[0] + len(wanted)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_something_is_quoted_for_each_box() -> None:
    assert [len(QUOTED.findall(section)) for section in SECTIONS[1:]] == [4, 1, 2, 1]


@cache
def recipe(box: str) -> Recipe:
    (block,) = [block for block in pages.blocks(PAGE) if block.file == box]
    text = block.text.encode()
    return resolver.resolve(parser.parse(text, ".toml", box), discovery.load().zoo, box, name="box")


@dataclass
class Seen:
    """Everything that a recipe's first step does."""

    moves: list[str] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    chances: list[int] = field(default_factory=list)
    largest: list[float] = field(default_factory=list)
    batches: int = 0


class Watched(Engine):
    """Engine that tells which player moved; the line after a `yield` has run when the next move comes."""

    def __init__(self, procedure: Procedure, found: Recipe):
        super().__init__(procedure, optim.optimizer_factory(found.optimizer), accelerator())
        self.seen = Seen()

    def apply(self, move: Move) -> None:
        self._look()
        super().apply(move)
        self.seen.moves += move

    def step(self, data: Iterator[Batch], t: int) -> None:
        super().step(data, t)
        self._look()

    def _look(self) -> None:
        if self.seen.moves[-1:] == ["discriminator"]:
            self.seen.largest.append(max(float(p.detach().abs().max()) for p in self.procedure.D.parameters()))


@cache
def seen(box: str) -> tuple[Seen, str]:
    """Moves of the first step, and the optimizer in words."""
    found = recipe(box)
    dataset = instantiate.dataset(found)
    procedure: Any = instantiate.procedure(found, dataset.spec)
    engine = Watched(procedure, found)
    told, prior, rand = engine.seen, procedure.G.prior, torch.rand

    def counted(data: Iterator[Batch]) -> Iterator[Batch]:
        for batch in data:
            told.batches += 1
            yield batch

    def drawn(n: int) -> Tensor:
        told.noise.append(n)
        return prior(n)

    def chance(*shape: int, **more: Any) -> Tensor:
        told.chances.append(shape[0])
        return rand(*shape, **more)

    batches = Batches.of(dataset, found.run.batch_size, 0, torch.device("cpu"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(procedure.G, "prior", drawn)
        patch.setattr(torch, "rand", chance)
        engine.step(counted(batches), 0)
    (kind,) = {type(optimizer) for optimizer in engine.optimizers.values()}
    settings = found.optimizer.of("discriminator").settings
    words = {"lr": "lr {lr}", "momentum": "momentum {momentum}", "betas": "betas {betas[0]} and {betas[1]}"}
    group = engine.optimizers["generator"].param_groups[0]
    return told, ", ".join([f"`{kind.__name__}`", *(words[name].format(**group) for name in settings)])


ROWS: dict[str, Callable[[Seen], str]] = {
    "moves of a step, in order": lambda told: ", ".join(
        f"{len(run)} of {run[0][0].upper()}" for run in runs(told.moves)
    ),
    "batches of real samples per step": lambda told: str(told.batches),
    "noise samples for each move, in order": lambda told: ", ".join(map(str, told.noise)),
    "values of ε drawn for each move of the critic": lambda told: ", ".join(map(str, told.chances)),
    "largest weight of the critic after each of its moves": lambda told: ", ".join(f"{x:.4g}" for x in told.largest),
}


def runs(moves: list[str]) -> list[list[str]]:
    """["d", "d", "g"] -> [["d", "d"], ["g"]]."""
    found: list[list[str]] = []
    for move in moves:
        if found and found[-1][0] == move:
            found[-1].append(move)
        else:
            found.append([move])
    return found


@pytest.mark.parametrize("box", BOXES)
def test_the_tables_say_what_was_seen(box: str) -> None:
    (section,) = [section for section in SECTIONS if f"# {box}:" in section]
    table = section.partition("| measured |")[2].splitlines()[2:]
    told = {}
    for line in table[: table.index("")]:
        what, _, here = [cell.strip() for cell in line.split("|")[1:-1]]
        told[what] = here
    first, optimizer = seen(box)
    expected = {"optimizer": optimizer, "weights after three steps of the plain loop": "equal"}
    assert told == {what: expected[what] if what in expected else ROWS[what](first) for what in told}
    assert {"moves of a step, in order", "optimizer", *expected} <= told.keys()


def ascend(terms: Tensor, optimizer: torch.optim.Optimizer) -> None:
    descend(-terms, optimizer)


def descend(terms: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    terms.backward()
    optimizer.step()


Box = Callable[[nn.Module, nn.Module, Iterator[Tensor]], None]


def goodfellow(G: nn.Module, D: nn.Module, real: Iterator[Tensor]) -> None:
    """Algorithm 1 of arXiv:1406.2661, its lines 1 to 7, k = 1."""
    k, m = 1, 64
    rules = {net: torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.5) for net in (D, G)}
    for _ in range(STEPS):
        for _ in range(k):
            z, x = torch.randn(m, 8), next(real)
            ascend((D(x).sigmoid().log() + (1 - D(G(z)).sigmoid()).log()).mean(), rules[D])
        z = torch.randn(m, 8)
        descend((1 - D(G(z)).sigmoid()).log().mean(), rules[G])


def wgan(G: nn.Module, D: nn.Module, real: Iterator[Tensor]) -> None:
    """Algorithm 1 of arXiv:1701.07875, its lines 1 to 12."""
    alpha, c, m, n_critic = 0.00005, 0.01, 64, 5
    rules = {net: torch.optim.RMSprop(net.parameters(), lr=alpha) for net in (D, G)}
    for _ in range(STEPS):
        for _ in range(n_critic):
            x, z = next(real), torch.randn(m, 8)
            ascend(D(x).mean() - D(G(z)).mean(), rules[D])
            with torch.no_grad():
                for w in D.parameters():
                    w.copy_(w.clip(-c, c))
        z = torch.randn(m, 8)
        descend(-D(G(z)).mean(), rules[G])


def wgan_gp(G: nn.Module, D: nn.Module, real: Iterator[Tensor]) -> None:
    """Algorithm 1 of arXiv:1704.00028, its lines 1 to 13, the sum over i sample by sample."""
    weight, n_critic, alpha, betas, m = 10, 5, 0.0001, (0.0, 0.9), 64
    rules = {net: torch.optim.Adam(net.parameters(), lr=alpha, betas=betas) for net in (D, G)}
    for _ in range(STEPS):
        for _ in range(n_critic):
            x, z = next(real), torch.randn(m, 8)
            epsilon, made = torch.rand(m, 1), G(z)
            total = torch.zeros(())
            for i in range(m):
                one, fake = x[i : i + 1], made[i : i + 1]
                between = (epsilon[i] * one + (1 - epsilon[i]) * fake).detach().requires_grad_()
                (gradient,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
                total = total + (D(fake) - D(one)).sum() + weight * (gradient.norm() - 1) ** 2
            descend(total / m, rules[D])
        z = torch.randn(m, 8)
        descend(-D(G(z)).mean(), rules[G])


def trained(box: str, written: Box) -> tuple[Tensor, Tensor, Tensor]:
    """Weights after three steps of the recipe, of the box written out, and before."""
    found = recipe(box)
    dataset = instantiate.dataset(found)
    procedure: Any = instantiate.procedure(found, dataset.spec).double()
    G, D, before = copy.deepcopy(procedure.G), copy.deepcopy(procedure.D), flat(procedure)
    batches = Batches.of(dataset, found.run.batch_size, 0, torch.device("cpu"))
    shown = [next(batches)["x"].double() for _ in range(STEPS * 5)]
    torch.set_default_dtype(torch.float64)  # so that only what is really different differs
    engine = Engine(procedure, optim.optimizer_factory(found.optimizer), accelerator())
    torch.manual_seed(3)
    data = iter([{"x": x} for x in shown])
    for t in range(STEPS):
        engine.step(data, t)
    torch.manual_seed(3)
    written(G, D, iter(shown))
    return flat(procedure), flat(nn.ModuleList([G, D])), before


def flat(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.fixture
def doubles() -> Iterator[None]:
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("doubles")
@pytest.mark.parametrize("box, written", [*zip(BOXES, (goodfellow, wgan, wgan_gp), strict=True)])
def test_a_recipe_is_its_box(box: str, written: Box) -> None:
    ours, theirs, before = trained(box, written)
    assert (ours - before).abs().max() > 1e-5
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.usefixtures("doubles")
@pytest.mark.parametrize("box, other", [*zip(BOXES, (wgan, wgan_gp, goodfellow), strict=True)])
def test_another_box_would_be_told_apart(box: str, other: Box) -> None:
    ours, theirs, _ = trained(box, other)
    assert not torch.allclose(ours, theirs, rtol=0, atol=1e-9)

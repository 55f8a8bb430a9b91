"""Token ids: as text, in a run, in `ganzoo sample`, and what they are too much for."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

import ganzoo
from ganzoo import Batch, GanzooError, Generator, IncompatibleError, Move, Procedure, Spec, features_width
from ganzoo.cli import cli
from ganzoo.config import instantiate, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import normalised
from ganzoo.runs.metrics_log import is_loss
from ganzoo.sampling import tokens, writer
from ganzoo.sampling.preview import layout
from ganzoo.sampling.run import Run
from ganzoo_builtins.datasets.npz import Npz
from helpers.support import PLUGINS, TINY, tiny, train

IDS = torch.tensor([[1, 2, 0], [2, 2, 1]])
TOKENS = """
[dataset]
use = "oracle"
n = 100
vocab = 9
length = 4
hidden = 4
[procedure]
use = "seqgan"
pretrain_g = 4
pretrain_d = 4
rollouts = 2
[generator]
use = "seqgan"
width = 8
[discriminator]
use = "seqgan"
sizes = [1, 2]
width = 8
"""


def token_recipe(dataset: str = "", **run: int) -> Recipe:
    """TOKENS as a recipe, with the table in `dataset` instead of its own."""
    tables = {**tomllib.loads(TOKENS), **tomllib.loads(dataset)}
    tree = {"run": {**TINY["run"], **run}, "optimizer": TINY["optimizer"], **tables}
    return resolver.resolve(tree, PLUGINS.zoo, "tokens", name="tokens")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["1 2 0", "2 2 1"]),
        (("", "a", "b"), ["ab", "bba"]),
        (("", "one", "two"), ["one two", "two two one"]),
        (("zero", "1", "2"), ["1 2 zero", "2 2 1"]),
        (("", "\n", "\x1b"), ["\\n\\x1b", "\\x1b\\x1b\\n"]),
    ],
    ids=["numbers", "characters", "words", "mixed", "control characters"],
)
def test_ids_become_lines(words: tuple[str, ...], expected: list[str], tmp_path: Path) -> None:
    assert tokens.lines(IDS, words) == expected
    assert tokens.save(IDS, words, tmp_path / "new" / "a.txt").read_text() == "\n".join(expected) + "\n"


def test_a_long_line_is_whole() -> None:
    assert tokens.lines(torch.ones(1, 500, dtype=torch.long), ("", "a")) == ["a" * 500]


@pytest.mark.parametrize("samples", [torch.zeros(2, 1, 4, 4), torch.zeros(2, 3)])
def test_pictures_and_points_are_no_text(samples: Tensor, tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match=r"are not token ids\. Write an \.npz instead"):
        writer.save(samples, None, tmp_path / "a.txt", 1)


def test_ids_have_no_picture(tmp_path: Path) -> None:
    for name, why in (("a.png", "token ids have no picture"), ("pictures", r"shape \(3,\) are not images")):
        with pytest.raises(GanzooError, match=why + r"\. Write an \.npz"):
            writer.save(IDS, None, tmp_path / name, 1)


@pytest.mark.parametrize("words", [[], ["", "one", "two", "three"]])
def test_an_npz_of_ids_reads_back(words: list[str], tmp_path: Path) -> None:
    dataset = Npz(str(writer.save(IDS, None, tmp_path / "a.npz", 1, words)))
    assert torch.equal(dataset.tensors()["x"], IDS)
    assert dataset.spec == Spec((3,), vocab=len(words) or 3)
    assert list(dataset.words) == words


def test_ids_are_not_scaled() -> None:
    assert normalised({"x": IDS})["x"] is IDS


def test_a_preview_of_ids_is_a_page_of_lines() -> None:
    assert layout(Spec((20,), vocab=9), by_class=False) == (64, 1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(token_recipe(), tmp_path_factory.mktemp("runs"))


def test_a_run_leaves_text(run: Run) -> None:
    assert {path.name for path in run.samples.iterdir()} == {
        *("real.txt", "step-00000000.txt", "step-00000006.txt", "step-00000012.txt")
    }
    for path in run.samples.iterdir():
        rows = [list(map(int, line.split())) for line in path.read_text().splitlines()]
        assert len(rows) == 64 and all(len(row) == 4 and max(row) < 9 for row in rows)


def test_what_the_data_measures_is_logged_with_each_grid(run: Run) -> None:
    rows = {row["step"]: row for row in run.metrics()}
    assert [*rows] == [4, 6, 8, 12]
    assert [step for step, row in rows.items() if "data/nll" in row] == [6, 12]
    assert rows[6]["data/nll"] != rows[12]["data/nll"]


def test_a_stage_that_is_over_is_not_logged(run: Run) -> None:
    """Steps 0 to 3 are likelihood, 4 to 7 the discriminator's, 8 to 11 both."""
    players = {row["step"]: {name.partition("/")[0] for name in row if is_loss(name)} for row in run.metrics()}
    assert players == {
        4: {"pretraining"},
        6: {"discriminator"},
        8: {"discriminator"},
        12: {"generator", "discriminator"},
    }


def sample(*arguments: object) -> str:
    result = CliRunner().invoke(cli, ["sample", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_sample_writes_text(run: Run, tmp_path: Path) -> None:
    assert sample(run.folder, "-n", 3, "--seed", 1) == str(run.folder / "samples.txt")
    model = ganzoo.load(run)
    expected = model.sample(3, seed=1)
    assert expected.dtype is torch.int64
    assert (run.folder / "samples.txt").read_text().splitlines() == model.text(expected)
    with np.load(sample(run.folder, "-n", 3, "--seed", 1, "--out", tmp_path / "a.npz")) as file:
        assert (file["images"] == expected.numpy()).all()
    assert ganzoo.load(run).sample(0).shape == (0, 4)


def test_words_are_remembered_by_the_run(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("to be\nor not to be\n" * 20)
    words = f'[dataset]\nuse = "text"\npath = "{tmp_path / "lines.txt"}"\nby = "word"\nlength = 4\n'
    run = train(token_recipe(words, steps=1), tmp_path)
    (tmp_path / "lines.txt").unlink()
    assert ganzoo.load(run).words == ["", "be", "to", "not", "or"]
    assert "or not to be" in (run.samples / "real.txt").read_text().splitlines()
    assert all(set(line.split()) <= {"be", "to", "not", "or"} for line in ganzoo.load(run).text(run.sample(9)))


def test_pictures_have_no_text_in_python(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="are not token ids"):
        ganzoo.load(train(tiny("", "run.steps=1"), tmp_path)).text(torch.zeros(1, 2))


def test_check_says_how_many_tokens_there_are(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps(token_recipe().resolved()))
    result = CliRunner().invoke(cli, ["check", str(tmp_path / "tokens.json")])
    assert "dataset        ganzoo/oracle: (4,), token ids below 9\n" in result.output


class Guesser(Generator):
    """Any token, with the same chance."""

    z_dim = 4

    def __init__(self, spec: Spec):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.vocab = spec.vocab

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.randint(self.vocab, z.shape)


class Following(Procedure):
    """Follows the gradient through its samples."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.G = Guesser(spec)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {"generator": {"all": self.sample(2).sum()}}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))


def test_a_procedure_that_follows_gradients_refuses_token_ids() -> None:
    spec = Spec((4,), vocab=9)
    with pytest.raises(IncompatibleError, match=r"token ids \(vocab = 9\).*procedure Following"):
        instantiate.check_fit(Following(spec), spec)
    Following.discrete = True
    instantiate.check_fit(Following(spec), spec)


def test_the_width_of_features_of_tokens_is_found() -> None:
    spec = Spec((4,), vocab=9)
    D = PLUGINS.zoo.find("discriminator", "seqgan").load()(spec, sizes=[1, 2], width=8)
    assert features_width(D, spec) == 16

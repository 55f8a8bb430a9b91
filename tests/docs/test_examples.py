"""Examples in the documentation work: Python runs, recipes train, commands parse, the plugin installs."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import cli
from ganzoo.config import locate, parser, renamed, resolver
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset
from ganzoo.metrics.extractor import Extractor
from ganzoo.registry.zoo import KINDS
from ganzoo.training import loop
from helpers import pages
from helpers.pages import PAGES, TOP, Block
from helpers.support import TINY, environment

KNOWN_TABLES = {
    "about",
    "run",
    "dataset",
    "procedure",
    "transform",
    "augmentation",
    "generator",
    "discriminator",
    "loss",
    "regularizer",
    "optimizer",
    "evaluate",
    "metric",
    "extractor",
}
SMALL = ("run.steps=2", "run.batch_size=8", "run.log=1")
every_page = pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(TOP))) for page in PAGES])


def parametrize(blocks: list[Block]) -> Any:
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in blocks])


@cache
def tree(block: Block) -> dict[str, Any]:
    return json.loads(block.text) if block.language == "json" else tomllib.loads(block.text)


def is_recipe(block: Block) -> bool:
    return "procedure" in tree(block)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with photographs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    random = np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(random.integers(0, 256, (80, 90, 3), dtype=np.uint8)).save(tmp_path / f"photos/{i}.png")
    return tmp_path


@every_page
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {block.language for block in pages.blocks(page)} <= {"python", "toml", "json", "sh", "text"}


@every_page
def test_python_runs(page: Path) -> None:
    pages.namespace(page)


@parametrize([block for block in pages.every("toml", "json") if is_recipe(block)])
def test_recipes_train(block: Block, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = pages.plugins(block.page)
    text, suffix = block.text.encode(), f".{block.language}"
    changed = parser.parse(text, suffix, block.id)
    small = [*SMALL, "dataset.n=64"] if changed["dataset"]["use"] in ("glyphs", "ring") else SMALL
    resolver.override(changed, small, found.zoo)
    recipe = resolver.resolve(changed, found.zoo, block.id, name="page", text=text, suffix=suffix)
    run = loop.train(recipe, found, here / "runs")
    assert run.status["state"] == "finished"
    assert " failed in ganzoo_" not in capfd.readouterr().err


NO_TABLES_OF_A_RECIPE = ("pyproject.toml", renamed.FILE)


@parametrize(
    [block for block in pages.every("toml") if not is_recipe(block) and block.file not in NO_TABLES_OF_A_RECIPE]
)
def test_tables_fit_a_recipe(block: Block) -> None:
    """A few tables, laid over those of a small recipe, resolve."""
    found = pages.plugins(block.page)
    assert tree(block).keys() <= KNOWN_TABLES | {"schedule", "dataset_a"}
    resolver.resolve({**TINY, **tree(block)}, found.zoo, block.id, name="page")


def test_former_names_are_read(tmp_path: Path) -> None:
    (block,) = (block for block in pages.every("toml") if block.file == renamed.FILE)
    (tmp_path / renamed.FILE).write_text(block.text)
    former = renamed.read(tmp_path)
    assert former.renamed == {"swirl_small": "swirl_ring"}
    assert former.replaced == {"swirl_grid": "swirl_grid_printed"}
    assert former.gans == {"Swirling GAN": "SwirlGAN"}


@parametrize([block for block in pages.every("sh") if pages.commands(block)])
def test_commands_parse(block: Block) -> None:
    for words in pages.commands(block):
        name, arguments = parsed(words)
        if name in CHECKS:
            CHECKS[name](block.page, **arguments)


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command that these words name, such as "data get", and its arguments. Errors: click.UsageError."""
    command: click.Command = cli
    names: list[str] = []
    while True:
        context = command.make_context(command.name, list(words))
        if not isinstance(command, click.Group):
            return " ".join(names), context.params
        words = [*context._protected_args, *context.args]
        name, found, words = command.resolve_command(context, words)
        assert found and name
        command = found
        names.append(name)


def recipe_exists(page: Path, recipe: str, overrides: tuple[str, ...] = (), **options: Any) -> None:
    """By name in the library, with settings that it has; a file of that name is shown or written on the page."""
    shown = {block.file for block in pages.blocks(page)}
    if Path(recipe).suffix:
        writing = (f"ganzoo cp quickstart {recipe}", f"ganzoo suggest {Path(recipe).stem}")
        written = any(command in page.read_text() for command in writing)
        assert recipe in shown or written, f"{recipe} is nowhere on {page.name}"
        return
    found = pages.plugins(page)
    resolver.read(locate.find(recipe, found), overrides, found.zoo)


def is_shown(page: Path, name: str, kind: str | None, **options: Any) -> None:
    found = pages.plugins(page)
    components = {entry.name for entry in found.zoo if kind in (None, entry.kind)}
    if name not in {*components, "run", "evaluate", "about"}:
        locate.find(name, found)


def is_listed(page: Path, kind: str | None, pattern: str | None, **options: Any) -> None:
    """A kind in front of a pattern is one."""
    assert pattern is None or kind in (*KINDS, "recipe")


def dataset_takes(page: Path, name: str, settings: tuple[str, ...], **options: Any) -> None:
    from ganzoo.cli.data import _build

    assert isinstance(_build(name, settings), Dataset | Extractor)


CHECKS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(("run", "check", "cp"), recipe_exists),
    **dict.fromkeys(("data get", "data check"), dataset_takes),
    "show": is_shown,
    "list": is_listed,
}


def test_unknown_words_would_be_found() -> None:
    """The tests above can fail."""
    with pytest.raises(click.UsageError):
        parsed(["run", "quickstart", "--no-such-option"])
    with pytest.raises(click.UsageError):
        parsed(["trian", "quickstart"])
    with pytest.raises(GanzooError):
        recipe_exists(TOP / "README.md", "quikstart")
    with pytest.raises(GanzooError):
        recipe_exists(TOP / "README.md", "quickstart", ("generator.z_dims=3",))


@pytest.mark.slow
def test_the_readmes_plugin_installs_and_trains(tmp_path: Path) -> None:
    readme = TOP / "README.md"
    files = [block for block in pages.blocks(readme) if block.file in ("pyproject.toml", "ganzoo_shapes.py")]
    assert len(files) == 2
    written = sum(bool(line.strip()) for block in files for line in block.text.splitlines())
    assert f"## A plugin in {written} lines" in readme.read_text()
    for block in files:
        (tmp_path / block.file).write_text(block.text)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    process(*install, "--target", str(tmp_path / "site"), str(tmp_path), folder=tmp_path)
    ganzoo = [sys.executable, "-m", "ganzoo"]
    assert json.loads(process(*ganzoo, "list", "dataset", "shapes", "--json", folder=tmp_path))[0]["owner"] == "shapes"
    process(*ganzoo, "run", "quickstart", "dataset.use=shapes", "run.steps=3", folder=tmp_path)
    (status,) = tmp_path.glob("runs/*/status.json")
    assert json.loads(status.read_text())["state"] == "finished"


def process(*words: str, folder: Path) -> str:
    done = subprocess.run(
        words, cwd=folder, env=environment(PYTHONPATH=str(folder / "site")), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

"""Shell completion of commands, recipes and components, those of plugins included."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ganzoo.cli import cli, shells
from ganzoo.config import locate
from ganzoo.registry import discovery
from helpers.commands import shell
from helpers.packages import GOOD, install

NAMES = {"complete_func": "complete", "complete_var": "_GANZOO_COMPLETE", "prog_name": "ganzoo"}


def completed(line: str, site: Path | None = None) -> list[str]:
    """Return the completions of the last word of a line."""
    words = line.split(" ")
    done = shell(site=site, _GANZOO_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.returncode == 0, done.stderr
    return [offer.partition(",")[2] for offer in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(name: str) -> None:
    assert f"_GANZOO_COMPLETE={name}_complete" in shell(_GANZOO_COMPLETE=f"{name}_source").stdout


def test_verbs() -> None:
    assert completed("ganzoo c") == ["compare", "check", "cp"]


@pytest.mark.parametrize("verb", ["run", "check", "cp"])
def test_recipes(verb: str) -> None:
    assert completed(f"ganzoo {verb} ") == [recipe.name for recipe in locate.recipes(discovery.load())]


def test_components_and_recipes() -> None:
    offered = completed("ganzoo show g")
    assert {"glyphs", "gradient_penalty", "grid"} <= set(offered)
    assert all(name.startswith("g") for name in offered)


def test_a_plugin_s_components_beside_a_broken_one(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-acme", GOOD.replace('"good"', '"goodness"'))
    install(tmp_path, "ganzoo-broken", "import not_there")
    assert completed("ganzoo show goodn", tmp_path) == ["goodness"]


def offered(line: str) -> list[str]:
    """Return the completions of the last word of a line, in this process."""
    words = line.split(" ")
    complete = ShellComplete(cli, {}, "ganzoo", "_GANZOO_COMPLETE")
    return [str(offer.value) for offer in complete.get_completions(words[1:-1], words[-1])]


LOSSES = ["energy", "hinge", "least_squares", "minimax"]


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("gen", ["generator."]),
        ("generator.", ["generator.use=", "generator.z_dim=", "generator.width=", "generator.condition="]),
        ("generator.z_dim=", ["generator.z_dim=64"]),
        ("generator.use=mlp generator.h", ["generator.hidden="]),
        ("loss.use=h", ["loss.use=hinge"]),
        ("loss.use=relativistic_average loss.kind=l", ["loss.kind=least_squares"]),
        ("run.deterministic=", ["run.deterministic=true", "run.deterministic=false"]),
        ("run.on_nonfinite=", ["run.on_nonfinite=stop", "run.on_nonfinite=rollback", "run.on_nonfinite=skip"]),
        ("run.threads=", ["run.threads=auto"]),
        ("dataset.use=folder dataset.fit=", ["dataset.fit=crop", "dataset.fit=pad", "dataset.fit=resize"]),
        ("optimizer.di", ["optimizer.differentiable=", "optimizer.discriminator."]),
        ("optimizer.discriminator.l", ["optimizer.discriminator.lr="]),
        ("nothing.a", []),
        ("generator.use=nothing generator.z", []),
    ],
)
def test_settings(typed: str, offers: list[str]) -> None:
    for verb in ("run", "compare"):
        assert offered(f"ganzoo {verb} quickstart {typed}") == offers


@pytest.mark.parametrize("verb", ["check", "bench"])
def test_every_command_that_takes_a_recipe_completes_its_settings(verb: str) -> None:
    assert offered(f"ganzoo {verb} quickstart loss.use=h") == ["loss.use=hinge"]


def test_a_word_that_bash_splits_at_the_sign() -> None:
    assert offered("ganzoo run quickstart loss.use =")[:4] == LOSSES
    assert offered("ganzoo run quickstart loss.use = h") == ["hinge"]
    assert offered("ganzoo run quickstart loss.use = relativistic_average loss.kind = l") == ["least_squares"]
    assert offered("ganzoo data get emnist split = l") == ["letters"]


def test_values_of_over() -> None:
    assert offered("ganzoo compare quickstart --over loss.u") == ["loss.use="]
    assert offered("ganzoo compare quickstart --over loss.use=hinge,m") == ["loss.use=hinge,minimax"]
    assert offered("ganzoo compare quickstart --over loss.use = hinge,m") == ["hinge,minimax"]
    assert offered("ganzoo compare quickstart --over loss.use =")[:4] == LOSSES


def test_kinds_and_what_is_of_a_kind() -> None:
    assert offered("ganzoo list g") == ["gan", "generator"]
    assert offered("ganzoo list loss h") == offered("ganzoo list losses h") == ["hinge"]
    assert offered("ganzoo list recipe quick") == ["quickstart"]
    assert offered("ganzoo data check emn") == ["emnist"]
    assert offered("ganzoo data get emnist sp") == ["split="]
    assert offered("ganzoo data get emnist split=l") == ["split=letters"]
    assert "ganzoo/losses" in offered("ganzoo --block ganzoo/l")


def test_runs_and_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = {"run": {"steps": 5}, "loss": {"use": "hinge"}}
    for run in (tmp_path / "runs" / "first", tmp_path / "elsewhere" / "second"):
        run.mkdir(parents=True)
        (run / "status.json").write_text("{}")
        (run / "resolved.json").write_text(json.dumps({"recipe": recipe}))
    assert offered("ganzoo watch ") == ["runs/first"]
    assert offered("ganzoo sample ") == ["letters", "runs/first"]
    assert {"runs/first", "quickstart"} <= {*offered("ganzoo compare ")}
    assert offered("ganzoo compare runs/first r") == ["runs/first"]
    assert offered("ganzoo report elsewhere/") == ["elsewhere/second"]
    assert offered("ganzoo resume runs/first run.s") == ["run.steps=", "run.sample=", "run.save="]
    assert offered("ganzoo resume runs/first run.steps=") == ["run.steps=5"]
    assert offered("ganzoo resume runs/first los") == []


def test_settings_import_no_torch() -> None:
    line = "ganzoo run quickstart optimizer.b"
    done = shell(_GANZOO_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD="3")
    assert (done.stdout, done.stderr) == ("plain,optimizer.betas=\n", "imported:\n")


def test_no_space_follows_what_goes_on() -> None:
    assert "[[ $value == *[=./] ]] && compopt -o nospace" in shells.Bash.source_template
    assert "compadd -U -S '' -V unsorted -a unfinished" in shells.Zsh.source_template
    if bash := shutil.which("bash"):
        assert subprocess.run([bash, "-n", "-c", shells.Bash.source_template % NAMES], check=False).returncode == 0

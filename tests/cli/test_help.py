"""ganzoo --help and what is said to a command that does not exist."""

from __future__ import annotations

import pytest
from click import Context

from ganzoo.cli import VERBS, LazyGroup, cli
from ganzoo.cli.words import COMMANDS
from helpers.commands import ganzoo

TOP = ("Train a recipe.", "Resume a run from its newest checkpoint.", "List components and recipes.")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_verbs_are_listed_with_what_they_do(option: str) -> None:
    result = ganzoo(option)
    assert result.exit_code == 0
    listed = result.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == [*VERBS]
    assert [line.split(maxsplit=1)[1] for line in listed if line.split()[0] in ("run", "resume", "list")] == [*TOP]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_in_80_columns(verb: str) -> None:
    result = ganzoo(verb, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: ganzoo {verb} ") or result.stdout.startswith(f"Usage: cli {verb} ")
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_every_verb_is_named_as_in_its_file() -> None:
    assert isinstance(cli, LazyGroup)
    assert [getattr(cli.get_command(Context(cli), verb), "name", None) for verb in VERBS] == list(VERBS)


def test_what_others_call_a_command_means_one_command() -> None:
    words = [word for names in COMMANDS.values() for word in names.split()]
    assert len({*words}) == len(words) and not {*words} & {*VERBS}
    assert [*COMMANDS] == [verb for verb in VERBS if verb in COMMANDS] + ["--help", "--version"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("lst", "Error: no command 'lst'. Did you mean 'list'?"),
        ("trian", "Error: no command 'trian'. Did you mean 'run'?"),
        ("train quickstart", "Error: no command 'train'. Did you mean 'run'?"),
        ("Generate runs", "Error: no command 'Generate'. Did you mean 'sample'?"),
        ("dry-run quickstart", "Error: no command 'dry-run'. Did you mean 'check'?"),
        ("list-recipes", "Error: no command 'list-recipes'. Did you mean 'list'?"),
        ("test/ls", "Error: no command 'test/ls'. Did you mean 'test'?"),
        ("help run", "Error: no command 'help'. Did you mean '--help'?"),
        ("quickstart", "Error: no command 'quickstart'. To train a recipe: ganzoo run quickstart"),
        ("mine.toml", "Error: no command 'mine.toml'. To train a recipe: ganzoo run mine.toml"),
        ("data download mnist", "Error: no command 'download'. Did you mean 'get'?"),
        ("data chek", "Error: no command 'chek'. Did you mean 'check'?"),
        ("zzzzz", "Error: no command 'zzzzz'.\n"),
        ("list --jsn", "Error: No such option '--jsn'. Did you mean '--json'?"),
        ("run quickstart --steps 5", "Error: no option '--steps'. Settings are written so: run.steps=VALUE"),
        ("check dcgan_mnist --lr 1e-4", "Error: no option '--lr'. Settings are written so: optimizer.lr=VALUE"),
        (
            "bench quickstart --batch-size 5",
            "Error: no option '--batch-size'. Settings are written so: run.batch_size=",
        ),
        ("runs --steps 5", "Error: No such option '--steps'."),
        ("check", "Error: Missing argument 'RECIPE'."),
    ],
)
def test_a_misspelt_command(typed: str, says: str) -> None:
    result = ganzoo(*typed.split())
    assert result.exit_code == 2
    assert says in result.stderr

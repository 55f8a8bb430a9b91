"""The documentation lists all hooks, kinds, commands, settings, environment variables and datasets correctly."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import ganzoo
from ganzoo import diagnosis, hookspecs
from ganzoo.cli import cli
from ganzoo.config.recipe import Evaluation, RunSettings
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS
from ganzoo.runs.resumable import RESUMABLE
from ganzoo_builtins.datasets.emnist import CLASSES
from helpers.pages import EXAMPLES, TOP


def page(name: str) -> str:
    return (TOP / "docs" / name).read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = f"\n{text}".partition(f"\n{heading}\n")[2]
    table = re.search(r"(^\|.*\n)+", below, re.M)
    assert table, f"no table below {heading}"
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("ganzoo_")}
COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_with_its_signature(name: str) -> None:
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert f"### `{name}({arguments})`\n" in page("write-a-plugin.md")


def test_no_hook_that_there_is_not() -> None:
    named = set(re.findall(r"\bganzoo_[a-z_]+", page("write-a-plugin.md")))
    assert named - HOOKS.keys() <= {"ganzoo_acme", "ganzoo_api"}


def test_every_kind() -> None:
    assert [kind.strip("`") for kind, *_ in rows(page("write-a-plugin.md"), "## Kinds")] == list(KINDS)


def test_every_public_name() -> None:
    named = [cell for cell, _ in rows(page("api.md"), "## Public names")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(named))) == sorted(ganzoo.__all__)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_with_its_options(name: str) -> None:
    section = f"{page('commands.md')}\n## ".partition(f"\n## ganzoo {name}\n")[2].partition("\n## ")[0]
    assert section, f"docs/commands.md has no section `ganzoo {name}`"
    assert f"ganzoo {name}" in section
    options = {option for p in COMMANDS[name].params if isinstance(p, click.Option) for option in p.opts}
    cells = " ".join(rows(f"# x\n{section}", "# x")[i][0] for i in range(len(options))) if options else ""
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", cells)) == options


def test_no_command_that_there_is_not() -> None:
    assert sorted(re.findall(r"^## ganzoo (.+)$", page("commands.md"), re.M)) == sorted(COMMANDS)


def test_every_command_in_the_readme() -> None:
    told = " ".join(cell for cell, _ in rows((TOP / "README.md").read_text(), "## Commands"))
    assert set(re.findall(r"`ganzoo (\w+)", told)) == {name.split()[0] for name in COMMANDS}


def test_every_option_of_ganzoo_itself() -> None:
    context = click.Context(cli, help_option_names=["-h", "--help"])
    options = {option for p in cli.get_params(context) for option in p.opts}
    told = " ".join(cell for cell, _ in rows(page("commands.md"), "# Commands"))
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told)) == options


def test_every_setting_of_run_with_its_default() -> None:
    told = {
        name.strip("`"): default.strip("`")
        for name, default, _ in rows(page("recipes.md"), "## The settings of `[run]`")
    }
    fields = RunSettings.model_fields.items()
    assert told == {name: "none" if field.default is None else json.dumps(field.default) for name, field in fields}


def test_every_setting_of_evaluate_with_its_default() -> None:
    told = {
        name.strip("`"): value.strip("`")
        for name, value, _ in rows(page("recipes.md"), "## Evaluation during training")
    }
    fields = Evaluation.model_fields.items()
    assert told == {name: "none" if field.default is None else json.dumps(field.default) for name, field in fields}


def test_every_setting_that_may_change_in_a_resumed_run() -> None:
    told = page("recipes.md").partition("## What a resumed run may change")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"`((?:run|evaluate|dataset|dataset_a)\.\w+)`", told)) == RESUMABLE


def test_every_exit_code() -> None:
    from ganzoo import errors

    codes = {error.exit_code for error in vars(errors).values() if inspect.isclass(error) and "exit_code" in dir(error)}
    told = {int(code) for code, _ in rows(page("commands.md"), "## Exit codes")}
    assert told == codes - {1} | {0}


def test_every_environment_variable() -> None:
    source = [path for folder in ("ganzoo", "plugins") for path in (TOP / folder).rglob("*.py")]
    used = {name for path in source for name in re.findall(r"\bGANZOO_[A-Z_]+\b", path.read_text())}
    told = {name.strip("`") for name, _ in rows(page("commands.md"), "## Environment")}
    assert told == used


def test_every_dataset() -> None:
    text = page("data.md")
    told = {name.strip("`") for heading in ("## Generated", "## Downloaded") for name, *_ in rows(text, heading)}
    told |= set(re.findall(r"^## (folder|hf|parquet|webdataset|pairs|unpaired|text|npz|npy|hdf5|digits):", text, re.M))
    entries = discovery.load().zoo.entries("dataset")
    assert told == {entry.name for entry in entries if entry.owner == "ganzoo"}


def test_every_setting_of_the_drawn_datasets() -> None:
    from ganzoo.config.signature import describe

    zoo = discovery.load().zoo
    for name, _, settings in rows(page("data.md"), "## Generated"):
        known = list(describe(zoo.find("dataset", name.strip("`"))).settings)
        assert re.findall(r"`(\w+)`", settings) == [setting for setting in known if setting != "per_class"]  # of all


def test_every_metric_with_its_results() -> None:
    entries = [entry for entry in discovery.load().zoo.entries("metric") if entry.owner == "ganzoo"]
    made = {entry.name: entry.load() for entry in entries}
    told = {name.strip("`"): cells for name, *cells in rows(page("metrics.md"), "## The metrics")}
    assert told.keys() == made.keys()
    for name, (results, sees, unasked) in told.items():
        metric = made[name]
        assert results == ", ".join(f"`{result}` {better}" for result, better in metric.better.items())
        assert (sees, unasked) == (metric.sees, "yes" if metric.by_default else "no")


def test_every_setting_of_the_metrics() -> None:
    from ganzoo.config.signature import describe

    text = page("metrics.md")
    for entry in discovery.load().zoo.entries("metric"):
        section = text.partition(f"\n### {entry.name}\n")[2].partition("\n### ")[0]
        assert section, f"docs/metrics.md has no section `{entry.name}`"
        assert describe(entry).settings.keys() <= set(re.findall(r"`(\w+)`", section)), entry.name


def test_every_split_of_emnist() -> None:
    told = rows(page("data.md"), "### EMNIST")
    assert {split.split("`")[1]: int(re.match(r"\d+", classes)[0]) for split, classes, _ in told} == {  # type: ignore[index]
        split: len(names) for split, names in CLASSES.items()
    }


def test_every_rule_of_diagnosis_with_its_thresholds() -> None:
    text = page("diagnosis.md")
    assert sorted(re.findall(r"^### `(\w+)`$", text, re.M)) == sorted(rule.__name__ for rule in diagnosis.RULES)
    told = {}
    for names, values, _ in rows(text, "## The thresholds"):
        told |= dict(zip(re.findall(r"`(\w+)`", names), map(float, values.split(",")), strict=True))
    modules = [getattr(diagnosis, name) for name in ("balance", "finding", "history", "stability", "mode_collapse")]
    numbers = [(name, value) for one in modules for name, value in vars(one).items() if name.isupper()]
    assert told == {name: value for name, value in numbers if isinstance(value, (int, float))}


def test_every_design_record_is_in_the_index() -> None:
    records = {path.name for path in (TOP / "docs/design").glob("*.md")} - {"index.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", page("design/index.md"))) == records


def test_every_page_is_in_the_navigation() -> None:
    pages = {str(path.relative_to(TOP / "docs")) for path in {*Path(TOP / "docs").rglob("*.md")} - EXAMPLES}
    listed = re.findall(r"^ *- (?:[^:\n]+: )?(\S+\.md)$", (TOP / "mkdocs.yml").read_text(), re.M)
    assert sorted(listed) == sorted(pages)


def test_the_site_is_told_everything_once() -> None:
    """A merge may leave a key twice, and the last one counts."""
    keys = re.findall(r"^(\w+):", (TOP / "mkdocs.yml").read_text(), re.M)
    assert len(keys) == len({*keys})


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    pages = [path.read_text() for path in (TOP / "docs/reference").glob("*.md")]
    named = [name for text in pages for name in re.findall(r"^(?:::: |## `)ganzoo\.(\w+)`?$", text, re.M)]
    assert sorted({*named} - {"hookspecs", "testing"}) == sorted(ganzoo.__all__)
    assert len(named) == len({*named})
    assert {"hookspecs", "testing"} <= {*named}

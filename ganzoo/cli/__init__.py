"""The command line: one file per command. Help, `ganzoo list` and completion do not import torch."""

from __future__ import annotations

import importlib
import io
import os
import shlex
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from ganzoo.cli import words
from ganzoo.errors import (
    ERROR_WIDTH,
    Aborted,
    GanzooError,
    Interrupted,
    one_line,
    out_of_memory,
    printable,
)
from ganzoo.registry.versions import Deprecated
from ganzoo.terminal.output import echo
from ganzoo.utils import current_folder, openmp, signals
from ganzoo.utils.isolation import PluginWarning

STOPPED = "stopped immediately."
LESS_AT_ONCE = "Ask for less at once, such as fewer samples, smaller batches or images, or close other programs."
VERBS = {
    "run": "Train a recipe.",
    "resume": "Resume a run from its newest checkpoint.",
    "runs": "List runs and their states.",
    "watch": "Show the progress of a run until it ends.",
    "sample": "Generate samples from a trained model.",
    "score": "Score given samples by the discriminator of a run.",
    "evaluate": "Compute metrics of the samples of a run.",
    "judge": "Judge pictures of any tool against real ones.",
    "compare": "Compare the scores of runs, or of every value of a setting.",
    "tune": "Search for the best values of settings.",
    "interpolate": "Interpolate between samples in latent space.",
    "timelapse": "Animate the sample grids of a run.",
    "play": "Explore a trained model in the browser.",
    "report": "Write an HTML report on one or more runs.",
    "export": "Export a trained model for others to load.",
    "push": "Upload an export to the Hugging Face Hub.",
    "pull": "Download a model from the Hugging Face Hub and verify it.",
    "list": "List components and recipes.",
    "show": "Show the settings of a component, or a recipe with all defaults.",
    "check": "Validate a recipe and tell how long it takes.",
    "suggest": "Write a recipe for your own pictures.",
    "bench": "Measure the training speed of a recipe.",
    "cp": "Copy a recipe to a file to edit.",
    "schema": "Write a JSON Schema of recipes for editors.",
    "data": "List, download and verify datasets.",
    "new": "Create a plugin package.",
    "test": "Run the conformance tests on a plugin.",
    "plugins": "List installed plugins and their errors.",
    "doctor": "Check the installation and report problems.",
}


class LazyGroup(click.Group):
    """Command group that imports a command when it is called; the one-line helps are in VERBS."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command line; or complete a word of it, where a shell asks for that."""
        if "_GANZOO_COMPLETE" in os.environ:
            from ganzoo.cli import shells

            shells.register()
        return super().main(*args, **settings)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS]  # importing ganzoo.cli.list shadows the built-in `list` here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"ganzoo.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(words.no_command(name, _hint(name)), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Turn a GanzooError, Ctrl-C or SIGTERM into one message and an exit code."""
        with signals.Ending() as ended:
            try:
                current_folder.check()
                return super().invoke(ctx)
            except KeyboardInterrupt as interrupt:  # training says what is saved
                error: GanzooError = Aborted(str(interrupt) or STOPPED)
                error.exit_code = ended.exit_code
                signals.forget_interrupt()
            except click.NoSuchOption as raised:
                raise words.no_option(raised) from raised
            except Exception as raised:
                if ended:  # which a library turned into an error of its own
                    error = Aborted(STOPPED)
                    error.exit_code = ended.exit_code
                elif isinstance(raised, GanzooError):
                    error = raised
                elif lack := out_of_memory(raised, LESS_AT_ONCE):
                    error = lack
                elif isinstance(raised, EOFError):  # of which click makes "Aborted!", as if the user had done it
                    raise RuntimeError("data ended where more was expected") from raised
                else:
                    raise
        if isinstance(error, (Interrupted, Aborted)):  # as was asked for
            echo(error.message, err=True)
        else:
            click.ClickException(error.message).show()
        ctx.exit(error.exit_code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*VERBS.items()])


def _hint(name: str) -> str:
    """Return what somebody may have meant who typed a command that does not exist, with a leading space, or ""."""
    if Path(name).suffix in (".toml", ".json") or (not words.means(name, VERBS, words.COMMANDS) and _is_recipe(name)):
        return f" To train a recipe: ganzoo run {shlex.quote(name)}"
    return words.hint(name, VERBS, words.COMMANDS)


def _is_recipe(name: str) -> bool:
    from ganzoo.config import locate
    from ganzoo.registry import discovery

    return any(name in (recipe.name, recipe.full_name) for recipe in locate.recipes(discovery.load()))


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Format a warning as one line: of ganzoo for users, and of a library with its file and line."""
    if issubclass(category, (Deprecated, PluginWarning)):
        return f"Warning: {printable(str(message))}\n"
    place = "/".join(Path(filename).parts[-2:])
    return f"Warning: {one_line(' '.join(str(message).split()), ERROR_WIDTH)} ({category.__name__}, {place}:{lineno})\n"


def _plugin_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from ganzoo.cli import complete

    return complete.plugins(ctx, parameter, incomplete)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-plugins", is_flag=True, help="Load the built-in plugins only.")
@click.option(
    "--block",
    metavar="NAME",
    multiple=True,
    shell_complete=_plugin_names,
    help="Do not load this plugin: an owner, a package or owner/entry; repeatable.",
)
@click.version_option(package_name="ganzoo-torch", prog_name="ganzoo")
@click.pass_context
def cli(context: click.Context, no_plugins: bool, block: tuple[str, ...]) -> None:
    """Train, sample, evaluate and share generative adversarial networks (GANs).

    \b
    ganzoo run quickstart             train a first GAN in about a minute
    ganzoo list                       list GANs, components and recipes
    ganzoo sample runs/... -n 64      generate samples from a run
    """
    warnings.formatwarning = _format_warning
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files that are no UTF-8, as they are
    openmp.set_wait_policy(context.invoked_subcommand)
    if no_plugins:
        os.environ["GANZOO_DISABLE_PLUGINS"] = "1"
    if block:
        os.environ["GANZOO_BLOCK_PLUGINS"] = ",".join([os.environ.get("GANZOO_BLOCK_PLUGINS", ""), *block])

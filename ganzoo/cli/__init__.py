"""The command line: one verb, one file. Help, listing and completion import no torch."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

import click

from ganzoo.errors import Aborted, GanzooError, did_you_mean, printable
from ganzoo.registry.versions import Deprecated

VERBS = {
    "run": "Train a recipe.",
    "resume": "Go on with a run from its newest checkpoint.",
    "runs": "Say what has become of each run.",
    "watch": "Follow a run from another terminal.",
    "sample": "Draw samples from a run.",
    "evaluate": "Say how good the samples of a run are.",
    "compare": "Put runs side by side, or every value of a setting.",
    "interpolate": "Draw the way from one sample to another.",
    "timelapse": "Animate how a run's samples grew.",
    "play": "Play with a run, on a page in the browser.",
    "report": "Write a run, or several, into one page.",
    "export": "Write what was trained for others to load.",
    "push": "Send an export to the Hugging Face Hub.",
    "pull": "Fetch a model from the Hugging Face Hub, and check it.",
    "list": "Browse registered components and recipes.",
    "show": "Show one component's settings, or one recipe in full.",
    "check": "Validate a recipe and build it without memory or training.",
    "bench": "Measure how fast a recipe trains.",
    "cp": "Copy a recipe to edit.",
    "schema": "Write a JSON Schema of recipes, for editors.",
    "data": "See where data comes from, fetch it, verify it.",
    "new": "Start a package of your own.",
    "test": "Ask a plugin for what the interfaces promise.",
    "plugins": "List installed plugins, broken ones included.",
    "doctor": "Say what is installed and what is wrong with it.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; their one-line help stands in VERBS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS]  # list is a verb here: importing ganzoo.cli.list hides the built-in

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
            raise click.UsageError(f"no command {name!r}.{did_you_mean(name, VERBS)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A GanzooError becomes one `Error:` message and its exit code, and so does Ctrl-C."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            error: GanzooError = Aborted(
                "ended at once. What was saved before is there; `ganzoo resume` goes on from it."
            )
        except GanzooError as raised:
            error = raised
        click.ClickException(error.message).show()
        ctx.exit(error.exit_code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*VERBS.items()])


_AS_PYTHON_DOES = warnings.formatwarning


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """What goes in a later version as one line for users; other warnings as Python shows them."""
    if issubclass(category, Deprecated):
        return f"Warning: {printable(str(message))}\n"
    return _AS_PYTHON_DOES(message, category, filename, lineno, line)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-plugins", is_flag=True, help="Use the built-in plugins only.")
@click.option("--block", metavar="NAME", multiple=True, help="Do not load this plugin (owner, package or owner/entry).")
@click.version_option(package_name="ganzoo-torch", prog_name="ganzoo")
def cli(no_plugins: bool, block: tuple[str, ...]) -> None:
    """A zoo of GANs that anybody can extend.

    \b
    ganzoo run quickstart             train the embedded default, about a minute
    ganzoo list                       what there is
    ganzoo sample runs/... -n 64      draw samples from a run
    """
    warnings.formatwarning = _format_warning
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a busy neighbour makes spinning threads many times slower
    if no_plugins:
        os.environ["GANZOO_DISABLE_PLUGINS"] = "1"
    if block:
        os.environ["GANZOO_BLOCK_PLUGINS"] = ",".join([os.environ.get("GANZOO_BLOCK_PLUGINS", ""), *block])

"""Words that other programs have for commands, and what a mistyped command may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

import click

from ganzoo.errors import one_line

Words = Mapping[str, str]  # command or option -> the words that mean it

COMMANDS = {
    "run": "train fit start launch learn",
    "resume": "continue restart",
    "runs": "ps status history experiments",
    "watch": "monitor follow tail progress log logs",
    "sample": "generate gen draw infer inference predict synthesize synthesise",
    "evaluate": "eval metrics val fid",
    "judge": "assess grade rate",
    "compare": "diff sweep",
    "tune": "optimize optimise hpo optuna hyperparameters",
    "interpolate": "interp morph walk",
    "timelapse": "animate gif movie video",
    "play": "gui ui demo serve web app explore",
    "report": "html plot summary summarize summarise visualize visualise",
    "export": "save convert onnx",
    "push": "upload publish share",
    "pull": "fetch clone",
    "list": "ls dir search find zoo models recipes",
    "show": "cat describe view print",
    "check": "validate lint verify dryrun",
    "suggest": "recommend auto autotune",
    "bench": "benchmark speed profile time",
    "cp": "copy edit",
    "data": "dataset datasets download prepare",
    "new": "create init scaffold",
    "plugins": "extensions addons",
    "doctor": "diagnose info env",
    "--help": "help commands usage man",
    "--version": "version",
}

SETTINGS = {  # of recipes, which other programs take as options
    "run.steps": "steps iterations iters niter maxsteps trainsteps numsteps",
    "run.epochs": "epochs nepochs numepochs",
    "run.batch_size": "batchsize batch bs",
    "run.workers": "workers numworkers",
    "run.precision": "precision amp fp16",
    "run.ema": "ema",
    "optimizer.lr": "lr learningrate",
    "dataset.path": "data datadir dataroot datapath images",
    "dataset.use": "dataset",
    "dataset.size": "imagesize imgsize resolution size",
}

DATA_COMMANDS = {"list": "ls dir show", "get": "download fetch pull install", "check": "verify validate inspect info"}


class DataGroup(click.Group):
    """The commands of `ganzoo data`, which suggests one for the words of other programs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(no_command(args[0], hint(args[0], self.commands, DATA_COMMANDS)), ctx)
        return super().resolve_command(ctx, args)


def no_command(name: str, hint: str) -> str:
    """Return the message for a command that does not exist."""
    return f"no command {one_line(name)!r}.{hint}"


def no_option(error: click.NoSuchOption) -> click.UsageError:
    """Return the error for an option that does not exist; it names the setting that has its name, if there is one.

    Args:
        error: The error of click.

    Returns:
        The same error; or another one, where the command takes settings as KEY=VALUE.
    """
    setting = _known((), SETTINGS).get(re.sub(r"[\W_]", "", error.option_name.lower()))
    arguments = error.ctx.command.params if error.ctx else []
    if not setting or not any("KEY=VALUE" in (argument.metavar or "") for argument in arguments if _is_free(argument)):
        return error
    return click.UsageError(f"no option {error.option_name!r}. Settings are written so: {setting}=VALUE", error.ctx)


def _is_free(parameter: click.Parameter) -> bool:
    """Return True for a parameter that takes what is left of a command line."""
    return isinstance(parameter, click.Argument) and parameter.nargs == -1


def means(name: str, commands: Collection[str], words: Words) -> str:
    """Return the command that a name or a part of it stands for, or "".

    Args:
        name: What was typed, such as "Train" or "list-recipes".
        commands: The commands that exist.
        words: Their other names.

    Returns:
        The command, or an option in its place.
    """
    known = _known(commands, words)
    parts = (re.sub(r"[\W_]", "", name.lower()), *re.split(r"[\W_]+", name.lower()))
    return next((known[part] for part in parts if part in known), "")


def hint(name: str, commands: Collection[str], words: Words) -> str:
    """Return " Did you mean 'COMMAND'?" with a leading space, or ""; arguments as for means()."""
    known = _known(commands, words)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    meant = means(name, commands, words) or (known[near[0]] if near else "")
    return f" Did you mean {meant!r}?" if meant else ""


def _known(commands: Collection[str], words: Words) -> dict[str, str]:
    others = {word: command for command, names in words.items() for word in names.split()}
    return others | {command: command for command in commands}

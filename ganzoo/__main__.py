"""Entry point of `python -m ganzoo`, which torchrun uses too."""

from ganzoo.cli import cli

cli(prog_name="ganzoo")

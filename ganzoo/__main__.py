"""python -m ganzoo, which is also how torchrun starts it."""

from ganzoo.cli import cli

cli(prog_name="ganzoo")

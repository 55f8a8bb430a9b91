"""Running of ganzoo commands in tests, in the same process or in a new one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from ganzoo.cli import cli

HEAVY = ("torch", "torchvision", "accelerate", "pydantic")
REPORT = f"""
import atexit, sys
atexit.register(lambda: print("imported:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr))
from ganzoo.cli import cli
cli(prog_name="ganzoo")
"""


TERMINAL = {"TTY_COMPATIBLE": "1", "TERM": "dumb"}  # by which rich takes stdout for a terminal without colours


def ganzoo(*arguments: str, terminal: bool = False) -> Result:
    """Run a command in this process, 80 columns wide, as in a pipe or as in a terminal."""
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "80", **(TERMINAL if terminal else {})})


def shell(*arguments: str, site: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a new process, with `site` on sys.path.

    The last line on stderr names the modules of HEAVY that were imported.
    """
    return subprocess.run(
        [sys.executable, "-c", REPORT, *arguments],
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(site or ""), **environment},
        capture_output=True,
        text=True,
        check=False,
    )

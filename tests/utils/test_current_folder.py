"""A current folder that was deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.support import environment

COMMAND = "from ganzoo.cli import cli; cli(['doctor'])"
PYTHON = "import ganzoo\ntry: ganzoo.train('quickstart')\nexcept ganzoo.GanzooError as error: sys.exit(error.message)"


@pytest.mark.parametrize("program", [COMMAND, PYTHON], ids=["command", "Python"])
def test_it_is_named_before_a_library_fails_in_it(program: str, tmp_path: Path) -> None:
    """MKL ends the process there while torch is imported."""
    deletion = f"import os, sys; os.chdir({str(tmp_path)!r}); os.rmdir({str(tmp_path)!r})\n"
    words = [sys.executable, "-c", deletion + program]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "the current folder cannot be used" in done.stderr and "Traceback" not in done.stderr

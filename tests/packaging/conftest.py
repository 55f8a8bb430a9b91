"""A new environment with the wheel installed, which uses torch and other packages of the tests' environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment, whose commands run in a folder far from the checkout."""

    folder: Path
    home: Path

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of this environment, such as ganzoo or python."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GANZOO"))}
        return subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=self.home,
            env={**clean, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def site(self) -> Path:
        return next((self.folder / "lib").glob("python*")) / "site-packages"

    def install(self, what: Path, editable: bool = False) -> None:
        python = str(self.folder / "bin" / "python")
        how = ["--editable"] if editable else []
        pip("--python", python, "install", "--no-deps", "--no-build-isolation", *how, str(what))


def pip(*arguments: str) -> None:
    options = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([sys.executable, "-m", "pip", *options, *arguments], check=True, cwd="/")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    """Makes environments that have the wheel and nothing else of ganzoo."""

    def make() -> Environment:
        made = Environment(tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("home"))
        venv.create(made.folder, with_pip=False, symlinks=True)
        # A folder named in a .pth file lends its packages, but not its own .pth files, such as our editable install's.
        (made.site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        made.install(wheel)
        return made

    return make

"""A recipe may be called anything: its run folders have plain names."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from ganzoo.registry.zoo import NAME
from ganzoo.sampling.run import Run
from helpers.support import tiny

PLAIN = [("cgan_mnist", "cgan_mnist"), ("WGAN-GP.v2", "wgan-gp.v2"), ("..", "recipe")]
ODD = [
    "..",
    "-rf",
    ".hidden",
    "",
    "/etc/passwd",
    "Ünï ©ödé",
    "\U0001f600",
    "İ",
    "a\nb",
    "\x1b[2J",
    "x" * 300,
    "__init__",
]


@pytest.mark.parametrize("name", [*ODD, "cgan_mnist", "WGAN-GP.v2"], ids=ascii)
def test_a_run_folder_s_name_is_safe(name: str, tmp_path: Path) -> None:
    run = Run.create(dataclasses.replace(tiny(), name=name), tmp_path)
    assert run.folder.parent == tmp_path and run.folder.is_dir()
    assert NAME.fullmatch(run.folder.name), run.folder.name


@pytest.mark.parametrize(
    ("name", "stem"), [("cgan_mnist", "cgan_mnist"), ("WGAN-GP.v2", "wgan-gp.v2"), ("..", "recipe")]
)
def test_it_starts_with_what_the_recipe_is_called(name: str, stem: str, tmp_path: Path) -> None:
    folder = Run.create(dataclasses.replace(tiny(), name=name), tmp_path).folder.name
    assert re.fullmatch(rf"{re.escape(stem)}-\d{{8}}-\d{{6}}-[0-9a-f]{{4}}", folder)

"""ganzoo bench."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from helpers import commands
from helpers.support import toml

QUICK = ("--steps", "2", "--warmup", "1", "--rounds", "2")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(toml())
    return "tiny.toml"


def test_one_document_and_nothing_on_disk(recipe: str, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    result = commands.ganzoo("bench", recipe, *QUICK, "--threads", "1", "--json")
    torch.set_num_threads(before)
    told = json.loads(result.stdout)
    assert (told["recipe"], told["steps"], told["rounds"], told["threads"]) == ("tiny", 2, 2, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.toml"]


def test_words_for_people(recipe: str) -> None:
    result = commands.ganzoo("bench", recipe, *QUICK)
    assert result.exit_code == 0, result.output
    assert "images/s on cpu x 1" in result.stdout
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        *("tiny:", "step", "data", "forward", "backward", "optimizer", "average", "engine", "peak", "not"),
    ]


def test_a_missing_reference_is_one_clear_error(recipe: str) -> None:
    result = commands.ganzoo("bench", recipe, *QUICK, "--against", "loop")
    assert result.exit_code == 2
    assert "no file" in result.stderr and "gan_mnist" in result.stderr


def test_two_comparisons_at_once_are_refused(recipe: str) -> None:
    result = commands.ganzoo("bench", recipe, "--against", "loop", "--processes", "2")
    assert result.exit_code == 2
    assert "give one of them" in result.stderr


@pytest.mark.slow
def test_against_a_script(recipe: str, tmp_path: Path) -> None:
    line = {"seconds": 1.0, "images": 64, "peak_bytes": 2**20, "cpu_seconds": 1.0}
    (tmp_path / "mine.py").write_text(f"import json\nprint('hello')\nprint(json.dumps({line}))\n")
    result = commands.ganzoo("bench", recipe, *QUICK, "--against", "mine.py", "--json")
    told = json.loads(result.stdout)
    assert told["names"] == ["ganzoo", "mine.py"]
    assert len(told["ratios"]["speed"]["each"]) == 2
    assert told["first"][0]["images"] == 2 * 16
    assert told["ratios"]["speed"]["each"][0] == pytest.approx(told["first"][0]["images_per_second"] / 64)


@pytest.mark.slow
def test_two_processes_beside_one(recipe: str) -> None:
    result = commands.ganzoo("bench", recipe, *QUICK[:4], "--rounds", "1", "--processes", "2", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["first"][0]["processes"], told["second"][0]["processes"]) == (2, 1)
    assert told["first"][0]["images"] == 2 * told["second"][0]["images"]

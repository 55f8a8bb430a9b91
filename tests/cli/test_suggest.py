"""ganzoo suggest: the recipe that it writes for a folder, with its reasons, and what it refuses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import suggest
from ganzoo.config import resolver
from ganzoo.registry import discovery
from ganzoo.suggestion import choice
from helpers.commands import ganzoo


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty grey pictures, of which one is broken, and a clock that hardly measures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choice, "GLANCE", 0.01)
    monkeypatch.setattr(choice, "LONG_LOOK", 0.01)
    monkeypatch.setattr(suggest, "_seconds_so_far", lambda: 5.0)
    folder = tmp_path / "my photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(generator.integers(256, size=(28, 30), dtype=np.uint8)).save(folder / f"{i}.png")
    (folder / "broken.jpg").touch()
    return folder


def test_a_recipe_for_a_folder(photos: Path) -> None:
    result = ganzoo("suggest", "my photos", "--minutes", "2")
    assert result.exit_code == 0, result.output
    file = Path("my_photos.toml")
    text = file.read_text()
    table = tomllib.loads(text)
    assert table["dataset"] == {
        "use": "folder",
        "path": "my photos",
        "bad_images": "skip",
        "size": 28,
        "channels": 1,
    }
    recipe, _ = resolver.read(file, (), discovery.load().zoo)
    assert recipe.run.first_sample == min(50, recipe.run.steps or 0)
    lines = text.splitlines()
    assert lines[0] == "# my_photos in grey at 28x28, by `ganzoo suggest 'my photos' --minutes 2`."
    assert lines[2].startswith("# Pictures: 60 pictures, shorter side 28: so few pictures are learned by heart: expect")
    assert "#           1 of 61 pictures cannot be read and was skipped." in lines
    time = re.search(r"# Time: +about (\d+) (seconds|minutes) on this machine \(cpu, 1 thread\): ([\d,]+) steps", text)
    assert time
    assert int(time[3].replace(",", "")) == recipe.run.steps
    assert re.search(r"^channels += 1 +# all pictures are grey$", text, re.MULTILINE)
    assert all(len(line) <= 120 for line in lines)
    assert "60 pictures: so few pictures are learned by heart" in result.stdout
    assert result.stdout.endswith("my_photos.toml\ntrain it with: ganzoo run my_photos.toml\n")
    assert re.search(r"^width 8 at 28x28 takes [\d.e-]+ s a step$|^width", result.stderr, re.MULTILINE)


def test_the_planned_time_is_within_the_minutes(photos: Path) -> None:
    ganzoo("suggest", "my photos", "--minutes", "2", "--out", "two.toml")
    time = re.search(r"about (\d+) (seconds|minutes)", Path("two.toml").read_text())
    assert time
    assert int(time[1]) * (1 if time[2] == "seconds" else 60) <= 120


def test_a_file_is_never_overwritten_without_force(photos: Path) -> None:
    Path("mine.toml").write_text("mine")
    result = ganzoo("suggest", "my photos", "--out", "mine.toml")
    assert result.exit_code == 2
    assert result.stderr == ("Error: mine.toml exists already, and is left as it is. Give another --out, or --force.\n")
    assert Path("mine.toml").read_text() == "mine"
    assert ganzoo("suggest", "my photos", "--out", "mine.toml", "--minutes", "0.5", "--force").exit_code == 0
    assert tomllib.loads(Path("mine.toml").read_text())["dataset"]["path"] == "my photos"


def test_recipes_end_in_toml(photos: Path) -> None:
    result = ganzoo("suggest", "my photos", "--out", "mine.json")
    assert result.stderr == "Error: mine.json: recipes are written as TOML; end the name in .toml.\n"


def test_an_empty_folder_is_one_clear_line(photos: Path) -> None:
    Path("empty").mkdir()
    result = ganzoo("suggest", "empty")
    assert result.exit_code == 3
    assert "Error: no images in empty. Put some there (" in result.stderr
    assert not Path("empty.toml").exists()


def test_a_dataset_of_the_zoo(photos: Path) -> None:
    result = ganzoo("suggest", "glyphs", "n=200", "characters=AB", "--minutes", "1")
    assert result.exit_code == 0, result.output
    table = tomllib.loads(Path("glyphs.toml").read_text())
    assert table["dataset"] == {"use": "glyphs", "n": 200, "characters": "AB"}
    assert table["generator"]["condition"] == "batch_norm"
    assert "2 classes of 100 to 100" in Path("glyphs.toml").read_text()

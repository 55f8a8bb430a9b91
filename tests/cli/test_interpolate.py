"""`ganzoo interpolate`, and Model.interpolate() behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import Model
from ganzoo.sampling.run import Run
from helpers.commands import ganzoo as command
from helpers.support import CONDITIONAL, tiny, train


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A, B and C, 28x28."""
    return train(tiny(CONDITIONAL, "run.steps=1"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=1"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def model(letters: Run) -> Model:
    return ganzoo.load(letters)


def test_a_walk_begins_at_the_sample_of_its_seed(model: Model) -> None:
    walks = model.interpolate(rows=4, steps=5, seed=3)
    assert walks.shape == (4, 5, 1, 28, 28)
    assert torch.allclose(walks[:, 0], model.sample(4, seed=3), atol=1e-6)
    assert torch.equal(walks, model.interpolate(rows=4, steps=5, seed=3))
    assert not torch.allclose(walks[:, 0], walks[:, -1], atol=1e-3)


def test_a_straight_walk_has_the_same_ends_and_another_middle(model: Model) -> None:
    round_, straight = (model.interpolate(2, 3, path, seed=3) for path in ("spherical", "linear"))
    assert torch.allclose(round_[:, [0, 2]], straight[:, [0, 2]], atol=1e-5)
    assert not torch.allclose(round_[:, 1], straight[:, 1], atol=1e-4)


def test_a_loop_goes_by_three_samples_and_does_not_repeat_the_first(model: Model) -> None:
    there, loop = model.interpolate(2, 4, seed=3), model.interpolate(2, 4, seed=3, loop=True)
    assert loop.shape[:2] == (2, 9)
    assert torch.allclose(loop[:, :4], there, atol=1e-5)
    assert not torch.allclose(loop[:, -1], loop[:, 0], atol=1e-3)


def test_a_row_has_the_label_it_was_asked_for(model: Model) -> None:
    b = model.interpolate(2, 3, y="B", seed=3)
    assert torch.allclose(model.interpolate(2, 3, y=["A", "B"], seed=3)[1], b[1], atol=1e-6)


def test_a_grid_has_a_row_for_each_walk(letters: Run, tmp_path: Path) -> None:
    assert command("interpolate", str(letters.folder), "--seed", "1").stdout.strip().endswith("interpolation.png")
    with Image.open(letters.folder / "interpolation.png") as grid:
        assert grid.size == (10 * 30 + 2, 8 * 30 + 2)


def test_a_gif_goes_round_for_ever(letters: Run, tmp_path: Path) -> None:
    target = tmp_path / "a.gif"
    words = ["--label", "A", "--label", "B", "--rows", "4", "--steps", "3", "--out", str(target)]
    assert command("interpolate", str(letters.folder), *words).exit_code == 0
    with Image.open(target) as gif:
        assert (gif.n_frames, gif.info["loop"], gif.size) == (6, 0, (62, 62))


def test_a_video_goes_round_once(letters: Run, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    target = tmp_path / "a.mp4"
    words = ["--label", "A", "--rows", "4", "--steps", "3", "--out", str(target)]
    assert command("interpolate", str(letters.folder), *words).stdout == f"{target}\n"
    with av.open(str(target)) as video:
        frames = [*video.decode(video=0)]
    assert (len(frames), frames[0].width, frames[0].height) == (6, 7 * 62, 7 * 62)
    refused = command("interpolate", str(letters.folder), *words)
    assert refused.exit_code == 2 and "exists already" in refused.stderr


def test_points_have_a_line_each(points: Run) -> None:
    assert command("interpolate", str(points.folder), "--rows", "2").exit_code == 0
    with Image.open(points.folder / "interpolation.png") as plot:
        assert plot.size == (512, 512) and len(plot.getcolors()) == 3  # white, and a colour for each


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "a.jpg"), "end it in .png"),
        (("--out", "a.gif"), "only images can be animated"),
        (("--label", "A"), "not conditional"),
        (("--path", "crooked"), "crooked"),
        (("--steps", "1"), "--steps"),
    ],
)
def test_what_cannot_be_is_a_usage_error(words: tuple[str, ...], message: str, points: Run) -> None:
    result = command("interpolate", str(points.folder), *words)
    assert result.exit_code == 2 and message in result.stderr


def test_a_place_that_cannot_be_written_is_an_error_in_words(points: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = command("interpolate", str(points.folder), "--rows", "2", "--out", str(tmp_path / "file" / "a.png"))
    assert result.exit_code == 2 and "Give another place with --out" in result.stderr


def test_token_ids_have_nothing_between_them(points: Run) -> None:
    model = ganzoo.load(points)
    model.spec = ganzoo.Spec((5,), vocab=9)
    with pytest.raises(ganzoo.GanzooError, match="token ids have no values in between"):
        model.interpolate()

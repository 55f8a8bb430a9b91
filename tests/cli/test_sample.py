"""`ganzoo sample`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import ganzoo
from ganzoo.cli import cli
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.terminal.progress import Counter
from ganzoo.visualization.grid import to_uint8
from helpers.support import CONDITIONAL, TRANSLATING, tiny, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Letters A, B and C, 28x28."""
    return train(tiny(CONDITIONAL, "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=2"), tmp_path_factory.mktemp("runs"))


def sample(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["sample", *map(str, arguments)])


def labels(path: Path) -> list[int]:
    with np.load(path) as file:
        return file["labels"].tolist()


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as opened:
        return opened.size


def test_a_grid_in_the_run_folder_by_default(run: Run) -> None:
    result = sample(run.folder, "-n", 9)
    assert (result.exit_code, result.stdout) == (0, f"{run.folder / 'samples.png'}\n")
    assert size(run.folder / "samples.png") == (3 * 30 + 2, 3 * 30 + 2)  # a column for each class


def test_a_terminal_shows_the_first_samples(run: Run, tmp_path: Path) -> None:
    colours = {"TTY_COMPATIBLE": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": None}
    arguments = ["sample", str(run.folder), "-n", "9", "--out", str(tmp_path / "a.png")]
    path, *lines = CliRunner().invoke(cli, arguments, env={"COLUMNS": "80", **colours}).stdout.splitlines()
    assert path == str(tmp_path / "a.png")
    assert {line.count("▀") for line in lines} == {3 * 26}


def test_an_npz_holds_what_the_library_samples(run: Run, tmp_path: Path) -> None:
    result = sample(run.folder, "-n", 7, "--seed", 3, "--out", tmp_path / "a.npz")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.npz'}\n")
    expected = to_uint8(ganzoo.load(run).sample(7, seed=3)).permute(0, 2, 3, 1).numpy()
    with np.load(tmp_path / "a.npz") as file:
        assert (file["images"] == expected).all()
    assert labels(tmp_path / "a.npz") == [0, 1, 2, 0, 1, 2, 0]


def test_the_same_seed_draws_the_same_samples(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        sample(run.folder, "-n", 4, "--seed", seed, "--out", tmp_path / f"{name}.npz")
    a, b, c = (np.load(tmp_path / f"{name}.npz")["images"] for name in "abc")
    assert (a == b).all() and (a != c).any()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--label", "B"], [1, 1, 1, 1, 1]),
        (["--label", "2"], [2, 2, 2, 2, 2]),
        (["--label", "C", "--label", "A"], [2, 0, 2, 0, 2]),
    ],
)
def test_labels_are_names_or_numbers_and_go_round(
    arguments: list[str], expected: list[int], run: Run, tmp_path: Path
) -> None:
    assert sample(run.folder, "-n", 5, *arguments, "--out", tmp_path / "a.npz").exit_code == 0
    assert labels(tmp_path / "a.npz") == expected


def test_a_grid_has_a_column_for_each_label(run: Run, tmp_path: Path) -> None:
    sample(run.folder, "-n", 6, "--label", "C", "--label", "A", "--out", tmp_path / "a.png")
    assert size(tmp_path / "a.png") == (2 * 30 + 2, 3 * 30 + 2)


def test_a_folder_gets_one_picture_each(run: Run, tmp_path: Path) -> None:
    assert sample(run.folder, "-n", 4, "--out", tmp_path / "pictures").exit_code == 0
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["000000-A.png", "000001-B.png", "000002-C.png", "000003-A.png"]
    assert size(tmp_path / "pictures" / names[0]) == (28, 28)


def test_a_checkpoint_or_a_folder_of_runs_will_do(run: Run, tmp_path: Path) -> None:
    for k, place in enumerate((run.latest, run.folder.parent)):
        assert sample(place, "-n", 2, "--out", tmp_path / f"{k}.npz").exit_code == 0


def test_without_a_place_to_write_samples_go_into_the_run(run: Run) -> None:
    """Whichever way the run was named: a checkpoint holds its own files alone."""
    for place in (run.latest, run.folder.parent):
        printed = Path(sample(place, "-n", 2).stdout.removesuffix("\n"))
        assert printed.parent == run.folder and printed.is_file()
    assert not list(run.latest.glob("samples*"))


def test_samples_of_earlier_stay_and_may_be_replaced_when_asked(run: Run, tmp_path: Path) -> None:
    names = [Path(sample(run.folder, "-n", 2).stdout.strip()).name for _ in range(2)]
    assert len(set(names)) == 2 and all((run.folder / name).is_file() for name in names)
    (tmp_path / "a.png").write_bytes(b"mine")
    refused = sample(run.folder, "-n", 2, "--out", tmp_path / "a.png")
    assert refused.exit_code == 2 and "a.png exists already, and is left as it is" in refused.stderr
    assert (tmp_path / "a.png").read_bytes() == b"mine"
    assert sample(run.folder, "-n", 2, "--out", tmp_path / "a.png", "--force").exit_code == 0
    assert size(tmp_path / "a.png") == (2 * 30 + 2, 30 + 2)


def test_the_target_is_looked_at_before_anything_is_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.sampling.model.Model._generate", lambda *_: iter([pytest.fail("drawn")]))
    (tmp_path / "file").write_text("in the way")
    for out in ("a.jpg", "file", "file/a.npz", "file/pictures"):
        assert sample(run.folder, "--out", tmp_path / out).exit_code == 2, out


def test_points_have_a_plot_and_no_labels(points: Run, tmp_path: Path) -> None:
    assert sample(points.folder, "-n", 50).exit_code == 0
    assert size(points.folder / "samples.png") == (512, 512)
    assert sample(points.folder, "-n", 5, "--out", tmp_path / "a.npz").exit_code == 0
    assert labels(tmp_path / "a.npz") == [-1] * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "Z"], "no class 'Z'. Classes: A, B, C."),
        (["--label", "3"], "no class 3: there are 3, from 0 to 2."),
        (["--out", "a.jpg"], "end it in .png for a grid or .npz for arrays"),
        (["-n", "0"], "-n"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "99999999999999999999999"], "--seed"),
    ],
)
def test_what_cannot_be_is_a_usage_error(arguments: list[str], message: str, run: Run) -> None:
    result = sample(run.folder, *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""


def test_a_label_for_points_is_a_usage_error(points: Run) -> None:
    result = sample(points.folder, "--label", "0")
    assert result.exit_code == 2
    assert "not conditional" in result.stderr


def test_what_is_no_run_is_5(tmp_path: Path) -> None:
    result = sample(tmp_path)
    assert result.exit_code == 5
    assert "not a run folder" in result.stderr


def test_pictures_of_what_has_none_are_sent_to_an_npz(points: Run, tmp_path: Path) -> None:
    result = sample(points.folder, "-n", 2, "--out", tmp_path / "pictures")
    assert result.exit_code == 2
    assert "Write an .npz instead" in result.stderr


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """4x4 pixels to 8x8."""
    return train(tiny(TRANSLATING, "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for i in range(3):
        Image.fromarray(np.full((20, 30, 3), 100 * i, dtype=np.uint8)).save(tmp_path / f"photos/{i}.png")
    return tmp_path / "photos"


def test_a_translators_grid_shows_input_output_and_truth(translator: Run) -> None:
    result = sample(translator.folder, "-n", 5, "--seed", 0)
    assert (result.exit_code, result.stdout) == (0, f"{translator.folder / 'samples.png'}\n")
    width, height = size(translator.folder / "samples.png")
    assert (width, height) == (15 * 10 + 2, 10 + 2)  # all of them in one row: they are small
    with Image.open(translator.folder / "samples.png") as opened:
        truth = np.asarray(opened)[2:10, 22:30]
    expected = to_uint8(ganzoo.load(translator).pairs(5, seed=0)[1])[0, 0].numpy()
    assert (truth == expected).all()


def test_a_translators_npz_holds_the_inputs_too(translator: Run, tmp_path: Path) -> None:
    assert sample(translator.folder, "-n", 4, "--seed", 1, "--out", tmp_path / "a.npz").exit_code == 0
    with np.load(tmp_path / "a.npz") as file:
        assert (file["images"].shape, file["inputs"].shape) == ((4, 8, 8, 1), (4, 4, 4, 1))
    model = ganzoo.load(translator)
    with np.load(tmp_path / "a.npz") as file:
        assert (file["images"] == to_uint8(model.sample(4, seed=1)).permute(0, 2, 3, 1).numpy()).all()


def test_a_translator_is_given_pictures_in_alphabetical_order(translator: Run, photos: Path, tmp_path: Path) -> None:
    assert sample(translator.folder, "--input", photos, "--seed", 1, "--out", tmp_path / "a.npz").exit_code == 0
    with np.load(tmp_path / "a.npz") as file:
        assert file["inputs"][..., 0].mean((1, 2)).tolist() == [0, 100, 200]
        assert file["images"].shape == (3, 8, 8, 1)
    assert sample(translator.folder, "--input", photos, "--out", tmp_path / "mended").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "mended").iterdir()) == [f"{i:06d}.png" for i in range(3)]
    assert sample(translator.folder, "--input", photos, "--out", tmp_path / "b.png").exit_code == 0
    assert size(tmp_path / "b.png") == (6 * 10 + 2, 10 + 2)  # inputs and outputs; nobody knows the truth


def test_pictures_are_refused_where_nothing_is_translated(run: Run, photos: Path, tmp_path: Path) -> None:
    result = sample(run.folder, "--input", photos)
    assert result.exit_code == 2 and "it translates no inputs" in result.stderr
    result = sample(run.folder, "--input", tmp_path / "nowhere")
    assert result.exit_code == 2


@pytest.mark.parametrize("out", ["grid.png", "arrays.npz", "folder"])
def test_the_progress_counts_the_pictures_that_are_translated(
    translator: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """Not the samples that -n would ask for, and not the inputs that a grid shows beside them."""
    shown: list[object] = []

    class Shown(Counter):
        def __init__(self, what: str, total: int):
            shown.append((what, total))
            super().__init__(what, total)

        def show(self, done: int) -> None:
            shown.append(done)

    monkeypatch.setattr("ganzoo.terminal.progress.Counter", Shown)
    monkeypatch.setattr(Model, "chunk", lambda self, n: 2)
    assert sample(translator.folder, "--input", photos, "--out", tmp_path / out).exit_code == 0
    assert shown == [("samples", 3), 2, 3]

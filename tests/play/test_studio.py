"""Pictures for the controls of `ganzoo play`, without a page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError, Generator, Model, Procedure, Spec
from ganzoo.interfaces import Batch, Move
from ganzoo.play import description, latent_space, samples
from ganzoo.play.samples import Request
from ganzoo.play.studio import End, Studio
from ganzoo.sampling.latents import spherical
from ganzoo.sampling.run import Run
from ganzoo.visualization.grid import picture, to_uint8
from helpers.commands import ganzoo as command
from helpers.support import CONDITIONAL, TRANSLATING, tiny, train


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on the letters A, B and C, 28x28."""
    return train(tiny(CONDITIONAL, "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a translator from 4x4 to 8x8 pixels."""
    return train(tiny(TRANSLATING, "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def studio(letters: Run) -> Studio:
    return Studio(ganzoo.load(letters))


class Plane(Generator):
    """Samples are codes times a matrix: they change most with the second number, and not with the third."""

    z_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.tensor([[1.0, 0, 0, 0], [0, 10, 0, 0], [0, 0, 0, 0]]))

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return source @ self.matrix


class Sampler(Procedure):
    def __init__(self, generator: Generator):
        super().__init__()
        self.generator = generator

    def players(self) -> Mapping[str, list[nn.Module]]:
        return {"generator": [self.generator]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield from ()

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.generator(self.generator.prior(n), y)


class Chain(Sampler):
    """Has no latent codes."""

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return torch.rand(n, 4)


def pixels(shown: Image.Image) -> np.ndarray:
    return np.asarray(shown)


def cells(shown: Image.Image, side: int = 28) -> list[np.ndarray]:
    """The images of a grid."""
    whole, step = pixels(shown), side + 2
    return [
        whole[top : top + side, left : left + side]
        for top in range(2, whole.shape[0] - 2, step)
        for left in range(2, whole.shape[1] - 2, step)
    ]


@pytest.mark.parametrize("request_", [Request(9, 3), Request(7, 2**53 - 1, 1), Request(9, 3, None, 0.5)])
def test_a_grid_is_what_its_command_writes(request_: Request, letters: Run, studio: Studio, tmp_path: Path) -> None:
    words = samples.command(studio.model, request_, str(letters.folder)).split()
    assert words[:2] == ["ganzoo", "sample"]
    assert command(*words[1:], "--out", str(tmp_path / "a.png")).exit_code == 0
    with Image.open(tmp_path / "a.png") as written:
        assert (pixels(written) == pixels(studio.grid(request_))).all()


def test_a_command_can_be_pasted_whatever_a_class_is_called(letters: Run) -> None:
    model = ganzoo.load(letters)
    model.class_names = ["A", "two words", "$(C)"]
    assert (
        samples.command(model, Request(2, 5, 1), "a run") == "ganzoo sample 'a run' -n 2 --seed 5 --label 'two words'"
    )
    assert samples.command(model, Request(2, 5, 2), "r").endswith("--label '$(C)'")


def test_truncated_samples_are_nearer_to_each_other_and_so_are_their_codes(points: Run, translator: Run) -> None:
    studio = Studio(ganzoo.load(points))
    assert studio.truncates and not Studio(ganzoo.load(translator)).truncates
    (codes,) = studio._codes(Request(200, 1, None, 0.5))
    assert codes.abs().max() <= 0.5 < studio._codes(Request(200, 1))[0].abs().max()
    less, whole = (samples.generate(studio.model, Request(200, 1, None, bound)) for bound in (0.5, None))
    assert less.std(0).norm() < whole.std(0).norm()


def test_at_first_there_are_as_many_of_each_class(studio: Studio, points: Run, translator: Run) -> None:
    assert studio.count == 63
    assert Studio(ganzoo.load(points)).count == 2000
    assert Studio(ganzoo.load(translator)).count == 6 * 16


def test_a_click_finds_the_sample_under_it(studio: Studio) -> None:
    request = Request(7, 3)  # three columns, the last row of one
    for k, (across, down) in {0: (2, 2), 4: (32 + 27, 32), 6: (29, 62 + 27)}.items():
        assert studio.sample_at(request, across, down) == k
    for nowhere in ((0, 0), (31, 10), (50, 80), (-5, 5)):
        assert studio.sample_at(request, *nowhere) is None


def test_an_interpolation_is_shown_between_its_ends(studio: Studio) -> None:
    own, other = cells(studio.grid(Request(9, 3))), cells(studio.grid(Request(9, 4)))
    for place, expected in ((0.0, own[5]), (1.0, None), (0.5, None)):
        first, here, last = cells(studio.interpolate(Request(9), End(3, 5), End(4, 2), place))
        assert (first == own[5]).all() and (last == other[2]).all()
        assert expected is None or np.abs(here.astype(int) - expected).max() <= 1
    same_class = cells(
        studio.interpolate(Request(9), End(3, 5), End(4, 2 + 3), 1.0)
    )  # sample 5 is a C, and so are 2 and 8
    assert np.abs(same_class[1].astype(int) - other[5]).max() <= 1


def test_interpolation_is_spherical(studio: Studio) -> None:
    own, others = studio._codes(Request(4, 3)), studio._codes(Request(4, 9))
    mixed = [z.clone() for z in own]
    mixed[0][1] = spherical(own[0][1:2], others[0][2:3], 0.25)[0]
    expected = to_uint8(latent_space.generate(studio.model, Request(4, 3), mixed))[1, 0].numpy()
    assert (cells(studio.interpolate(Request(4), End(3, 1), End(9, 2), 0.25))[1] == expected).all()


def test_all_points_are_interpolated_at_once(points: Run) -> None:
    studio = Studio(ganzoo.load(points))
    request = Request(1200)  # more than are generated at a time
    start, middle, end = (pixels(studio.interpolate(request, End(3, 0), End(4, 0), place)) for place in (0.0, 0.5, 1.0))
    assert (start == pixels(studio.grid(Request(1200, 3)))).mean() > 0.9999
    assert (middle != start).any() and (middle != end).any() and start.shape == (512, 512)


def test_a_move_of_nothing_changes_nothing_and_one_of_three_does(studio: Studio) -> None:
    own = cells(studio.grid(Request(9, 3)))[:8]
    still = cells(studio.move(Request(9, 3), "coordinate", 2, 0.0))
    assert all((a == b).all() for a, b in zip(still, [*own, *own], strict=True))
    for kind in latent_space.KINDS:
        moved = cells(studio.move(Request(9, 3), kind, 2, 3.0))
        assert all((a == b).all() for a, b in zip(moved[:8], own, strict=True))
        assert any((a != b).any() for a, b in zip(moved[8:], own, strict=True))


def test_moved_points_are_shown_next_to_the_others(points: Run) -> None:
    studio = Studio(ganzoo.load(points))
    moved = pixels(studio.move(Request(600, 3), "random", 0, 2.0))
    assert moved.shape == (512, 512 + 8 + 512)
    assert (moved[:, :512] == pixels(studio.grid(Request(600, 3)))).all()


def test_directions_have_length_one_and_random_ones_are_by_seed() -> None:
    assert torch.cat(latent_space.coordinate_direction([2, 3], 4)).tolist() == [0, 0, 0, 0, 1]
    a, b, other = (torch.cat(latent_space.random_direction([2, 3], seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.allclose(a, other)
    assert a.norm().item() == pytest.approx(1)


def test_the_first_principal_direction_is_where_samples_change_most() -> None:
    studio = Studio(Model(Sampler(Plane()), Spec((4,)), []))
    assert studio.directions == {"principal": 3, "random": 100, "coordinate": 3}
    first, second, _ = (way[0] for way in latent_space.principal_directions(studio.model, None))
    assert first.abs().tolist() == pytest.approx([0, 1, 0], abs=0.15)
    assert second.abs()[0].item() == pytest.approx(1, abs=0.15)
    moved = latent_space.moved(studio.model, Request(5), studio._codes(Request(5)), [torch.tensor([0.0, 1, 0])], 2.0)
    assert torch.allclose(moved - samples.generate(studio.model, Request(5)), torch.tensor([0.0, 20, 0, 0]), atol=1e-5)


def test_a_gan_without_codes_has_a_reason() -> None:
    studio = Studio(Model(Chain(Plane()), Spec((4,)), []))
    assert "draws no codes from a generator's prior" in studio.unavailable
    assert pixels(studio.grid(Request(50))).shape == (512, 512)


def test_tokens_are_lines() -> None:
    class Words(Sampler):
        def sample(self, n: int, y: Tensor | None = None) -> Tensor:
            return torch.randint(2, (n, 4))

    studio = Studio(Model(Words(Plane()), Spec((4,), vocab=2), [], words=["a", "b"]))
    lines = studio.text(Request(3, 7))
    assert lines == studio.model.text(studio.model.sample(3, seed=7)) and len(lines) == 3
    assert studio.unavailable and studio.count == 16
    with pytest.raises(GanzooError, match="token ids have no picture"):
        studio.grid(Request(3, 7))


def test_a_translators_examples_and_somebodys_picture(translator: Run, tmp_path: Path) -> None:
    studio = Studio(ganzoo.load(translator))
    assert studio.translates
    assert command("sample", str(translator.folder), "-n", "5", "--seed", "4").exit_code == 0
    with Image.open(translator.folder / "samples.png") as written:
        assert (pixels(written) == pixels(studio.grid(Request(5, 4)))).all()
    assert studio.sample_at(Request(5, 4), 42, 3) == 1  # the second example's output
    whole = cells(studio.grid(Request(5, 4)), 8)
    assert all((a == b).all() for a, b in zip(cells(studio.example(Request(5, 4), 1), 8), whole[3:6], strict=True))
    Image.new("RGB", (30, 20), (255, 255, 255)).save(tmp_path / "photo.PNG")
    given, made = cells(studio.uploaded(Request(5, 4), tmp_path / "photo.PNG"), 8)
    expected = to_uint8(studio.model.translate(torch.ones(1, 1, 4, 4), seed=4))[0, 0].numpy()
    assert (given == 255).all() and (made == expected).all()
    for name, content in (("a.png", b"no picture"), ("a.svg", b"<svg/>"), ("a", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(GanzooError, match="Take a PNG or a JPEG"):
            studio.uploaded(Request(5, 4), tmp_path / name)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda studio: studio.grid(Request(257)), "request 1 to 256 at once"),
        (lambda studio: studio.grid(Request(0)), "request 1 to 256 at once"),
        (lambda studio: studio.grid(Request(4, 2**53)), "a seed is a whole number"),
        (lambda studio: studio.grid(Request(4, 0, 3)), "no class 3"),
        (lambda studio: studio.interpolate(Request(4), End(0, 4), End(0, 1), 0.5), "there is no sample 5: 4 are shown"),
        (lambda studio: studio.interpolate(Request(4), End(0, 1), End(0, -1), 0.5), "there is no sample 0"),
        (
            lambda studio: studio.move(Request(4), "coordinate", 4, 1.0),
            "are 4 principal, 100 random, 4 coordinate",
        ),
        (lambda studio: studio.move(Request(4), "sideways", 0, 1.0), "no direction sideways 1"),
    ],
)
def test_impossible_requests_raise_errors(ask, message: str, studio: Studio) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GanzooError, match=message):
        ask(studio)


def test_threads_do_not_change_the_samples_of_each_other() -> None:
    class Slow(Chain):
        def sample(self, n: int, y: Tensor | None = None) -> Tensor:
            time.sleep(0.02)  # another thread would seed the generator anew
            return super().sample(n, y)

    studio = Studio(Model(Slow(Plane()), Spec((4,)), []))
    pictures: dict[int, np.ndarray] = {}

    def show(seed: int) -> None:
        pictures[seed] = pixels(studio.grid(Request(9, seed)))

    threads = [threading.Thread(target=show, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((pictures[seed] == pixels(picture(studio.model.sample(9, seed=seed)))).all() for seed in range(4))


def test_the_description_of_a_run(letters: Run, points: Run) -> None:
    model = ganzoo.load(letters)
    assert description.title(model) == "tiny"
    assert description.line(model, str(letters.folder)) == "glyphs · 2 steps · 3 classes · 28 × 28 pixels, grey"
    assert description.line(model, "somewhere/else") == "glyphs · 3 classes · 28 × 28 pixels, grey"
    assert description.line(ganzoo.load(points), str(points.folder)) == "ring · 2 steps · 2 numbers a sample"

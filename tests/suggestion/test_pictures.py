"""Findings on pictures: their number, sizes, colours, classes, and files that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import DataError, RecipeError
from ganzoo.registry import discovery
from ganzoo.suggestion.pictures import Pictures, look

ZOO = discovery.load().zoo
Write = Callable[..., Path]


def write(folder: Path, n: int, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Path:
    """Write n pictures of noise (width, height); return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(n)
    for i in range(n):
        shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
        Image.fromarray(generator.integers(256, size=shape, dtype=np.uint8)).save(folder / f"{size[0]}-{i:03d}.png")
    return folder


def seen(folder: Path, *settings: str) -> Pictures:
    return look(str(folder), settings, ZOO)


def test_colour(tmp_path: Path) -> None:
    pictures = seen(write(tmp_path / "photos", 60, (100, 70)))
    assert (pictures.count, pictures.spec.shape, pictures.classes) == (60, (3, 64, 64), {})
    assert pictures.short_sides == [70] * 60
    assert pictures.sides == (64, 32)
    assert pictures.remarks == []
    assert pictures.dataset.settings == {"path": str(tmp_path / "photos"), "size": 64}
    assert not pictures.streamed


def test_grey_pictures_give_grey_data(tmp_path: Path) -> None:
    pictures = seen(write(tmp_path, 60, mode="L"))
    assert pictures.spec.shape == (1, 64, 64)
    assert pictures.dataset.settings["channels"] == 1


def test_grey_pictures_saved_in_colour_are_grey_too(tmp_path: Path) -> None:
    for path in write(tmp_path, 60, mode="L").iterdir():
        Image.open(path).convert("RGB").save(path)
    assert seen(tmp_path).spec.shape[0] == 1


def test_one_picture_in_colour_keeps_the_colour(tmp_path: Path) -> None:
    write(tmp_path, 60, mode="L")
    write(tmp_path, 1, (41, 41))
    pictures = seen(tmp_path)
    assert pictures.spec.shape[0] == 3
    assert pictures.remarks == ["60 of 61 pictures are grey and were converted to colour"]


def test_what_the_user_sets_is_kept(tmp_path: Path) -> None:
    pictures = seen(write(tmp_path, 60, mode="L"), "channels=3", "size=48", "fit=pad")
    assert (pictures.spec.shape, pictures.sides) == ((3, 48, 48), (48,))
    assert pictures.dataset.settings["fit"] == "pad"


@pytest.mark.parametrize(
    ("short", "sides"),
    [
        (500, (128, 64, 32)),
        (117, (128, 64, 32)),
        (116, (64, 32)),
        (60, (64, 32)),
        (40, (32,)),
        (28, (28,)),
        (16, (28,)),
    ],
)
def test_pictures_are_hardly_enlarged(tmp_path: Path, short: int, sides: tuple[int, ...]) -> None:
    assert seen(write(tmp_path, 50, (short, short + 9), mode="L")).sides == sides


def test_mixed_sizes_go_by_the_median(tmp_path: Path) -> None:
    write(tmp_path, 20, (30, 200))
    write(tmp_path, 31, (200, 150))
    pictures = seen(tmp_path)
    assert sorted(pictures.short_sides) == [30] * 20 + [150] * 31
    assert pictures.sides[0] == 128


def test_subfolders_are_classes(tmp_path: Path) -> None:
    write(tmp_path / "cats", 30)
    write(tmp_path / "dogs", 45)
    pictures = seen(tmp_path)
    assert pictures.classes == {"cats": 30, "dogs": 45}
    assert pictures.spec.classes == 2


def test_one_subfolder_is_no_label(tmp_path: Path) -> None:
    write(tmp_path / "all", 50)
    assert seen(tmp_path).classes == {}


def test_a_broken_file_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, 60)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    pictures = seen(tmp_path)
    assert pictures.count == 60
    assert pictures.remarks == ["1 of 61 pictures cannot be read and was skipped"]
    assert pictures.dataset.settings["bad_images"] == "skip"


def test_many_broken_files_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, 60)
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"")
    with pytest.raises(DataError, match="3 of 63 images are bad") as error:
        seen(tmp_path)
    assert "b.png" in error.value.message


def test_a_huge_picture_is_not_decoded(tmp_path: Path) -> None:
    write(tmp_path, 60)
    write(tmp_path, 1, (1200, 1000))
    pictures = seen(tmp_path, "max_megapixels=1")
    assert pictures.count == 60
    assert max(pictures.short_sides) == 40


def test_one_huge_picture_alone_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1200 x 1000 pixels are more than max_megapixels allows"):
        seen(write(tmp_path, 1, (1200, 1000)), "max_megapixels=1")


@pytest.mark.parametrize(("shade", "border"), [(255, 1.0), (0, -1.0), (204, 0.6)])
def test_the_border_has_the_colour_of_most_borders(tmp_path: Path, shade: int, border: float) -> None:
    for path in write(tmp_path, 60).iterdir():
        picture = Image.new("RGB", (64, 64), (shade,) * 3)
        picture.paste(Image.open(path), (12, 12))
        picture.save(path)
    assert seen(tmp_path).border == border


def test_borders_that_differ_are_grey(tmp_path: Path) -> None:
    assert seen(write(tmp_path, 60)).border == 0.0


def test_another_side(tmp_path: Path) -> None:
    pictures = seen(write(tmp_path, 50)).at(32)
    assert pictures.spec.shape == (3, 32, 32)
    assert pictures.dataset.settings["size"] == 32


def test_a_dataset_of_the_zoo_keeps_its_side() -> None:
    pictures = look("glyphs", ["n=100", "characters=AB"], ZOO)
    assert (pictures.count, pictures.spec.shape, pictures.sides) == (100, (1, 28, 28), (28,))
    assert pictures.classes == {"A": 50, "B": 50}
    assert pictures.dataset.settings == {"n": 100, "characters": "AB"}


def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no images in .*Put some there \(.*\.bmp"):
        seen(tmp_path)


def test_too_few_pictures_say_what_to_expect(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 49 pictures, too few.*From 50 on it makes near copies"):
        seen(write(tmp_path, 49))


def test_one_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds one picture.*cut it into at least 50 squares"):
        seen(write(tmp_path, 1, (2000, 1000)))


def test_a_file(tmp_path: Path) -> None:
    (path,) = write(tmp_path, 1).iterdir()
    with pytest.raises(DataError, match="is a file, and a GAN learns from many pictures"):
        seen(path)
    (tmp_path / "x.npz").touch()
    with pytest.raises(DataError, match="ganzoo suggest npz path="):
        seen(tmp_path / "x.npz")


def test_neither_a_folder_nor_a_dataset() -> None:
    with pytest.raises(DataError, match=r"no folder .glyph., and no dataset of that name\. Did you mean .glyphs."):
        look("glyph", [], ZOO)


def test_points_and_wrong_settings_are_refused() -> None:
    with pytest.raises(RecipeError, match="dataset ring holds samples of shape"):
        look("ring", [], ZOO)
    with pytest.raises(RecipeError, match="sise"):
        look("glyphs", ["sise=3"], ZOO)
    with pytest.raises(RecipeError, match="write setting=value"):
        look("glyphs", ["n"], ZOO)


@pytest.mark.parametrize(("count", "words"), [(50, "near copies"), (500, "recognised"), (5_000, "enough for varied")])
def test_the_outlook_depends_on_the_number(count: int, words: str) -> None:
    from dataclasses import replace

    assert words in replace(look("glyphs", ["n=100", "characters=AB"], ZOO), count=count).outlook

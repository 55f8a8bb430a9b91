"""Judging pictures of any tool: the same digits twice, worse pictures score worse, odd inputs are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

import ganzoo
from ganzoo import DataError, Evidence, GanzooError, IncompatibleError, Judgement, Metric
from ganzoo.judging import check_comparable, read
from ganzoo.registry import discovery
from ganzoo_builtins.datasets.glyphs import Glyphs
from helpers import commands

N = 60
SETTINGS = ["n=400", "size=12", "characters=ABC"]
RAW = {"extractor": "raw", "metrics": ["frechet_distance"], "changes": SETTINGS}
DISTANCES = ["frechet_distance", "kernel_distance", "mind", "cmmd", "frechet_infinity"]


class Many(Metric):
    """A metric whose protocol has a thousand samples."""

    better: ClassVar = {"many": "lower"}
    sees = "samples"
    samples = 1_000

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"many": 0.0}


class Plugin:
    @ganzoo.hookimpl
    def ganzoo_register(self, zoo: ganzoo.Zoo) -> None:
        zoo.add("metric", "many", Many)


WITH_MANY = discovery.load()
WITH_MANY.zoo.merge(discovery.load({"acme/metrics": Plugin()}).zoo)


def save(folder: Path, x: Tensor, names: list[str] | None = None) -> Path:
    """Write images (N, C, H, W), uint8, as PNG files; each into the folder of its class, if there are names."""
    for i, image in enumerate(x):
        home = folder / names[i] if names else folder
        home.mkdir(parents=True, exist_ok=True)
        pixels = image.permute(1, 2, 0).numpy()
        Image.fromarray(pixels if len(image) == 3 else pixels[..., 0]).save(home / f"{i:04d}.png")
    return folder


def noise(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Other letters of the same kind, blurred ones, and noise; letters in folders of their classes."""
    home = tmp_path_factory.mktemp("pictures")
    letters = Glyphs(N, "ABC", 12, seed=7).tensors()
    x, names = letters["x"], ["ABC"[y] for y in letters["y"].tolist()]
    return {
        "real": save(home / "real", x),
        "blurred": save(home / "blurred", gaussian_blur(x, [7, 7], [1.5, 1.5])),
        "noise": save(home / "noise", noise(N, 1, 12, 12)),
        "classes": save(home / "classes", x, names),
        "large": save(home / "large", x.repeat_interleave(2, 2).repeat_interleave(2, 3)),
    }


@pytest.fixture(scope="module")
def three(places: dict[str, Path]) -> list[Judgement]:
    named = [places[name] for name in ("real", "blurred", "noise")]
    return ganzoo.judge(named, "glyphs", DISTANCES, extractor="raw", changes=SETTINGS)


@pytest.mark.parametrize("name", DISTANCES)
def test_every_distance_rises_from_real_over_blurred_to_noise(three: list[Judgement], name: str) -> None:
    values = [next(score.value for score in one.scores if score.result == name) for one in three]
    assert values[0] < values[1] < values[2]


def test_the_same_pictures_give_the_same_digits(places: dict[str, Path], three: list[Judgement]) -> None:
    (again,) = ganzoo.judge(places["real"], "glyphs", DISTANCES, extractor="raw", changes=SETTINGS)
    assert again == three[0]
    assert again.pictures == N and len(again.digest) == 64 and again.digest != three[1].digest


def test_a_folder_and_its_arrays_are_judged_alike(places: dict[str, Path], tmp_path: Path) -> None:
    x = Glyphs(N, "ABC", 12, seed=7).tensors()["x"]
    np.savez(tmp_path / "real.npz", images=x[:, 0].numpy(), labels=np.full(N, -1))
    of_folder, of_arrays = ganzoo.judge([places["real"], tmp_path / "real.npz"], "glyphs", **RAW)
    assert of_folder.scores == of_arrays.scores and of_folder.digest == of_arrays.digest


def test_what_the_protocol_holds(places: dict[str, Path]) -> None:
    (judged,) = ganzoo.judge(places["real"], "glyphs", samples=50, **RAW)
    (score,) = judged.scores
    protocol = score.protocol
    assert (score.name, score.step, protocol["samples"]) == ("frechet_distance@raw", 0, 50)
    assert protocol["read"] == {"shape": [1, 12, 12], "fit": "crop"} and protocol["classes"] == "none"
    assert protocol["data"]["use"] == "ganzoo/glyphs" and protocol["data"]["size"] == 12
    assert "weights" not in protocol


def test_where_the_real_folder_lies_does_not_matter(places: dict[str, Path], tmp_path: Path) -> None:
    copy = save(tmp_path / "copy", Glyphs(N, "ABC", 12, seed=7).tensors()["x"])
    scores = [
        ganzoo.judge(places["noise"], real, ["frechet_distance"], extractor="raw")[0].scores
        for real in (places["real"], copy)
    ]
    assert scores[0] == scores[1]
    assert scores[0][0].protocol["data"]["size"] == 12 and scores[0][0].protocol["data"]["channels"] == 1


def test_copies_of_the_real_pictures_are_called_copies(places: dict[str, Path]) -> None:
    (judged,) = ganzoo.judge(places["real"], places["real"], ["nearest_neighbour"], extractor="raw")
    assert judged.verdict.level == "copies"


def test_folders_of_classes_are_found_by_their_names(places: dict[str, Path]) -> None:
    """A referee of the real letters reads most of them as the folder says."""
    changes = [*SETTINGS, "extractor.steps=100", "extractor.least=0"]
    (judged,) = ganzoo.judge(places["classes"], "glyphs", ["gan_test"], extractor="referee", changes=changes)
    (score,) = judged.scores
    assert score.protocol["classes"] == "as given" and score.value > 0.7


def test_without_classes_a_metric_of_them_is_refused(places: dict[str, Path]) -> None:
    with pytest.raises(IncompatibleError, match="requested classes"):
        ganzoo.judge([places["classes"], places["real"]], "glyphs", ["gan_test"], changes=SETTINGS)


def test_other_classes_are_not_used(places: dict[str, Path]) -> None:
    other = ["n=400", "size=12", "characters=XYZ"]
    (judged,) = ganzoo.judge(places["classes"], "glyphs", ["frechet_distance"], extractor="raw", changes=other)
    assert "its classes are not those of the real data, and are not used" in judged.remarks


def test_pictures_of_another_size_are_resized_and_it_is_said(places: dict[str, Path]) -> None:
    (smaller,) = ganzoo.judge(places["large"], "glyphs", **RAW)
    assert f"{N} of {N} were resized to 12x12, such as {N} of 24x24" in smaller.remarks
    (larger,) = ganzoo.judge(places["real"], "glyphs", **RAW | {"changes": [*SETTINGS[:1], "size=16", SETTINGS[2]]})
    expected = f"{N} of {N} were resized to 16x16, such as {N} of 12x12; {N} were enlarged, which looks blurred"
    assert expected in larger.remarks


def test_a_zip_file_is_judged_as_the_folder_in_it(places: dict[str, Path], tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "zipped"), "zip", places["real"])
    folder, archive = ganzoo.judge([places["real"], zipped], "glyphs", **RAW)
    assert [score.value for score in archive.scores] == [score.value for score in folder.scores]


def test_the_smallest_place_decides_how_many_are_judged(places: dict[str, Path], tmp_path: Path) -> None:
    few = save(tmp_path / "few", noise(7, 1, 12, 12))
    judged = ganzoo.judge([places["real"], few], "glyphs", **RAW)
    assert [one.pictures for one in judged] == [7, 7]
    with pytest.raises(DataError, match="few has 7 pictures, and 8 of each place are to be judged: give 7 or fewer"):
        ganzoo.judge([places["real"], few], "glyphs", samples=8, **RAW)


def test_one_picture_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 1 picture, and a set of pictures is judged, not one: give 2 at least"):
        ganzoo.judge(save(tmp_path / "one", noise(1, 1, 12, 12)), "glyphs", **RAW)
    with pytest.raises(DataError, match="1 pictures are too few to judge"):
        ganzoo.judge(save(tmp_path / "two", noise(2, 1, 12, 12)), "glyphs", samples=1, **RAW)


def test_colour_against_grey_is_refused_and_grey_against_colour_is_told(tmp_path: Path) -> None:
    colours = save(tmp_path / "colours", noise(20, 3, 12, 12))
    with pytest.raises(IncompatibleError, match="has pictures in colour, and the real ones are grey: convert them"):
        ganzoo.judge(colours, "glyphs", **RAW)
    grey = save(tmp_path / "grey", noise(20, 1, 12, 12))
    (judged,) = ganzoo.judge(grey, colours, ["frechet_distance"], extractor="raw")
    assert judged.scores[0].protocol["read"]["shape"] == [3, 12, 12]
    assert "they are grey, and the real ones are in colour" in judged.remarks


def test_arrays_of_another_shape_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "small.npz", images=noise(20, 8, 8).numpy())
    with pytest.raises(IncompatibleError, match=r"have the shape \(1, 8, 8\), and the real ones \(1, 12, 12\)"):
        ganzoo.judge(tmp_path / "small.npz", "glyphs", **RAW)


def test_a_real_folder_is_read_in_the_size_of_the_arrays(places: dict[str, Path], tmp_path: Path) -> None:
    np.savez(tmp_path / "small.npz", images=noise(20, 8, 8).numpy())
    (judged,) = ganzoo.judge(tmp_path / "small.npz", places["real"], ["frechet_distance"], extractor="raw")
    assert judged.scores[0].protocol["read"]["shape"] == [1, 8, 8]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("damaged.zip", "is no folder, zip file or .npz file: name the folder that it is in"),
        ("picture.png", "is no folder, zip file or .npz file: name the folder that it is in"),
        ("nowhere", "there is no such folder or .npz file"),
        ("nowhere.npz", "there is no such file"),
    ],
)
def test_other_places_are_refused(tmp_path: Path, name: str, message: str) -> None:
    place = tmp_path / name
    if not name.startswith("nowhere"):
        place.write_bytes(b"?")
    with pytest.raises(DataError, match=message):
        ganzoo.judge(place, "glyphs", **RAW)


def test_a_real_place_that_does_not_exist_is_refused(places: dict[str, Path]) -> None:
    with pytest.raises(GanzooError, match="no dataset named 'glyphz'"):
        ganzoo.judge(places["real"], "glyphz")


def test_settings_that_do_not_exist_are_refused(places: dict[str, Path]) -> None:
    with pytest.raises(GanzooError, match="colour"):
        ganzoo.judge(places["real"], "glyphs", changes=["colour=red"])
    with pytest.raises(GanzooError, match="settings of metric: there is none to set"):
        ganzoo.judge(places["real"], "glyphs", changes=["metric.0.most=9"])


def test_a_metric_with_more_samples_than_there_are_is_refused(places: dict[str, Path]) -> None:
    with pytest.raises(IncompatibleError, match="metric many needs 1,000 samples, and there are 60: give more"):
        ganzoo.judge(places["real"], "glyphs", ["acme/many"], changes=SETTINGS, plugins=WITH_MANY)


def test_the_command_prints_a_table_and_json(places: dict[str, Path], tmp_path: Path) -> None:
    asked = ["judge", str(places["real"]), str(places["noise"]), *SETTINGS, "--against", "glyphs"]
    asked += ["--extractor", "raw", "--metric", "frechet_distance"]
    shown = commands.ganzoo(*asked)
    assert shown.exit_code == 0, shown.output
    first, second, _, head, rule, row, *rest = shown.stdout.splitlines()
    assert first == "real: Near the data."
    assert second.startswith("noise: Some way from the data: distance ") and "Next" not in second
    assert head.split("|")[1:-1][0].strip() == "score" and "real samples" in head and set(rule) <= set("|-: ")
    assert row.startswith("| frechet_distance@raw ↓ | **")
    assert f"{N} pictures of each place in a fixed random order, read as 1x12x12, fit crop" in rest

    document = json.loads(commands.ganzoo(*asked, "--json").stdout)
    real, worse = document["judgements"]
    assert f"**{real['scores'][0]['value']:.4g}**" in row
    assert set(real) == {"name", "pictures", "digest", "scores", "remarks", "verdict"}
    assert worse["verdict"]["level"] == "between"


def test_earlier_judgements_stand_in_the_table_unless_their_protocol_differs(
    places: dict[str, Path], tmp_path: Path
) -> None:
    def asked(*more: str) -> list[str]:
        named = [*SETTINGS, "--against", "glyphs", "--extractor", "raw", "--metric", "frechet_distance"]
        return ["judge", *more, *named]

    earlier = tmp_path / "earlier.json"
    earlier.write_text(commands.ganzoo(*asked(str(places["noise"]), "--json")).stdout)
    table = commands.ganzoo(*asked(str(places["real"]), str(earlier)))
    assert table.exit_code == 0, table.output
    assert table.stdout.startswith("real: ") and "\nnoise: " in table.stdout
    alone = commands.ganzoo("judge", str(earlier), str(earlier))
    assert alone.exit_code == 0 and alone.stdout.count("frechet_distance@raw") == 1

    refused = commands.ganzoo(*asked(str(places["real"]), str(earlier), "-n", "50"))
    assert refused.exit_code == 2
    assert "cannot be compared: frechet_distance@raw differs in samples (50, 60)" in " ".join(refused.stderr.split())
    check_comparable(read(earlier))


DAMAGED = {"name": "x", "pictures": 2, "digest": "", "remarks": []}
SCORE = {
    "step": 0,
    "name": "a",
    "value": 1.0,
    "floor": None,
    "better": "lower",
    "protocol": {"real": "", "held_out": ""},
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"judgements": [{"name": "x"}]}',
        '{"judgements": 3}',
        json.dumps({"judgements": [{**DAMAGED, "scores": []}]}),
        json.dumps({"judgements": [{**DAMAGED, "scores": [SCORE]}]}),
    ],
)
def test_a_file_without_judgements_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(DataError, match="holds no judgements"):
        read(tmp_path / "other.json")


def test_the_real_pictures_have_to_be_named(places: dict[str, Path]) -> None:
    refused = commands.ganzoo("judge", str(places["real"]))
    assert refused.exit_code == 2 and "--against" in refused.stderr

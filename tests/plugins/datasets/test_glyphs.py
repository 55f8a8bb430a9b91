"""Glyphs: deterministic, balanced, inside the frame, varied, and each character recognisable."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo_builtins.datasets import strokes
from ganzoo_builtins.datasets.glyphs import Glyphs


@pytest.fixture(scope="module")
def glyphs() -> Glyphs:
    return Glyphs(n=7_200, seed=1)


def _border(x: Tensor) -> Tensor:
    """(N, 1, H, W) -> (N, 4 * W): the outermost pixels."""
    return torch.cat([x[:, 0, 0], x[:, 0, -1], x[:, 0, :, 0], x[:, 0, :, -1]], 1)


def test_spec_follows_from_the_settings_without_drawing() -> None:
    dataset = Glyphs(n=10**9, characters="ABC", size=32)
    assert (dataset.spec.shape, dataset.spec.classes, dataset.class_names) == ((1, 32, 32), 3, ("A", "B", "C"))
    assert len(dataset) == 10**9


def test_images_are_bytes_and_labels_go_round(glyphs: Glyphs) -> None:
    x, y = glyphs.tensors()["x"], glyphs.tensors()["y"]
    assert (x.shape, x.dtype, y.dtype) == ((7_200, 1, 28, 28), torch.uint8, torch.int64)
    assert y[:37].tolist() == [*range(36), 0]
    assert y.bincount().tolist() == [200] * 36
    assert "".join(glyphs.class_names) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_an_index_and_the_whole_agree(glyphs: Glyphs) -> None:
    example = glyphs[123]
    assert torch.equal(example["x"], glyphs.tensors()["x"][123])
    assert example["y"].item() == 123 % 36


def test_the_seed_decides() -> None:
    assert Glyphs(n=50, seed=3).fingerprint() == Glyphs(n=50, seed=3).fingerprint()
    assert Glyphs(n=50, seed=3).fingerprint() != Glyphs(n=50, seed=4).fingerprint()


def test_fewer_samples_are_the_first_of_more() -> None:
    assert torch.equal(Glyphs(n=1_010).tensors()["x"][:70], Glyphs(n=70).tensors()["x"])


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    Glyphs(n=5).tensors()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_border_is_dark_and_the_strokes_are_white(glyphs: Glyphs) -> None:
    x = glyphs.tensors()["x"]
    assert _border(x).max() == 0
    assert (x.flatten(1).amax(1) >= 250).float().mean() > 0.95  # the thinnest strokes are a grey pixel wide
    assert 0.09 < x.float().mean() / 255 < 0.14  # MNIST: 0.13


def test_glyphs_are_centred(glyphs: Glyphs) -> None:
    x = glyphs.tensors()["x"][:, 0].float()
    rows = (x.sum(2) * torch.arange(28)).sum(1) / x.sum((1, 2))
    columns = (x.sum(1) * torch.arange(28)).sum(1) / x.sum((1, 2))
    for centre in (rows, columns):
        assert abs(centre.mean() - 13.5) < 0.5
        assert (centre - 13.5).abs().max() < 6


def test_the_nearest_class_mean_of_another_seed_recognises_most(glyphs: Glyphs) -> None:
    known = Glyphs(n=7_200, seed=2).tensors()
    means = torch.stack([known["x"][known["y"] == k].flatten(1).float().mean(0) for k in range(36)])  # (36, 784)
    guessed = torch.cdist(glyphs.tensors()["x"].flatten(1).float(), means).argmin(1)
    right = guessed == glyphs.tensors()["y"]
    assert right.float().mean() > 0.78  # measured: 0.82
    assert min(right[glyphs.tensors()["y"] == k].float().mean() for k in range(36)) > 0.4  # measured: 0.51, Q


def test_samples_of_a_class_differ_and_without_distortion_only_in_style(glyphs: Glyphs) -> None:
    x, y = glyphs.tensors()["x"], glyphs.tensors()["y"]
    assert len(x[y == 10].flatten(1).unique(dim=0)) == 200
    plain = Glyphs(n=40, characters="A", distortion=0.0).tensors()["x"]
    assert len(plain.flatten(1).unique(dim=0)) == 2  # printed and handwritten


def test_an_upright_letter_looks_like_itself() -> None:
    for letter in Glyphs(n=40, characters="L", distortion=0.0).tensors()["x"][:, 0].unique(dim=0):
        ink = letter > 127
        rows, columns = ink.any(1).nonzero()[:, 0], ink.any(0).nonzero()[:, 0]
        assert abs(len(rows) - 19) <= 1 and rows.min() + rows.max() == pytest.approx(27, abs=1)
        assert ink[rows.min() : rows.max() + 1, columns.min() + 1].all()  # the stem, at the left
        assert ink[rows.max() - 1, columns.min() + 1 : columns.max()].all()  # the foot, at the bottom
        assert not ink[: rows.max() - 3, columns.min() + 5 :].any()  # nothing else


def test_other_characters_are_printed() -> None:
    x = Glyphs(n=20, characters="g&", distortion=0.0).tensors()["x"]
    assert len(x.flatten(1).unique(dim=0)) == 2  # one each


@pytest.mark.parametrize("characters", ["", "AA", "A B"])
def test_characters_must_differ_and_be_visible(characters: str) -> None:
    with pytest.raises(GanzooError, match="dataset glyphs: characters should all differ"):
        Glyphs(characters=characters)


def test_a_character_that_the_font_lacks_is_named() -> None:
    with pytest.raises(GanzooError, match=r"its font has no 'あ'\. Leave it out"):
        Glyphs(n=1, characters="Aあ").tensors()


def test_every_stroke_stays_on_its_grid() -> None:
    for character in strokes.STROKES:
        ends = strokes.segments(character)  # (S, 2, 2)
        assert ends[..., 1].abs().max() == pytest.approx(1, abs=0.06), character  # as high as the others
        assert ends[..., 0].abs().max() < 0.9, character


def test_distance_to_a_segment() -> None:
    points = torch.tensor([[0.0, 0.5], [2.0, 0.0], [-3.0, 4.0], [0.5, 0.0]])
    segment = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]])
    assert strokes.distance(points, segment).tolist() == [0.5, 1.0, 5.0, 0.0]


def test_a_style_of_its_own_has_the_distortions_of_both() -> None:
    both, printed, written = (
        Glyphs(40, "AB", style=style).tensors()["x"] for style in ("both", "printed", "handwritten")
    )
    first = (both == printed).flatten(1).all(1)
    assert torch.equal(~first, (both == written).flatten(1).all(1)) and 0 < first.sum() < 40
    held = Glyphs(40, "AB", style="printed").held_out()
    assert torch.equal(held.tensors()["x"], Glyphs(len(held), "AB", seed=held.seed, style="printed").tensors()["x"])

"""Generated letters and digits, which need no download.

Every character has two styles, printed (Pillow's default font, Aileron, CC0) and handwritten (`strokes`). Each is a
signed distance field: the distance of every point to the edge of the ink. Sampling a field on a warped grid and
thresholding it gives a smooth, sharp glyph of any stroke width, and one `grid_sample` makes thousands of them.
"""

from __future__ import annotations

import math
import string
from functools import cache
from typing import Annotated, Literal

import torch
from PIL import Image, ImageDraw, ImageFont
from pydantic import Field, NonNegativeFloat
from torch import Tensor, nn

from ganzoo import Batch, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets import strokes
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.split import held_out_split

# Lengths are in units of half the image, which is the square [-1, 1].
INK = 0.68  # an undistorted glyph lies in [-INK, INK]: 19 of 28 pixels, as in MNIST
FRAME = 0.7  # a distorted glyph lies in [-FRAME, FRAME], before the wobble
PEN = 0.095  # half the width of a handwritten stroke
BOLD = 0.015  # added to printed glyphs on every side, to make them as heavy as handwritten ones
WEIGHT = 0.04  # maximum change of the strokes of both styles on every side
FIELD = 56  # side of a distance field, in pixels
CHUNK = 1000  # glyphs generated at a time
STYLES = ("printed", "handwritten")


class Glyphs(InMemoryDataset):
    """Letters and digits, printed and handwritten, white on black, with random slant, width, weight and wobble.

    x: uint8 (n, 1, size, size); y: int64 (n,), the index in `characters`, which is i % len(characters) for sample i.

    Args:
        n: Number of samples. The samples of a smaller n are the first ones of a larger n.
        characters: The classes. Characters other than digits and capitals have no handwritten style.
        size: Side of the images.
        distortion: Amount of the distortions, 0 for none. Up to 1, glyphs are legible and do not touch the border.
        seed: Seed of the samples.
        style: One style alone: "printed" or "handwritten". The distortions are those that each sample has with "both".

    Raises:
        GanzooError: `characters` is empty, or has a space or a repeated character.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 20_000,
        characters: Annotated[str, Field(max_length=1000)] = string.digits + string.ascii_uppercase,
        size: Annotated[int, Field(gt=0, le=256)] = 28,
        distortion: NonNegativeFloat = 1.0,
        seed: int = 0,
        style: Literal["both", "printed", "handwritten"] = "both",
    ):
        if not characters or len(set(characters)) < len(characters) or any(c.isspace() for c in characters):
            raise GanzooError(
                f'dataset glyphs: characters should all differ and none be a space, as in "ABC", not {characters!r}.'
            )
        self.n = n
        self.distortion = distortion
        self.seed = seed
        self.style = style
        self.class_names = tuple(characters)
        self.spec = Spec((1, size, size), classes=len(characters))

    def __len__(self) -> int:
        return self.n

    def held_out(self) -> Dataset:
        n, seed = held_out_split(self.n, self.seed)
        return Glyphs(n, "".join(self.class_names), self.spec.shape[-1], self.distortion, seed, self.style)

    def load(self) -> Batch:
        fields = torch.stack([_fields(c) for c in self.class_names])  # (K, 2, FIELD, FIELD)
        chunks = math.ceil(self.n / CHUNK)
        labels = torch.arange(chunks * CHUNK) % len(fields)
        generator = torch.Generator().manual_seed(self.seed)
        glyphs = [self._draw(fields, y, generator) for y in labels.split(CHUNK)]
        return {"x": torch.cat(glyphs)[: self.n], "y": labels[: self.n]}

    def _draw(self, fields: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Draw glyphs: fields (K, 2, FIELD, FIELD), labels (n,) -> uint8 (n, 1, size, size)."""
        n, size = len(labels), self.spec.shape[-1]
        style = torch.randint(2, (n,), generator=generator)
        if self.style != "both":
            style = torch.full_like(style, STYLES.index(self.style))
        grids = _warped_grids(n, size, self.distortion, generator)
        depth = nn.functional.grid_sample(
            fields[labels, style][:, None], grids, padding_mode="border", align_corners=False
        )
        weight = WEIGHT * self.distortion * _uniform(generator, n, 1, 1, 1)
        pixel = 2 / size
        ink = (0.5 + (weight - depth) / pixel).clamp(0, 1)  # a pixel on the edge is half covered
        return (ink * 255).round().to(torch.uint8)  # (n, 1, size, size)


def _warped_grids(n: int, size: int, distortion: float, generator: torch.Generator) -> Tensor:
    """Return the point (x, y) of the field that each pixel of each glyph reads, (n, size, size, 2).

    The points are the sum of a linear map (rotation, slant and stretch within limits) and of a smooth wobble made of
    cosine waves of low frequency, of which the lowest is a shift.
    """
    limits = distortion * torch.tensor([0.2, 0.25, 0.15, 0.1])[:, None]
    angle, slant, wide, high = limits * _uniform(generator, 4, n)  # (n,) each
    rotation = _matrices(angle.cos(), angle.sin(), -angle.sin(), angle.cos())
    matrix = _matrices(wide.exp(), slant, torch.zeros(n), high.exp()) @ rotation  # (n, 2, 2)
    reach = INK * torch.linalg.inv(matrix).abs().sum(-1).amax(-1)  # (n,): distance of the corners of a glyph
    matrix = matrix * (reach / FRAME).clamp(min=1)[:, None, None]  # scaled to lie in the frame
    points = _pixel_centres(size).flatten(0, 1) @ matrix.mT  # (size * size, 2) @ (n, 2, 2) -> (n, size * size, 2)

    frequency = torch.arange(4)
    waves = (frequency * math.pi * (torch.arange(size)[:, None] + 0.5) / size).cos()  # (size, 4)
    height = 0.07 / (frequency[:, None] + frequency).clamp(min=1) ** 1.5  # (4, 4): waves of high frequency are small
    wobble = waves @ (distortion * height * _uniform(generator, n, 2, 4, 4)) @ waves.T  # (n, 2, size, size)
    return points.unflatten(1, (size, size)) + wobble.movedim(1, -1)


def _matrices(xx: Tensor, xy: Tensor, yx: Tensor, yy: Tensor) -> Tensor:
    """Stack the entries of 2x2 matrices, (n,) each -> (n, 2, 2)."""
    return torch.stack([xx, xy, yx, yy], -1).unflatten(-1, (2, 2))


def _uniform(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator) * 2 - 1


def _pixel_centres(size: int) -> Tensor:
    """Return the centres (x, y) of the pixels of an image, in [-1, 1], (size, size, 2)."""
    centres = (torch.arange(size) * 2 + 1) / size - 1
    return torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1)


@cache
def _fields(character: str) -> Tensor:
    """Return the printed and the handwritten distance field, negative inside the ink, (2, FIELD, FIELD)."""
    printed = _printed(character)
    return torch.stack([printed, _handwritten(character) if character in strokes.STROKES else printed])


def _handwritten(character: str) -> Tensor:
    """Return the distance field of a character of `strokes.STROKES`, (FIELD, FIELD)."""
    segments = strokes.segments(character) * (INK - PEN)
    distances = strokes.distance(_pixel_centres(FIELD).flatten(0, 1), segments)
    return distances.unflatten(0, (FIELD, FIELD)) - PEN


def _printed(character: str, zoom: int = 2) -> Tensor:
    """Return the distance field of a printed character, (FIELD, FIELD), from an image `zoom` times as large."""
    side = FIELD * zoom
    glyph = _typeset(character, tall=INK * side)
    image = Image.new("L", (side, side))
    image.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
    ink = torch.tensor(list(image.tobytes())).view(side, side) > 127
    field = (_distance_to(ink) - 0.5).clamp(0) - (_distance_to(~ink) - 0.5).clamp(0)  # edges lie between pixels
    return nn.functional.avg_pool2d(field[None], zoom)[0] * 2 / side - BOLD  # (side, side) -> (FIELD, FIELD)


def _typeset(character: str, tall: float) -> Image.Image:
    """Return the image of a character without margins, at the font size at which a capital has the height `tall`.

    A character that would be larger than that is made smaller.
    """
    font = ImageFont.load_default(100)
    if bytes(font.getmask(character)) == bytes(font.getmask("\U0010ffff")):  # the glyph of unknown characters
        raise GanzooError(f"dataset glyphs: its font has no {character!r}. Leave it out of characters.")
    heights = [bottom - top for _, top, _, bottom in map(font.getbbox, ("H", character))]
    font = ImageFont.load_default(100 * tall / max(heights))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(character))
    glyph = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(glyph).text((-left, -top), character, fill=255, font=font)
    return glyph.resize((min(glyph.width, round(tall)), glyph.height))  # a wide one is narrowed


def _distance_to(ink: Tensor) -> Tensor:
    """Return the distance in pixels to the nearest pixel that is True: bool (H, H) -> float (H, H)."""
    index = torch.arange(len(ink))
    squares = (index[:, None] - index).square().float()  # (to, from)
    along_rows = (torch.where(ink, 0.0, 1e6)[:, None] + squares).amin(-1)  # (row, to, from) -> (row, column)
    return (along_rows.T[:, None] + squares).amin(-1).T.sqrt()  # (column, to, from) -> (row, column)

"""Letters and digits drawn on the spot: the dataset that needs no download.

Every character is kept in two styles, printed (Pillow's own font, Aileron, CC0) and handwritten (`strokes`), each as a
signed distance field: how far every place is from the edge of the ink. A field read along a warped grid and cut at some
depth is a smooth, sharp glyph of any stroke width, so that thousands of different ones cost one `grid_sample`.
"""

from __future__ import annotations

import math
import string
from functools import cache
from typing import Annotated

import torch
from PIL import Image, ImageDraw, ImageFont
from pydantic import Field, NonNegativeFloat
from torch import Tensor, nn

from ganzoo import Batch, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets import strokes
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.split import held_out_split

# Lengths are in units of half the picture, which is the square [-1, 1].
INK = 0.68  # an undistorted glyph lies in [-INK, INK]: 19 of 28 pixels, as in MNIST
FRAME = 0.7  # where distortion may take it, before the wobble
PEN = 0.095  # half the width of a handwritten stroke
BOLD = 0.015  # printed glyphs grow by this on every side, to be as heavy as handwritten ones
WEIGHT = 0.04  # strokes of both get thinner or thicker by up to this on every side
FIELD = 56  # pixels along the side of a distance field
CHUNK = 1000  # glyphs drawn at a time


class Glyphs(InMemoryDataset):
    """Letters and digits, printed and handwritten, white on black, each with its own slant, width, weight and wobble.

    x: uint8 (n, 1, size, size); y: int64 (n,), the index in `characters`: sample i shows number i % len(characters).
    distortion: 0 draws them all alike; up to 1 they stay legible and clear of the border. The samples of a smaller n
    are the first ones of a larger n. Characters other than digits and capitals are printed only.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 20_000,
        characters: Annotated[str, Field(max_length=1000)] = string.digits + string.ascii_uppercase,
        size: Annotated[int, Field(gt=0, le=256)] = 28,
        distortion: NonNegativeFloat = 1.0,
        seed: int = 0,
    ):
        if not characters or len(set(characters)) < len(characters) or any(c.isspace() for c in characters):
            raise GanzooError(
                f'dataset glyphs: characters should all differ and none be a space, as in "ABC", not {characters!r}.'
            )
        self.n = n
        self.distortion = distortion
        self.seed = seed
        self.class_names = tuple(characters)
        self.spec = Spec((1, size, size), classes=len(characters))

    def __len__(self) -> int:
        return self.n

    def held_out(self) -> Dataset:
        n, seed = held_out_split(self.n, self.seed)
        return Glyphs(n, "".join(self.class_names), self.spec.shape[-1], self.distortion, seed)

    def load(self) -> Batch:
        fields = torch.stack([_fields(c) for c in self.class_names])  # (K, 2, FIELD, FIELD)
        chunks = math.ceil(self.n / CHUNK)
        labels = torch.arange(chunks * CHUNK) % len(fields)
        generator = torch.Generator().manual_seed(self.seed)
        glyphs = [self._draw(fields, y, generator) for y in labels.split(CHUNK)]
        return {"x": torch.cat(glyphs)[: self.n], "y": labels[: self.n]}

    def _draw(self, fields: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Fields (K, 2, FIELD, FIELD), labels (n,) -> glyphs uint8 (n, 1, size, size)."""
        n, size = len(labels), self.spec.shape[-1]
        style = torch.randint(2, (n,), generator=generator)
        grids = _warped_grids(n, size, self.distortion, generator)
        depth = nn.functional.grid_sample(
            fields[labels, style][:, None], grids, padding_mode="border", align_corners=False
        )
        weight = WEIGHT * self.distortion * _uniform(generator, n, 1, 1, 1)
        pixel = 2 / size
        ink = (0.5 + (weight - depth) / pixel).clamp(0, 1)  # a pixel on the very edge is half covered
        return (ink * 255).round().to(torch.uint8)  # (n, 1, size, size)


def _warped_grids(n: int, size: int, distortion: float, generator: torch.Generator) -> Tensor:
    """() -> (n, size, size, 2): the place (x, y) of its field that each pixel of each glyph reads.

    A map of bounded rotation, slant and stretch, and a smooth wobble made of slow cosine waves, the slowest a shift.
    """
    limits = distortion * torch.tensor([0.2, 0.25, 0.15, 0.1])[:, None]
    angle, slant, wide, high = limits * _uniform(generator, 4, n)  # (n,) each
    rotation = _matrices(angle.cos(), angle.sin(), -angle.sin(), angle.cos())
    matrix = _matrices(wide.exp(), slant, torch.zeros(n), high.exp()) @ rotation  # (n, 2, 2)
    reach = INK * torch.linalg.inv(matrix).abs().sum(-1).amax(-1)  # (n,): how far out the corners of a glyph come
    matrix = matrix * (reach / FRAME).clamp(min=1)[:, None, None]  # and back into the frame
    places = _places(size).flatten(0, 1) @ matrix.mT  # (size * size, 2) @ (n, 2, 2) -> (n, size * size, 2)

    frequency = torch.arange(4)
    waves = (frequency * math.pi * (torch.arange(size)[:, None] + 0.5) / size).cos()  # (size, 4)
    height = 0.07 / (frequency[:, None] + frequency).clamp(min=1) ** 1.5  # (4, 4): fast waves are small
    wobble = waves @ (distortion * height * _uniform(generator, n, 2, 4, 4)) @ waves.T  # (n, 2, size, size)
    return places.unflatten(1, (size, size)) + wobble.movedim(1, -1)


def _matrices(xx: Tensor, xy: Tensor, yx: Tensor, yy: Tensor) -> Tensor:
    """(n,), (n,), (n,), (n,) -> (n, 2, 2)."""
    return torch.stack([xx, xy, yx, yy], -1).unflatten(-1, (2, 2))


def _uniform(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator) * 2 - 1


def _places(size: int) -> Tensor:
    """() -> (size, size, 2): where the pixels of a picture are, (x, y) in [-1, 1]."""
    centres = (torch.arange(size) * 2 + 1) / size - 1
    return torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1)


@cache
def _fields(character: str) -> Tensor:
    """One character -> (2, FIELD, FIELD): its printed and its handwritten distance field, negative inside the ink."""
    printed = _printed(character)
    return torch.stack([printed, _handwritten(character) if character in strokes.STROKES else printed])


def _handwritten(character: str) -> Tensor:
    """One character of strokes.STROKES -> (FIELD, FIELD)."""
    segments = strokes.segments(character) * (INK - PEN)
    distances = strokes.distance(_places(FIELD).flatten(0, 1), segments)
    return distances.unflatten(0, (FIELD, FIELD)) - PEN


def _printed(character: str, zoom: int = 2) -> Tensor:
    """One character -> (FIELD, FIELD), measured on a picture `zoom` times as large."""
    side = FIELD * zoom
    glyph = _typeset(character, tall=INK * side)
    picture = Image.new("L", (side, side))
    picture.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
    ink = torch.tensor(list(picture.tobytes())).view(side, side) > 127
    field = (_distance_to(ink) - 0.5).clamp(0) - (_distance_to(~ink) - 0.5).clamp(0)  # edges lie between pixels
    return nn.functional.avg_pool2d(field[None], zoom)[0] * 2 / side - BOLD  # (side, side) -> (FIELD, FIELD)


def _typeset(character: str, tall: float) -> Image.Image:
    """A character cut out tightly, at the size where a capital is `tall` pixels high, and no larger than that."""
    font = ImageFont.load_default(100)
    if bytes(font.getmask(character)) == bytes(font.getmask("\U0010ffff")):  # the font's box for unknown characters
        raise GanzooError(f"dataset glyphs: its font has no {character!r}. Leave it out of characters.")
    heights = [bottom - top for _, top, _, bottom in map(font.getbbox, ("H", character))]
    font = ImageFont.load_default(100 * tall / max(heights))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(character))
    glyph = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(glyph).text((-left, -top), character, fill=255, font=font)
    return glyph.resize((min(glyph.width, round(tall)), glyph.height))  # a wide one is narrowed


def _distance_to(ink: Tensor) -> Tensor:
    """Bool (H, H) -> float (H, H): how many pixels away the nearest True one is."""
    place = torch.arange(len(ink))
    squares = (place[:, None] - place).square().float()  # (to, from)
    along_rows = (torch.where(ink, 0.0, 1e6)[:, None] + squares).amin(-1)  # (row, to, from) -> (row, column)
    return (along_rows.T[:, None] + squares).amin(-1).T.sqrt()  # (column, to, from) -> (row, column)

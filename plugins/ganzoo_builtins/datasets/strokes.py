"""Handwritten letters and digits as pen strokes, for `glyphs`.

A character is a list of strokes. A stroke is a list of points "xy" on a grid of width 6 and height 8 with its origin at
the top left. "-" joins the points by straight lines, "~" by a smooth curve, which is closed if it ends at its first
point.
"""

from __future__ import annotations

import torch
from torch import Tensor

HEIGHT = 8
ROUNDNESS = 0.7  # of curves: with 0.5 four points make a diamond, with 0.8 a circle
STROKES = {
    "0": "30~14~38~54~30",
    "1": "12-30-38",
    "2": "02~30~62~35~08 08-68",
    "3": "01~30~52~34 34~66~38~07",
    "4": "40-06-66 40-48",
    "5": "50-10-04 04~43~66~38~07",
    "6": "50~12~05~38~66~34~05",
    "7": "00-60-28",
    "8": "30~12~34~66~38~06~34~52~30",
    "9": "63~34~02~30~63~56~18",
    "A": "08-30-68 15-55",
    "B": "00-08 00~30~52~34~04 04~34~66~38~08",
    "C": "61~30~04~38~67",
    "D": "00-08 00~41~64~47~08",
    "E": "60-00-08-68 04-44",
    "F": "60-00-08 04-44",
    "G": "61~30~04~38~65 35-65-68",
    "H": "00-08 60-68 04-64",
    "I": "30-38 10-50 18-58",
    "J": "50~55~38~06",
    "K": "00-08 60-04-68",
    "L": "00-08-68",
    "M": "08-00-35-60-68",
    "N": "08-00-68-60",
    "O": "30~04~38~64~30",
    "P": "00-08 00~40~62~44~04",
    "Q": "30~04~38~64~30 45-68",
    "R": "00-08 00~40~62~44~04 34-68",
    "S": "61~30~02~34~66~38~07",
    "T": "00-60 30-38",
    "U": "00~05~38~65~60",
    "V": "00-38-60",
    "W": "00-18-32-58-60",
    "X": "00-68 60-08",
    "Y": "00-34-60 34-38",
    "Z": "00-60-08-68",
}


def segments(character: str) -> Tensor:
    """Return the line segments of a character, centred, with a height of 2.

    Args:
        character: One of `STROKES`.

    Returns:
        The two ends (x, y) of each segment, (S, 2, 2).
    """
    pieces = [_pieces(stroke) for stroke in STROKES[character].split()]
    ends = torch.cat(pieces) * 2 / HEIGHT
    low, high = ends.amin((0, 1)), ends.amax((0, 1))
    return ends - (low + high) / 2


def distance(points: Tensor, ends: Tensor) -> Tensor:
    """Return the distance of each point to the nearest segment: (P, 2), (S, 2, 2) -> (P,)."""
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]  # (S, 2), (S, 2)
    offset = points[:, None] - start  # (P, S, 2)
    share = ((offset * along).sum(-1) / along.square().sum(-1)).clamp(0, 1)  # (P, S): position on the segment
    return (offset - share[..., None] * along).norm(dim=-1).amin(1)


def _pieces(stroke: str, steps: int = 8) -> Tensor:
    """Return the line segments of a stroke, `steps` between two points of a curve, (S, 2, 2)."""
    points = torch.tensor([[float(digit) for digit in point] for point in stroke.replace("~", "-").split("-")])
    if "~" in stroke:
        points = _curve(points, steps)
    return torch.stack([points[:-1], points[1:]], 1)


def _curve(points: Tensor, steps: int) -> Tensor:
    """Interpolate points by a cardinal spline, rounder than Catmull-Rom, (K, 2) -> ((K - 1) * steps + 1, 2)."""
    closed = bool((points[0] == points[-1]).all())
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    padded = torch.cat([before[None], points, after[None]])
    slopes = (padded[2:] - padded[:-2]) * ROUNDNESS  # (K, 2)
    t = torch.arange(steps)[:, None, None] / steps  # (steps, 1, 1)
    curve = (  # the cubic Hermite polynomials between two points: (steps, K - 1, 2)
        (2 * t**3 - 3 * t**2 + 1) * points[:-1]
        + (t**3 - 2 * t**2 + t) * slopes[:-1]
        + (3 * t**2 - 2 * t**3) * points[1:]
        + (t**3 - t**2) * slopes[1:]
    )
    return torch.cat([curve.transpose(0, 1).flatten(0, 1), points[-1:]])

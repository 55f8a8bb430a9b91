"""Interpolation between samples in latent space, and pictures of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.procedure import Procedure
from ganzoo.sampling import latents, writer
from ganzoo.utils import atomic, modes
from ganzoo.utils.rng import OwnNoise
from ganzoo.visualization import gif, grid, mp4, png

CORNERS = 3  # codes that a closed path passes through
MILLISECONDS = 80  # duration of a frame
ANIMATED = (".gif", ".mp4")
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5")


def places(steps: int, loop: bool) -> list[float]:
    """Return the position of each step on a path: 0 at the first code, 1 at the second, 2 at the third.

    Args:
        steps: Positions from one code to the next, both included.
        loop: Continue through all codes back to the first.

    Returns:
        `steps` positions, or CORNERS * (steps - 1) for a loop.
    """
    if not loop:
        return [i / max(1, steps - 1) for i in range(steps)]
    return [i / max(1, steps - 1) for i in range(CORNERS * max(1, steps - 1))]


def frames(procedure: Procedure, rows: int, y: Tensor | None, seed: int, places: Sequence[float], path: str) -> Tensor:
    """Generate samples at positions between random codes. All other noise is the same at every position.

    Args:
        procedure: The trained procedure.
        rows: Number of paths.
        y: Labels (rows,), or None when the procedure is not conditional.
        seed: Seed of the codes and of all other noise.
        places: Positions on each path, by places().
        path: Name of the interpolation in latents.PATHS.

    Returns:
        Samples (rows, len(places), *shape) on the CPU.

    Raises:
        GanzooError: The procedure draws no codes from a prior.
    """
    device = next(procedure.parameters()).device
    y = y.to(device) if y is not None else None
    with modes.sampling_with(procedure, OwnNoise(seed)):
        corners = [latents.drawn(procedure, rows, y) for _ in range(CORNERS)]
    steps = []
    for place in places:
        k = int(place) if place < CORNERS else CORNERS - 1
        mix, ends = latents.PATHS[path], zip(corners[k], corners[(k + 1) % CORNERS], strict=True)
        codes = [mix(a, b, place - k) for a, b in ends]
        with modes.sampling_with(procedure, OwnNoise(seed)):
            steps.append(latents.sample(procedure, rows, y, codes).cpu())
    return torch.stack(steps, 1)  # list of (rows, *shape) -> (rows, steps, *shape)


def check_suffix(path: Path) -> str:
    """Check the suffix of a file for interpolations.

    Args:
        path: The file.

    Returns:
        The suffix in lower case.

    Raises:
        GanzooError: It is neither .png, .gif nor .mp4.
        SetupError: It is .mp4, and PyAV is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", *ANIMATED):
        raise GanzooError(
            f"{path}: end it in .png for a grid with a row for each walk, or in .gif or .mp4 for an animation."
        )
    if suffix == ".mp4":
        mp4.check()
    return suffix


def save(walks: Tensor, path: Path, force: bool = False) -> Path:
    """Save interpolations as a .png, with one row of images or one line of points for each, or as a .gif or .mp4.

    Args:
        walks: Samples (rows, steps, *shape).
        path: The file.
        force: Replace an existing file.

    Returns:
        The file.

    Raises:
        GanzooError: The file exists, has another suffix or cannot be written, or such samples cannot be drawn.
    """
    suffix = check_suffix(path)
    if suffix == ".png" and walks.dim() == 5:
        return writer.save(walks.flatten(0, 1), None, path, walks.shape[1], force=force)
    if suffix == ".png":
        return _written(lines(walks), path)
    if walks.dim() != 5:
        raise GanzooError(f"{path}: only images can be animated. End it in .png for a plot of the paths.")
    columns = writer.columns(len(walks), 0)
    pictures = [grid.picture(step, columns) for step in walks.unbind(1)]
    if suffix == ".mp4":
        return mp4.save(pictures, path, MILLISECONDS, force=force)
    return gif.save(pictures, path, MILLISECONDS)


def _written(picture: Image.Image, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, png.to_png(picture))
    except OSError as error:
        raise GanzooError(f"{path}: {error.strerror}. Give another place with --out.") from error
    return path


def lines(walks: Tensor) -> Image.Image:
    """Plot each interpolation as a line with one dot per step and a ring at the first.

    Args:
        walks: Samples (rows, steps, F). The first two numbers are plotted; a single number is plotted over the steps.

    Returns:
        The picture.

    Raises:
        GanzooError: The samples have another shape, or are not finite.
    """
    if walks.dim() != 3 or not walks.isfinite().all():
        raise GanzooError(f"samples of shape {tuple(walks.shape[2:])} cannot be plotted, or are not finite.")
    points = walks[..., :2]  # (rows, steps, 2)
    if walks.shape[2] == 1:
        across = torch.linspace(-1, 1, walks.shape[1]).expand(walks.shape[:2])  # (rows, steps)
        points = torch.stack([across * points.abs().max(), points[..., 0]], 2)
    points = points / (points.abs().max().clamp_min(1e-6) * 1.1)  # the frame reaches 10 % beyond the farthest
    places = (grid.SIDE - 1) * (points * torch.tensor([1, -1]) + 1) / 2  # pixels count downwards
    image = Image.new("RGB", (grid.SIDE, grid.SIDE), "white")
    pen = ImageDraw.Draw(image)
    for k, row in enumerate(places.tolist()):
        colour = COLOURS[k % len(COLOURS)]
        pen.line([tuple(point) for point in row], fill=colour, width=2)
        for at, down in row:
            pen.ellipse((at - 2, down - 2, at + 2, down + 2), fill=colour)
        at, down = row[0]
        pen.ellipse((at - 5, down - 5, at + 5, down + 5), outline=colour, width=2)
    return image

"""Pictures of the gallery: real examples beside samples of each GAN, at one scale.

    GANZOO_DATA=... python benchmarks/gallery.py [NAME ...]

For each picture docs/images/zoo/NAME.png that is a grid of images made from noise, writes docs/images/gallery/NAME.png:
the first five columns of real examples, and of the grid. Columns are classes where those of the grid are. Run it after
benchmarks/zoo.py has written pictures.
"""

from __future__ import annotations

import argparse

from PIL import Image, ImageOps
from torch import Tensor

import ganzoo
import zoo
from ganzoo.config import instantiate, locate, resolver
from ganzoo.data import subset
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.translator import Translator
from ganzoo.utils.meta import meta_device
from ganzoo.visualization import joining
from ganzoo.visualization.grid import PAD, picture

OUT = zoo.PICTURES.parent / "gallery"
SIDE = 5  # columns and rows of each part
SCALE = 2  # pixels of the picture for each of an image
GAP = 12  # pixels between both parts
SEED = 0  # of the choice of real examples
COLUMNS = ("-discrete-1",)  # ends of names of grids whose columns are classes, without labels in the network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="Names of pictures. [all that there are]")
    names = parser.parse_args().names or sorted(path.stem for path in zoo.PICTURES.glob("*.png"))
    OUT.mkdir(exist_ok=True)
    plugins = discovery.load()
    for name in names:
        if beside := compose(name, plugins):
            beside.save(OUT / f"{name}.png", optimize=True)
            print(f"{name}: {beside.width} x {beside.height}", flush=True)


def compose(name: str, plugins: Plugins) -> Image.Image | None:
    """Return real examples beside samples.

    Args:
        name: Name of a picture, which begins with that of a row of benchmarks/zoo.
        plugins: The plugins.

    Returns:
        The picture; None when the samples are not a grid of images that are made from noise.
    """
    row = next((row for row in zoo.rows() if row.key == name.partition("-")[0]), None)
    if row is None or (name != row.key and not name.endswith(COLUMNS)):
        return None
    recipe, _ = resolver.read(locate.find(row.recipe, plugins), row.changes, plugins.zoo)
    data = instantiate.dataset(recipe)
    with meta_device():
        procedure = instantiate.procedure(recipe, data.spec)
    if not data.spec.is_image or isinstance(procedure, Translator):
        return None
    with Image.open(zoo.PICTURES / f"{name}.png") as grid:
        fake = first(grid, data.spec.shape[-1])
    real = real_examples(data, procedure.conditional or name.endswith(COLUMNS))
    return joining.side_by_side(enlarged(picture(real, SIDE)), enlarged(fake), gap=GAP)


def real_examples(data: ganzoo.Dataset, by_class: bool) -> Tensor:
    """Return real examples (SIDE * SIDE, C, H, W), the first classes in columns or at random."""
    count = SIDE * SIDE
    batch = subset.take_by_class(data, count, range(SIDE)) if by_class else subset.take_random(data, count, SEED)
    return batch["x"]


def first(grid: Image.Image, side: int) -> Image.Image:
    """Return the first columns and rows of a grid of images of a side, at the scale of 1.

    Args:
        grid: The grid, enlarged by a whole factor; with a grid of real examples to its left, or without.
        side: Side of an image in pixels.

    Returns:
        The part.

    Raises:
        GanzooError: The width fits no whole number of images.
    """
    pitch = side + PAD
    left = (grid.width + joining.GAP) // 2  # of the right grid, if there are two
    for start, k in ((0, 1), (0, 2), (0, 3), (left, 1)):
        if (grid.width - start) % k == 0 and ((grid.width - start) // k - PAD) % pitch == 0:
            small = grid.resize((grid.width // k, grid.height // k), Image.Resampling.NEAREST)
            edge = SIDE * pitch + PAD
            return small.crop((start, 0, start + edge, min(edge, small.height)))
    raise GanzooError(f"a picture of {grid.width} pixels is no grid of images of {side}")


def enlarged(image: Image.Image) -> Image.Image:
    return ImageOps.scale(image, SCALE, Image.Resampling.NEAREST)


if __name__ == "__main__":
    main()

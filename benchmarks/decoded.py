"""Compare how `folder` decodes picture files with what Pillow's own conversions make of them, one step after the other.

    python benchmarks/decoded.py FOLDER [--size 64]

For each file below the folder that has the suffix of an image, prints the mean absolute difference of both, of 255, if
it is 2 or more, and the reason if the decoder alone refuses it. Prints the numbers of files at the end. The source
distribution of Pillow has test images of every sort in Tests/images.
"""

from __future__ import annotations

import argparse
import io
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps

from ganzoo import DataError
from ganzoo_builtins.datasets.image_decoder import SUFFIXES, ImageDecoder

SAME = 2  # of 255
DEPTHS = {"I;16": 65535, "I;16B": 65535, "I;16L": 65535, "I": 65535, "F": 1}
FITS = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def reference(path: Path, size: int) -> np.ndarray:
    """Return the pixels (size, size, 3): upright, in 8 bits, in sRGB, on white, and only then resized.

    Raises:
        Exception: Pillow cannot read the file.
    """
    with Image.open(path) as opened:
        opened.load()
        profile = opened.info.get("icc_profile")
        image = ImageOps.exif_transpose(opened)
    if image.mode in DEPTHS:
        numbers = np.asarray(image).astype(np.float64)
        transparent = image.info.get("transparency")
        alpha = Image.fromarray(np.where(numbers == transparent, 0, 255).astype(np.uint8))
        image = Image.fromarray(np.rint(numbers / DEPTHS[image.mode] * 255).clip(0, 255).astype(np.uint8))
    else:
        alpha = image.convert("RGBA").getchannel("A")
    image = image.convert("RGBA") if image.mode in ("P", "PA", "La", "RGBa") else image
    image = image.convert({"1": "L", "LA": "L", "RGBA": "RGB", "RGBX": "RGB"}.get(image.mode, image.mode))
    image = in_srgb(image, profile) if profile else image
    opacity = np.asarray(alpha, np.float64)[..., None] / 255
    flat = np.asarray(image.convert("RGB")) * opacity + 255 * (1 - opacity)
    return np.asarray(Image.fromarray(np.rint(flat).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC))


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert a picture from its colour profile, if that is one for such pictures."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        image = image.convert("RGB") if image.mode == "L" and space == "RGB" else image
        if FITS.get(image.mode) != space:
            return image
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (OSError, ImageCms.PyCMSError):
        return image


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=64)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    decoder = ImageDecoder(options.size, 3, "resize", (255, 255, 255), 64 * 10**6)
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    outcomes: Counter[str] = Counter()
    worst = 0.0
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            outcomes["left alone by their suffix"] += 1
            continue
        try:
            expected = reference(path, options.size).astype(int)
        except Exception:  # Pillow raises many types of errors
            expected = None
        try:
            pixels = decoder(path)[0].permute(1, 2, 0).numpy().astype(int)
        except DataError as error:
            outcomes["refused by name" + (", and by Pillow" if expected is None else ", though Pillow reads them")] += 1
            if expected is not None:
                print(f"refused   {error.message[:200]}")
            continue
        if expected is None:
            outcomes["read, but not by Pillow"] += 1
            print(f"no other  {path.name}")
            continue
        difference = float(np.abs(pixels - expected).mean())
        if difference < SAME:
            outcomes["alike"] += 1
            worst = max(worst, difference)
        else:
            outcomes["otherwise"] += 1
            print(f"otherwise {path.name}: {difference:.1f} of 255")
    print(f"{len(files):,} files: {dict(outcomes)}; the largest difference of those alike is {worst:.2f} of 255")


if __name__ == "__main__":
    main()

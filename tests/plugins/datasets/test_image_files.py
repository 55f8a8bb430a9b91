"""Picture files of any kind are decoded as a viewer shows them, or refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

import fuzz_metadata
from ganzoo import DataError
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.image_decoder import AVIF, ImageDecoder, Traits
from ganzoo_builtins.datasets.pairs import Pairs
from helpers import profiles

WHITE = (255, 255, 255)
ORIENTATION = 0x0112


def decode(path: Path, size: int = 8, **settings: Any) -> tuple[np.ndarray, Traits]:
    """The pixels of a file (size, size, channels), and its properties."""
    options = {"channels": 3, "fit": "resize", "background": WHITE, "max_pixels": 10**6} | settings
    x, traits = ImageDecoder(size, **options)(path)
    return x.permute(1, 2, 0).numpy(), traits


def gradient(width: int = 8, height: int = 8, bands: int = 3) -> np.ndarray:
    """Values of the whole range without any symmetry, (height, width, bands), uint8."""
    y, x = np.mgrid[:height, :width]
    across, down = x / max(1, width - 1), y / max(1, height - 1)
    mixed = [across, down, (across + 2 * down) / 3, 1 - across * down]
    return np.stack([np.rint(255 * mixed[band]) for band in range(bands)], axis=2).astype(np.uint8)


def png(depth: int, colour: int, row: bytes, *chunks: tuple[bytes, bytes], width: int = 2) -> bytes:
    """A PNG of one row."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    middle = b"".join(chunk(*each) for each in chunks)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle + pixels + chunk(b"IEND", b"")


def tiff(bits: int, row: bytes, width: int, photometric: int = 1) -> bytes:
    """A grey TIFF of one row, not compressed."""
    entries = [(256, width), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1), (278, 1)]
    entries.append((279, len(row)))
    directory = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in entries)
    pixels = row + bytes(len(row) % 2)
    return (
        b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", len(entries)) + directory + bytes(4)
    )


# Against another decoder


KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "png": {"modes": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"), "options": ()},
    "tif": {"modes": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK"), "options": ()},
    "jpg": {"modes": ("L", "RGB", "CMYK"), "options": ("quality",)},
    "webp": {"modes": ("RGB", "RGBA"), "options": ("lossless",)},
    "bmp": {"modes": ("1", "L", "P", "RGB"), "options": ()},
}
if AVIF:
    KINDS["avif"] = {"modes": ("RGB", "RGBA"), "options": ("quality",)}
OPTIONS = {"quality": {"quality": 90}, "lossless": {"lossless": True}}
PROFILES = {"none": None, "srgb": profiles.SRGB, "rgb": profiles.rgb(), "wide": profiles.rgb(1.8)}
PROFILES |= {"grey": profiles.grey(1.4), "cmyk": profiles.cmyk(), "damaged": profiles.rgb()[:150], "junk": b"junk"}
SPACES = {"srgb": ("RGB", "L"), "rgb": ("RGB", "L"), "wide": ("RGB", "L"), "grey": ("L",), "cmyk": ("CMYK",)}
"""Profile -> modes of pictures that it fits."""


def in_mode(mode: str, width: int, height: int) -> Image.Image:
    """A picture with values of the whole range, and transparency where the mode has it."""
    if mode == "I;16":
        return Image.fromarray(gradient(width, height, 1)[..., 0].astype(np.uint16) * 257)
    if mode in ("1", "P"):
        return Image.fromarray(gradient(width, height)).convert(mode)
    return Image.frombytes(
        mode, (width, height), gradient(width, height, len(Image.new(mode, (1, 1)).getbands())).tobytes()
    )


def reference(data: bytes, profile: bytes | None, fits: tuple[str, ...], size: int) -> np.ndarray:
    """The pixels (size, size, 3) by Pillow's conversions alone, one step after the other."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I"):
        image = Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
    alpha = image.convert("RGBA").getchannel("A")
    image = image.convert("RGBA") if image.mode == "P" else image
    image = image.convert({"1": "L", "LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    if profile and image.mode in fits:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    opacity = np.asarray(alpha, np.float64)[..., None] / 255
    flat = np.asarray(image.convert("RGB")) * opacity + 255 * (1 - opacity)
    return np.asarray(Image.fromarray(np.rint(flat).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC))


@settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    kind=st.sampled_from([(suffix, mode) for suffix, kind in KINDS.items() for mode in kind["modes"]]),
    profile=st.sampled_from(sorted(PROFILES)),
    orientation=st.integers(0, 8),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    transparent=st.booleans(),
)
def test_any_picture_is_what_another_decoder_makes_of_it(
    kind: tuple[str, str],
    profile: str,
    orientation: int,
    width: int,
    height: int,
    transparent: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    suffix, mode = kind
    image = in_mode(mode, width, height)
    options: dict[str, Any] = {
        name: value for each in KINDS[suffix]["options"] for name, value in OPTIONS[each].items()
    }
    if suffix != "bmp":
        exif = Image.Exif()
        exif[0x010E], exif[0x011A] = "a picture", 72.0
        if orientation:
            exif[ORIENTATION] = orientation
        options |= {"exif": exif, "icc_profile": PROFILES[profile]}
    if suffix == "png" and mode == "P" and transparent:
        options["transparency"] = bytes(range(0, 256, 2))
    file = io.BytesIO()
    try:
        image.save(file, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **options)
    except (ValueError, OSError):
        assume(False)  # Pillow does not write this
    path = tmp_path_factory.mktemp("pictures") / f"a.{suffix}"
    path.write_bytes(file.getvalue())
    x, traits = decode(path, size=16)
    has_profile = suffix != "bmp" and bool(PROFILES[profile])
    expected = reference(file.getvalue(), PROFILES[profile] if has_profile else None, SPACES.get(profile, ()), 16)
    assert np.abs(x.astype(int) - expected.astype(int)).mean() < 2
    assert (traits.width, traits.height) in ((width, height), (height, width))
    if not has_profile:
        assert traits.profile == "none"


def as_before(path: Path, size: int) -> np.ndarray:
    """The pixels of a file without profile or metadata, as earlier versions decoded it."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):
            table = ((np.arange(65536) + 128) // 257).astype(np.uint8)
            image = Image.fromarray(table[np.asarray(image)])
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)
        return np.asarray(ImageOps.pad(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC, color=WHITE))


@pytest.mark.parametrize(
    ("suffix", "mode"), [(suffix, mode) for suffix, kind in KINDS.items() for mode in kind["modes"]]
)
def test_pictures_without_metadata_are_decoded_to_the_same_bytes_as_before(
    tmp_path: Path, suffix: str, mode: str
) -> None:
    for width, height in ((8, 8), (33, 20), (5, 40)):
        in_mode(mode, width, height).save(tmp_path / f"a.{suffix}")
        x, _ = decode(tmp_path / f"a.{suffix}", size=16, fit="pad")
        assert np.array_equal(x, as_before(tmp_path / f"a.{suffix}", 16))


# Metadata


def test_damaged_exif_turns_the_picture_and_costs_nothing(tmp_path: Path) -> None:
    """The resolution is a text, which Pillow does not write back; orientation 6."""
    orientation = struct.pack(">HHIHxx", ORIENTATION, 3, 1, 6)
    resolution = struct.pack(">HHI4s", 0x011A, 2, 1, b"x")
    block = b"MM\0*\0\0\0\x08\0\x02" + orientation + resolution + bytes(4)
    plain, turned = tmp_path / "plain.png", tmp_path / "turned.png"
    Image.fromarray(gradient()).save(plain)
    Image.fromarray(gradient()).save(turned, exif=b"Exif\0\0" + block)
    assert np.array_equal(decode(turned)[0], np.rot90(decode(plain)[0], -1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "I;16"])
def test_a_tiff_lying_down_is_not_scrambled(tmp_path: Path, mode: str, orientation: int) -> None:
    """Pillow mixes up width and height of one that is not compressed, and opened by its name."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    in_mode(mode, 20, 12).save(tmp_path / "packed.tif", exif=exif, compression="tiff_lzw")
    in_mode(mode, 20, 12).save(tmp_path / "plain.tif", exif=exif)
    assert np.array_equal(decode(tmp_path / "plain.tif")[0], decode(tmp_path / "packed.tif")[0])


@pytest.mark.parametrize("suffix", ["png", "webp", "jpg", *(["avif"] if AVIF else [])])
@pytest.mark.parametrize("block", [b"", b"no TIFF at all", b"MM\0*", b"II*\0\xff\xff\xff\xff"])
def test_exif_that_is_none_costs_nothing(tmp_path: Path, suffix: str, block: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    marker = bytes(Image.Exif().tobytes()) if suffix == "avif" else b"Exif\0\0" + b"?" * 40
    Image.fromarray(gradient()).save(path, exif=marker)
    before = decode(path)[0]
    path.write_bytes(path.read_bytes().replace(marker[6:], block.ljust(len(marker) - 6, b"\0")))
    assert np.array_equal(decode(path)[0], before)


def test_a_text_in_a_png_that_unpacks_to_too_much_costs_nothing(tmp_path: Path) -> None:
    """Pillow refuses the file; nobody needs the text, and the profile beside it is used."""
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**21)))
    profile = (b"iCCP", b"wide\0\0" + zlib.compress(profiles.rgb()))
    (tmp_path / "a.png").write_bytes(png(8, 2, bytes([0, 200, 0] * 2), text, profile))
    with pytest.raises(ValueError):
        Image.open(tmp_path / "a.png")
    x, traits = decode(tmp_path / "a.png")
    assert traits.profile == "converted" and x[0, 0, 1] > 200


def test_a_wrong_checksum_of_metadata_costs_nothing(tmp_path: Path) -> None:
    data = png(8, 0, b"\x05\x07", (b"tEXt", b"Comment\0hello"))
    (tmp_path / "a.png").write_bytes(data.replace(b"hello", b"hullo"))
    assert decode(tmp_path / "a.png", size=1, fit="crop")[0].tolist() == [[[6, 6, 6]]]


@pytest.mark.parametrize("first", range(0, 140, 35))
def test_metadata_of_any_content_costs_no_picture(tmp_path: Path, first: int) -> None:
    """benchmarks/fuzz_metadata.py tries more of them."""
    for seed in range(first, first + 35):
        assert fuzz_metadata.problem(fuzz_metadata.case(seed), tmp_path) == ""


def test_damaged_pixels_are_still_refused(tmp_path: Path) -> None:
    data = png(8, 0, b"\x05\x07", (b"tEXt", b"Comment\0hello"))
    (tmp_path / "a.png").write_bytes(data[:-30])
    with pytest.raises(DataError, match=r"cannot read .*a\.png: .* Mend it or remove it"):
        decode(tmp_path / "a.png")


def test_nothing_is_written_about_damaged_files_but_the_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither by Pillow's warnings nor by libtiff, which name no file."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(
        file, "TIFF", compression="tiff_lzw"
    )
    data = bytearray(file.getvalue())
    data[20:60] = b"\xff" * 40
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.tif"):
        decode(tmp_path / "a.tif")
    Image.fromarray(gradient()).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09")
    decode(tmp_path / "a.jpg")
    assert capfd.readouterr() == ("", "")


# Colour profiles


def test_a_picture_with_a_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    """Green of Adobe RGB is greener than any of sRGB; its grey, of gamma 2.2, hardly differs."""
    values = np.array([[[60, 200, 60], [128, 128, 128]]], np.uint8)
    for suffix in ("png", "tif", "webp"):
        options = {"lossless": True} if suffix == "webp" else {}
        Image.fromarray(values).save(tmp_path / f"a.{suffix}", icc_profile=profiles.rgb(), **options)
        x, traits = decode(tmp_path / f"a.{suffix}", size=2)
        assert traits.profile == "converted"
        assert x[0, 0, 0] == 0 and x[0, 0, 1] in (201, 202, 203) and np.abs(x[0, 1].astype(int) - 128).max() <= 1


def test_inks_are_converted_by_their_profile(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 0, 0, 255)).save(tmp_path / "a.tif", icc_profile=profiles.cmyk())
    x, traits = decode(tmp_path / "a.tif")
    assert traits.profile == "converted" and 40 < x[0, 0, 0] < 80  # dark grey
    Image.new("CMYK", (8, 8), (0, 0, 0, 255)).save(tmp_path / "a.tif")
    assert decode(tmp_path / "a.tif")[0].max() == 0


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_of_another_gamma_is_converted(tmp_path: Path, mode: str) -> None:
    """Linear grey: 55 of 255, the light of a fifth, looks like 128."""
    Image.new(mode, (8, 8), 55 if mode == "L" else (55, 255)).save(tmp_path / "a.png", icc_profile=profiles.grey(1.0))
    for channels in (1, 3):
        x, traits = decode(tmp_path / "a.png", channels=channels)
        assert traits.profile == "converted" and np.unique(x).tolist() in ([127], [128])


def test_transparency_survives_a_profile(tmp_path: Path) -> None:
    values = np.array([[[60, 200, 60, 255], [60, 200, 60, 0]]], np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png", icc_profile=profiles.rgb())
    x, _ = decode(tmp_path / "a.png", size=2, fit="pad", background=(1, 2, 3))
    assert x[0, 0, 0] == 0 and x[0, 1].tolist() == [1, 2, 3]


def test_a_profile_of_srgb_changes_no_bit(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    Image.fromarray(gradient()).save(tmp_path / "b.png", icc_profile=profiles.SRGB)
    x, traits = decode(tmp_path / "b.png")
    assert traits.profile == "none" and np.array_equal(x, decode(tmp_path / "a.png")[0])


@pytest.mark.parametrize("profile", [b"junk", profiles.rgb()[:200], profiles.cmyk(), profiles.grey()])
def test_a_profile_that_cannot_be_used_is_ignored_and_remarked(tmp_path: Path, profile: bytes) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    plain = decode(tmp_path / "a.png")[0]
    Image.fromarray(gradient()).save(tmp_path / "a.png", icc_profile=profile)
    x, traits = decode(tmp_path / "a.png")
    assert traits.profile == "unusable" and np.array_equal(x, plain)
    Image.fromarray(gradient()).save(tmp_path / "b.png", icc_profile=profiles.rgb())
    dataset = Folder(str(tmp_path), size=8)
    dataset.tensors()
    assert dataset.remarks() == [
        "1 of 2 pictures has a colour profile and was converted to sRGB",
        "1 of 2 pictures has a colour profile that cannot be used and was ignored: a.png",
    ]


# Depth


def twelve_bits(*values: int) -> bytes:
    bits = "".join(f"{value:012b}" for value in values)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def test_twelve_bits_are_scaled_by_what_the_file_declares(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(12, twelve_bits(0, 1000, 2048, 4095), width=4))
    x, traits = decode(tmp_path / "a.tif", size=4)
    assert x[0, :, 0].tolist() == [0, 62, 128, 255]
    assert (traits.largest, traits.declared) == (4095, 4095)


def test_sixteen_bits_whose_white_is_zero(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(16, struct.pack("<2H", 0, 65535), width=2, photometric=0))
    assert decode(tmp_path / "a.tif", size=2)[0][0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "P", "LA"])
def test_the_number_that_is_white_can_be_set(tmp_path: Path, mode: str) -> None:
    """Masks of 0 and 1, in files that could hold more."""
    if mode == "P":
        image = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
        image.putpalette([0, 0, 0, 1, 1, 1])
    elif mode == "I;16":
        image = Image.fromarray(np.array([[0, 1]], np.uint16))
    else:
        image = Image.fromarray(np.array([[0, 1]], np.uint8)).convert(mode)
    image.save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", size=2, white=1)[0][0, :, 0].tolist() == [0, 255]
    assert decode(tmp_path / "a.png", size=2)[0].max() <= 1


def test_files_that_declare_less_than_white_are_believed(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 100]], np.uint8)).save(tmp_path / "eight.png")
    Image.fromarray(np.array([[0, 4095]], np.uint16)).save(tmp_path / "sixteen.png")
    Image.new("1", (2, 1), 1).save(tmp_path / "one.png")
    (tmp_path / "colour.png").write_bytes(png(16, 2, struct.pack(">6H", *[0] * 3, *[4095] * 3)))
    whites = {
        name: decode(tmp_path / f"{name}.png", size=2, white=4095)[0].max() for name in ("eight", "sixteen", "one")
    }
    assert whites == {"eight": 100, "sixteen": 255, "one": 255}
    assert decode(tmp_path / "colour.png", size=2, white=4095)[0].max() in (240, 255)  # Pillow keeps the upper bytes


def test_dark_pictures_of_sixteen_bits_are_remarked(tmp_path: Path) -> None:
    for i in range(3):
        Image.fromarray(np.full((4, 4), 4000 + i, np.uint16)).save(tmp_path / f"{i}.png")
    dataset = Folder(str(tmp_path), size=4, channels=1)
    dataset.tensors()
    assert dataset.remarks() == [
        "pictures of 16 bits look black: their largest number is 4,002 of 65,535; if 4,095 is white, set max_value=4095"
    ]
    mended = Folder(str(tmp_path), size=4, channels=1, max_value=4095)
    assert mended.tensors()["x"].min() == 249 and mended.remarks() == []


# Transparency


@pytest.mark.parametrize(
    ("depth", "row", "key"),
    [
        (1, bytes([0b01000000]), 0),
        (2, bytes([0b01110000]), 1),
        (4, bytes([0x3F]), 3),
        (8, bytes([77, 200]), 77),
        (16, struct.pack(">2H", 20000, 60000), 20000),
    ],
)
def test_a_transparent_grey_is_transparent_at_any_depth(tmp_path: Path, depth: int, row: bytes, key: int) -> None:
    (tmp_path / "a.png").write_bytes(png(depth, 0, row, (b"tRNS", struct.pack(">H", key))))
    x, _ = decode(tmp_path / "a.png", size=2, background=(1, 2, 3))
    assert x[0, 0].tolist() == [1, 2, 3]
    assert x[0, 1, 0] > 190


@pytest.mark.parametrize("key", [(300, 400, 500), (65535, 0, 0), (1285, 1542, 1799)])
def test_a_transparent_colour_of_sixteen_bits_is_transparent(tmp_path: Path, key: tuple[int, int, int]) -> None:
    row = struct.pack(">6H", *key, 51400, 51400, 51400)
    (tmp_path / "a.png").write_bytes(png(16, 2, row, (b"tRNS", struct.pack(">3H", *key))))
    x, _ = decode(tmp_path / "a.png", size=2, background=(1, 2, 3))
    assert x[0].tolist() == [[1, 2, 3], [200, 200, 200]]


def test_transparency_of_sixteen_bits_survives_turning(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    data = png(
        16, 0, struct.pack(">2H", 20000, 60000), (b"tRNS", struct.pack(">H", 20000)), (b"eXIf", exif.tobytes()[6:])
    )
    (tmp_path / "a.png").write_bytes(data)
    assert decode(tmp_path / "a.png", size=2)[0][0, :, 0].tolist() == [233, 255]


# Narrow pictures


@pytest.mark.parametrize("size", [(400, 1), (1, 400), (1000, 3), (65, 1)])
def test_narrow_pictures_can_be_padded(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (255, 0, 0)).save(tmp_path / "a.png")
    x, _ = decode(tmp_path / "a.png", size=32, fit="pad", background=(0, 0, 0))
    red = x[..., 0] == 255
    assert sorted([red.any(0).sum(), red.any(1).sum()]) == [1, 32]
    for side in "ab":
        (tmp_path / side).mkdir()
        Image.new("RGB", size, (255, 0, 0)).save(tmp_path / side / "a.png")
    whole = Pairs(str(tmp_path), size=32, fit="pad").tensors()
    assert whole is not None and (whole["a"][0, 1] == 0).sum() == 32


# Formats


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jfif", "JPEG"),
        ("a.JPE", "JPEG"),
        ("a.pbm", "PPM"),
        ("a.pnm", "PPM"),
        *([("a.avif", "AVIF")] if AVIF else []),
    ],
)
def test_other_suffixes_of_the_formats_are_taken(tmp_path: Path, name: str, kind: str) -> None:
    Image.new("1" if kind == "PPM" else "RGB", (8, 8), 1 if kind == "PPM" else WHITE).save(tmp_path / name, kind)
    dataset = Folder(str(tmp_path), size=8)
    assert len(dataset) == 1 and dataset[0]["x"].float().mean() > 250
    assert torch.equal(dataset[0]["x"][0], dataset[0]["x"][1])

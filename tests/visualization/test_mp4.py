"""Videos, read back."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.errors import GanzooError, SetupError
from ganzoo.visualization import mp4

av = pytest.importorskip("av")


def frames(path: Path) -> tuple[list[Image.Image], float]:
    """Return the frames of a video, and its frames per second."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate)
        return [frame.to_image() for frame in container.decode(video=0)], rate


def test_frames_are_enlarged_by_whole_pixels_and_the_last_is_held(tmp_path: Path) -> None:
    pictures = [Image.new("L", (31, 20), shade) for shade in (0, 120, 250)]
    path = mp4.save(pictures, tmp_path / "new" / "a.mp4", milliseconds=100, hold=300)
    read, rate = frames(path)
    assert rate == pytest.approx(10)
    assert {frame.size for frame in read} == {(13 * 31 + 1, 13 * 20)}  # 403 wide, and a column to make it even
    shades = [frame.getpixel((100, 100))[0] for frame in read]
    assert shades == pytest.approx([0, 120, 250, 250, 250, 250], abs=4)


def test_an_existing_file_is_kept_unless_it_may_go(tmp_path: Path) -> None:
    path, picture = tmp_path / "a.mp4", Image.new("RGB", (400, 400), "red")
    path.write_bytes(b"mine")
    with pytest.raises(GanzooError, match="exists already"):
        mp4.save([picture], path, 100)
    assert path.read_bytes() == b"mine"
    assert len(frames(mp4.save([picture], path, 100, force=True))[0]) == 1


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[video\]'"):
        mp4.check()

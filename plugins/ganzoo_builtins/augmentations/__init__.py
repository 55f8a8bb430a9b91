"""Augmentations: random changes of the samples that a discriminator sees, real and fake alike."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.augmentations"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("augmentation", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("diff_augment", "diff_augment:DiffAugment", "Colour, shift and a hole, for few pictures", "arXiv:2006.10738")
    add("mirror", "mirror:Mirror", "Half of the images mirrored, left to right")
    add("instance_noise", "instance_noise:InstanceNoise", "Decreasing noise", "arXiv:1701.04862")

"""Augmentations: random changes of the samples that a discriminator sees, real and fake alike."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.augmentations"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("augmentation", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("diff_augment", "diff_augment:DiffAugment", "Colour, shift and a hole, for few pictures", "arXiv:2006.10738")
    add("ada", "ada:ADA", "As much as overfitting asks for: geometry and colour", "arXiv:2006.06676")
    name, target = "stochastic_augment", "stochastic_augment:StochasticAugment"
    add(name, target, "ADA's geometry and colour with a probability", "arXiv:2006.06676")
    add("apa", "apa:APA", "Fakes presented as real, as overfitting asks for", "arXiv:2111.06849")
    add("mirror", "mirror:Mirror", "Half of the images mirrored, left to right")
    add("instance_noise", "instance_noise:InstanceNoise", "Decreasing noise", "arXiv:1701.04862")

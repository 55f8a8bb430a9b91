"""Remarks on what became of image files: conversions, and grey of 16 bits that looks black."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ganzoo_builtins.datasets.image_decoder import Traits
from ganzoo_builtins.datasets.left_alone import counted, printable

DARK = 4  # the largest number of pictures that are not dark is more than this part of white


def conversions(seen: Mapping[Path, Traits], channels: int) -> list[str]:
    """Return how pictures were converted, a sentence for each kind.

    Args:
        seen: Properties of all image files.
        channels: Channels that they were converted to, 3 for colour and 1 for grey.

    Returns:
        The sentences.
    """
    sentences = []
    total = len(seen)
    if converted := sum(traits.grey == (channels == 3) for traits in seen.values()):
        how = "grey and {were} converted to colour" if channels == 3 else "in colour and {were} converted to grey"
        sentences.append(counted(converted, total, "picture", "{are} " + how))
    if stacks := sum(traits.frames for traits in seen.values()):
        sentences.append(counted(stacks, total, "file", "{hold} several frames, of which the first is used"))
    if profiles := sum(traits.profile == "converted" for traits in seen.values()):
        how = "{have} a colour profile and {were} converted to sRGB"
        sentences.append(counted(profiles, total, "picture", how))
    if unusable := [path for path, traits in seen.items() if traits.profile == "unusable"]:
        how = "{have} a colour profile that cannot be used and was ignored"
        such = f", such as {printable(unusable[0].name)}" if len(unusable) > 1 else f": {printable(unusable[0].name)}"
        sentences.append(counted(len(unusable), total, "picture", how) + such)
    return sentences


def dark(seen: Iterable[Traits]) -> list[str]:
    """Return a sentence if all pictures of more than 8 bits are far from white; they may hold 12 bits in 16.

    Args:
        seen: Properties of all image files.

    Returns:
        A list of at most one sentence.
    """
    largest = [(traits.largest, traits.declared) for traits in seen if traits.largest is not None]
    if not largest or any(number * DARK > declared for number, declared in largest):
        return []
    number = max(number for number, _ in largest)
    likely = 2 ** number.bit_length() - 1
    return [
        f"pictures of 16 bits look black: their largest number is {number:,} of {largest[0][1]:,}; if {likely:,} is "
        f"white, set max_value={likely}"
    ]

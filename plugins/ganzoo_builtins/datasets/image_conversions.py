"""Remarks on what became of image files: conversions, and grey of 16 bits that looks black."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ganzoo_builtins.datasets.image_decoder import Traits
from ganzoo_builtins.datasets.left_alone import counted, printable

DARK = 4  # the largest number of pictures that are not dark is more than this part of white


class Seen:
    """Properties of the image files that one process has decoded.

    Args:
        number: Number of all image files.
    """

    def __init__(self, number: int):
        self.traits: Counter[Traits] = Counter()
        self.unusable = ""  # name of the first file whose colour profile cannot be used
        self._files = bytearray(number)

    def add(self, i: int, name: str, traits: Traits) -> None:
        """Note the properties of file i, unless they were noted before."""
        if self._files[i]:
            return
        self._files[i] = 1
        self.traits[traits] += 1
        if traits.profile == "unusable" and not self.unusable:
            self.unusable = name.rpartition("/")[2]

    @property
    def complete(self) -> bool:
        """True once all files were decoded."""
        return self.traits.total() == len(self._files)

    def sizes(self) -> list[tuple[int, int]]:
        """Return (height, width) of the files."""
        return [(traits.height, traits.width) for traits in self.traits.elements()]


def conversions(seen: Seen, channels: int) -> list[str]:
    """Return how pictures were converted, a sentence for each kind.

    Args:
        seen: Properties of all image files.
        channels: Channels that they were converted to, 3 for colour and 1 for grey.

    Returns:
        The sentences.
    """
    sentences = []
    total = seen.traits.total()

    def number(matches: Callable[[Traits], bool]) -> int:
        return sum(count for traits, count in seen.traits.items() if matches(traits))

    if converted := number(lambda traits: traits.grey == (channels in (3, 4))):
        how = "grey and {were} converted to colour" if channels in (3, 4) else "in colour and {were} converted to grey"
        sentences += [counted(converted, total, "picture", "{are} " + how)] if channels <= 4 else []
    if stacks := number(lambda traits: traits.frames):
        sentences.append(counted(stacks, total, "file", "{hold} several frames, of which the first is used"))
    if profiles := number(lambda traits: traits.profile == "converted"):
        how = "{have} a colour profile and {were} converted to sRGB"
        sentences.append(counted(profiles, total, "picture", how))
    if ignored := number(lambda traits: traits.profile == "ignored"):
        how = "{have} a colour profile, which is not used with full depth and other channels than 1 or 3"
        sentences.append(counted(ignored, total, "picture", how))
    if unusable := number(lambda traits: traits.profile == "unusable"):
        how = "{have} a colour profile that cannot be used and was ignored"
        such = f", such as {printable(seen.unusable)}" if unusable > 1 else f": {printable(seen.unusable)}"
        sentences.append(counted(unusable, total, "picture", how) + such)
    return sentences


def dark(seen: Seen) -> list[str]:
    """Return a sentence if all pictures of more than 8 bits are far from white; they may hold 12 bits in 16.

    Args:
        seen: Properties of all image files.

    Returns:
        A list of at most one sentence.
    """
    largest = [(traits.largest, traits.declared) for traits in seen.traits if traits.largest is not None]
    if not largest or any(number * DARK > declared for number, declared in largest):
        return []
    number = max(number for number, _ in largest)
    likely = 2 ** number.bit_length() - 1
    return [
        f"pictures of 16 bits look black: their largest number is {number:,} of {largest[0][1]:,}; if {likely:,} is "
        f"white, set max_value={likely}"
    ]

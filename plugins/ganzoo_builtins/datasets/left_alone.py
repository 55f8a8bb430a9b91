"""Count of the files that a search for images leaves alone, so that none goes missing unnoticed."""

from __future__ import annotations

from collections import Counter

LISTED = 10  # kinds that are listed in one remark; the files of others are only counted

NO_SUFFIX, HIDDEN, OUTSIDE = "without suffix", "hidden", "link out of the folder"
BROKEN, TO_FOLDER, SPECIAL = "broken link", "link to a folder", "not a regular file"
PLURALS = {OUTSIDE: "links out of the folder", BROKEN: "broken links", TO_FOLDER: "links to folders"}


class LeftAlone:
    """Files, links and hidden folders that a search left alone, by kind: a suffix, or a reason.

    Args:
        read: Path of a file that is read otherwise, and so not left alone.
    """

    def __init__(self, read: str = "") -> None:
        self.read = read
        self.numbers: Counter[str] = Counter()
        self.names: dict[str, str] = {}

    def add(self, path: str, kind: str) -> None:
        """Count one file.

        Args:
            path: Its path, with "/".
            kind: Its suffix, or the reason.
        """
        if path == self.read:
            return
        self.numbers[kind] += 1
        self.names.setdefault(kind, path.rpartition("/")[2])

    def add_all(self, others: LeftAlone) -> None:
        """Count the files that another search left alone."""
        self.numbers += others.numbers
        self.names = others.names | self.names

    @property
    def number(self) -> int:
        """Number of files that were left alone."""
        return self.numbers.total()

    def __str__(self) -> str:
        """Return the numbers, such as "3 .heic, 2 links out of the folder (such as cats)"."""
        kinds = self.numbers.most_common()
        shown = [self._shown(kind, number) for kind, number in kinds[:LISTED]]
        if more := sum(number for _, number in kinds[LISTED:]):
            shown.append(f"{more:,} of other kinds")
        return ", ".join(shown)

    def _shown(self, kind: str, number: int) -> str:
        name = printable(self.names[kind])
        if kind.startswith("."):
            return f"{number:,} {printable(kind)}"
        text = f"{number:,} {PLURALS.get(kind, kind) if number > 1 else kind}"
        return f"{text} ({name})" if number == 1 else f"{text} (such as {name})"

    def remark(self, taken: int) -> list[str]:
        """Return one sentence, or none if nothing was left alone.

        Args:
            taken: Number of files that were not left alone.

        Returns:
            A list of at most one sentence.
        """
        were = "was" if self.number == 1 else "were"
        return [f"{self.number:,} of {self.number + taken:,} files {were} left alone: {self}"] if self.number else []


def printable(name: str) -> str:
    """Escape what a terminal would obey, or cannot show, in the name of a file."""
    return name if name.isprintable() else ascii(name)[1:-1]


def counted(number: int, total: int, noun: str, text: str) -> str:
    """Count things of a kind in words: "2 of 5 pictures are grey", "1 of 5 pictures is grey".

    Args:
        number: Number of those things.
        total: Number of all of them.
        noun: What they are, such as "picture".
        text: The rest of the sentence, with {are}, {were}, {have}, {hold} for verbs that agree with `number`.

    Returns:
        The sentence.
    """
    verbs = {"are": "is", "were": "was", "have": "has", "hold": "holds"}
    agreeing = verbs if number == 1 else {verb: verb for verb in verbs}
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} of {total:,} {noun if total == 1 else plural} {text.format(**agreeing)}"

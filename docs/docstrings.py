"""How the house's docstrings are read for the reference: plain text, one paragraph for each setting and for errors."""

from __future__ import annotations

import re
from typing import Any

import griffe

NAMES = r"[a-z_]\w*(?:, [a-z_]\w*)*"
STARTS = re.compile(rf"(?P<names>{NAMES}|Errors):(?: |$)")
ANEW = re.compile(rf"(?<=\.) (?={NAMES}:\s)|(?<=[.)]) (?=Errors: )")  # in the midst of a line
ENDS = (".", ":", ")", '"')


class Docstrings(griffe.Extension):
    """Sees each docstring once, as it was written."""

    def on_instance(self, *, obj: griffe.Object, **rest: Any) -> None:
        if obj.docstring:
            obj.docstring.value = parted(obj.docstring.value)


def parted(text: str) -> str:
    """`name: ` or `Errors: ` behind the end of a sentence begins a paragraph, in the midst of a line too."""
    made: list[str] = []
    for line in ANEW.sub("\n", text).splitlines():
        begins = STARTS.match(line)
        if begins and made and made[-1].strip() and not made[-1].rstrip().endswith(ENDS):
            begins = None  # a sentence that goes on
        if begins:
            names, rest = begins["names"], line[begins.end() :]
            line = f"**{names}:** {rest}" if names == "Errors" else f"`{names.replace(', ', '`, `')}`: {rest}"
            made.append("")
        made.append(line.strip() if made and made[-1].startswith(("`", "**Errors")) else line)
    return "\n".join(made)

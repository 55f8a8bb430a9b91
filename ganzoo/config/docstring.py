"""Google-style docstrings, parsed by griffe: the parser that the documentation site uses too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import griffe


def describe_settings(docs: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Look up the descriptions of settings in docstrings.

    Args:
        docs: Docstrings with `Args:` or `Attributes:` sections; the first that documents a setting counts.
        names: Names of the settings.

    Returns:
        The settings that are documented, each with its description on one line.
    """
    docs, names = list(filter(None, docs)), set(names)
    descriptions: dict[str, str] = {}
    for doc in docs if names else ():
        descriptions = {**_parse_entries(doc), **descriptions}
    for doc in docs:
        descriptions = {**_parse_inline(doc, names), **descriptions}
    return {name: text for name, text in descriptions.items() if name in names and text}


def without_settings(doc: str) -> str:
    """Return a docstring without its `Args:`, `Attributes:`, `Returns:` and `Raises:`; text and notes stay."""
    import griffe

    sections = _parse(doc)
    if not any(isinstance(section, _settings_sections()) for section in sections):
        return doc
    texts = []
    for section in sections:
        if isinstance(section, griffe.DocstringSectionText):
            texts.append(section.value)
        elif isinstance(section, griffe.DocstringSectionAdmonition):
            texts.append(f"{section.title}: {section.value.contents}")
    return "\n\n".join(texts)


def _parse(doc: str) -> list[griffe.DocstringSection]:
    import griffe  # takes 0.15 s, which only a command that shows descriptions should pay

    return griffe.parse_google(griffe.Docstring(doc), warnings=False)


def _parse_entries(doc: str) -> dict[str, str]:
    """Return the entries of the `Args:` and `Attributes:` sections."""
    sections = [section for section in _parse(doc) if isinstance(section, _settings_sections())]
    return {entry.name: " ".join(entry.description.split()) for section in sections for entry in section.value}


def _settings_sections() -> tuple[type[griffe.DocstringSection], ...]:
    import griffe

    return griffe.DocstringSectionParameters, griffe.DocstringSectionAttributes


# FALLBACK for docstrings without an `Args:` section, in the older form "hidden: widths of the layers. norm: ...".
# To be deleted with its call above, its test and `import re` once every docstring has its sections.
def _parse_inline(doc: str, names: Iterable[str]) -> dict[str, str]:
    choices = "|".join(map(re.escape, sorted(names)))
    descriptions: dict[str, str] = {}
    for paragraph in re.split(r"\n[ \t]*\n", doc) if choices else ():
        pieces = re.split(rf"(?m)(?:^[ \t]*|(?<=[.;] ))({choices}): ", paragraph)
        for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
            descriptions.setdefault(name, " ".join(text.split()))
    return descriptions

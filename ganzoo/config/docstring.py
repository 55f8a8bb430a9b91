"""Google-style docstrings, parsed by griffe: the parser that the documentation site uses too."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def describe_settings(docs: Iterable[str], names: Collection[str]) -> dict[str, str]:
    """Look up the descriptions of settings in docstrings.

    Args:
        docs: Docstrings with `Args:` or `Attributes:` sections; the first that documents a setting counts.
        names: Names of the settings.

    Returns:
        The settings that are documented, each with its description on one line.
    """
    descriptions: dict[str, str] = {}
    for doc in filter(None, docs if names else ()):
        _, entries = _parse(doc)
        descriptions = {**entries, **descriptions}
    return {name: descriptions[name] for name in names if descriptions.get(name)}


def without_settings(doc: str) -> str:
    """Return a docstring without its `Args:`, `Attributes:`, `Returns:` and `Raises:`; text and notes stay."""
    text, entries = _parse(doc)
    return text if entries else doc


def _parse(doc: str) -> tuple[str, dict[str, str]]:
    """Return the text of a docstring, and the entries of its `Args:` and `Attributes:` sections on one line each."""
    import griffe  # takes 0.15 s, which only commands that show descriptions should pay

    texts = []
    entries: dict[str, str] = {}
    for section in griffe.parse_google(griffe.Docstring(doc), warnings=False):
        match section:
            case griffe.DocstringSectionParameters() | griffe.DocstringSectionAttributes():
                entries |= {entry.name: " ".join(entry.description.split()) for entry in section.value}
            case griffe.DocstringSectionText():
                texts.append(section.value)
            case griffe.DocstringSectionAdmonition():
                texts.append(f"{section.title}: {section.value.contents}")
    return "\n\n".join(texts), entries

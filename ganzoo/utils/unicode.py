"""Names whose bytes are no UTF-8, and names in several Unicode forms."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(content: Any) -> Any:
    r"""Return text that every file and terminal can hold; strings in lists and tables, too.

    Python keeps the bytes of file names that are no UTF-8 as surrogates, which cannot be written as UTF-8.

    Args:
        content: A string, or lists and tables of strings and other values, which are unchanged.

    Returns:
        A copy in which such bytes are written as "\xe9".
    """
    if isinstance(content, str):
        return SURROGATE.sub(_escaped, content)
    if isinstance(content, dict):
        return {well_formed(key): well_formed(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return type(content)(map(well_formed, content))
    return content


def composed(name: str) -> str:
    """Return a name in Unicode's composed form: macOS and some archives store letters and accents apart."""
    return unicodedata.normalize("NFC", name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"

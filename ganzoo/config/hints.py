"""Hints on recipes that cannot be parsed, as word processors, Windows and other languages make them."""

from __future__ import annotations

import codecs
import re

QUOTES = "“”„‟«»‹›‘’‚‛″′"  # what word processors make of " and '
SPACES = "\u00a0\u2007\u202f\u2009\u200b\ufeff"
PLACE = re.compile(r"line (\d+)")
VALUE = r"""^\s*(?P<key>[\w.\-"']+)\s*=\s*"""
COMMA = re.compile(VALUE + r"-?(?P<whole>\d+),(?P<rest>\d+(?:[eE][+-]?\d+)?)\s*(?:\#.*)?$")
NO_ZERO = re.compile(VALUE + r"(?P<sign>-?)(?P<rest>\.\d+(?:[eE][+-]?\d+)?)\s*(?:\#.*)?$")
BARE = re.compile(VALUE + r"(?P<text>[^\W\d][^\"'\[\]{}#=]*?|[~./\\][^\"'\[\]{}#=]*?)\s*(?:\#.*)?$")
COLON = re.compile(r"""^\s*(?P<key>[\w.\-]+)\s*:\s*(?P<value>\S.*?)\s*$""")
BACKSLASH = re.compile(r'"[^"]*\\[^"]*"?')
NEARLY_TOML = ("true", "false", "none", "null", "nil", "yes", "no", "on", "off")


def encoding(content: bytes) -> str:
    """Return what to do about a file in an encoding other than UTF-8, or an empty string.

    Args:
        content: The content of the file.

    Returns:
        A clause.
    """
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
    if content.startswith(marks) or content[:400].count(0) > len(content[:400]) // 4:
        return "it is saved as UTF-16, which Windows calls Unicode. Save it as UTF-8"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        letter = content[error.start : error.start + 1].decode("latin-1")
        return (
            f"byte 0x{content[error.start]:02X} in line {line} is no UTF-8; it is {letter!r} in Latin-1, in which "
            "older programs of Windows save. Save it as UTF-8"
        )
    return ""


def syntax(text: str, problem: str) -> str:
    """Return what to do about a text that is no TOML or JSON, or an empty string.

    Args:
        text: The text.
        problem: The parser's message, which names the line.

    Returns:
        A sentence, with a space before it.
    """
    if "\r" in text and "\n" not in text:
        return " Its lines end as those of old Macs do. Save it with the line ends of Unix or Windows."
    match = PLACE.search(problem)
    lines = text.split("\n")
    line = lines[min(int(match[1]), len(lines)) - 1] if match else lines[-1]
    hint = _of_line(line.rstrip("\r"))
    return f" {hint}" if hint else ""


def _of_line(line: str) -> str:
    if found := next((quote for quote in QUOTES if quote in line), ""):
        return f"Type straight quotes, \" or ', instead of {found}: word processors change them."
    if any(space in line for space in SPACES):
        return "The line has a special space, as web pages and word processors do. Type it again."
    if match := COMMA.match(line):
        return f"Write decimals with a point: {match['key']} = {match['whole']}.{match['rest']}"
    if match := NO_ZERO.match(line):
        return f"Write a digit before the point: {match['key']} = {match['sign']}0{match['rest']}"
    if match := BARE.match(line):
        word = match["text"]
        if word.lower() in NEARLY_TOML:
            return "Write true or false in small letters; leave a setting out instead of giving it no value."
        quote = "'" if "\\" in word else '"'
        return f"Texts need quotes: {match['key']} = {quote}{word}{quote}"
    if match := COLON.match(line):
        value = f'"{match["value"]}"' if match["value"][0].isalpha() else match["value"]
        return f"Write an equals sign instead of the colon: {match['key']} = {value}"
    if line.count('"') == 1 and "'" not in line:
        return 'A text ends with the quote that it begins with: ".'
    if BACKSLASH.search(line):
        return "A backslash has a meaning between double quotes. Write / instead, or single quotes around the text."
    return ""

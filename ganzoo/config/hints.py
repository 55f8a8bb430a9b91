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
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
WIDE = re.compile("[\uff01-\uff5e]")  # the letters and signs of ASCII as East Asian keyboards write them
NUMBERLIKE = re.compile(VALUE + r"(?P<text>-?\d[^\"'\[\]{}#=]*?)\s*(?:\#.*)?$")
EMPTY = re.compile(VALUE + r"(?:\#.*)?$")
ROUND = re.compile(VALUE + r"\((?P<items>[^()]*)\)\s*(?:\#.*)?$")
HEADING = re.compile(r"^\s*[\[(<]+(?P<name>[\w.]+)[\])>]*\s*$")
COMMENT = re.compile(r"^\s*(?://|--|/\*|;|%)")
OTHER_FILES = {
    b"{\\rtf": "it is saved as RTF. Save it as plain text",
    b"PK\x03\x04": "it is a zip file, or a document of a word processor. Save it as plain text",
    b"%PDF": "it is a PDF. Save it as plain text",
    b"<": "it is a web page or XML. Save the file itself, such as by the button Raw",
}
"""First bytes of other files that are taken for recipes."""
NEARLY_TOML = ("true", "false", "none", "null", "nil", "yes", "no", "on", "off")


def encoding(content: bytes) -> str:
    """Return what to do about a file in an encoding other than UTF-8, or an empty string.

    Args:
        content: The content of the file.

    Returns:
        A clause.
    """
    for start, problem in OTHER_FILES.items():
        if content.lstrip().startswith(start):
            return problem
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
    if content.startswith(marks) or content[:400].count(0) > len(content[:400]) // 4:
        return "it is saved as UTF-16 or UTF-32, which Windows calls Unicode. Save it as UTF-8"
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
    hint = _of_json(text, problem, line) if text.lstrip().startswith(("{", "//", "/*")) else ""
    hint = hint or _of_line(line.rstrip("\r"))
    return f" {hint}" if hint else ""


def _of_json(text: str, problem: str, line: str) -> str:
    """Return what to do about JSON as other languages write it, or an empty string."""
    where = re.search(r"char (\d+)", problem)
    before, after = (text[: int(where[1])].rstrip(), text[int(where[1]) :]) if where else ("", "")
    if re.match(r"\s*(?://|/\*|#)", after):
        return "JSON has no comments: remove them, or write the recipe as TOML."
    if after.startswith("'"):
        return f"JSON has double quotes: {line.strip().replace(chr(39), chr(34))}"
    if before.endswith(",") and after[:1] in ("}", "]"):
        return f"Remove the comma before {after[0]}"
    if word := re.match(r"True|False|None", after):
        written = {"True": "true", "False": "false", "None": "null"}[word[0]]
        return f"Write {written} instead of {word[0]}."
    return ""


def _of_line(line: str) -> str:
    if found := next((quote for quote in QUOTES if quote in line), ""):
        return f"Type straight quotes, \" or ', instead of {found}: word processors change them."
    if any(space in line for space in SPACES):
        return "The line has a special space, as web pages and word processors do. Type it again."
    bare = QUOTED.sub("", line.partition("#")[0])
    if found := next((dash for dash in DASHES if dash in bare), ""):
        return f"Type a plain minus sign, -, instead of {found}: word processors change it."
    if match := WIDE.search(bare):
        return f"Type {chr(ord(match[0]) - 0xFEE0)} instead of {match[0]}, in half width."
    if match := COMMENT.match(line):
        return "Comments begin with #."
    if bare.rstrip().endswith(";"):
        return "Lines end without a semicolon."
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
    if match := EMPTY.match(line):
        return f"Give {match['key']} a value, or remove the line."
    if match := ROUND.match(line):
        return f"Lists have square brackets: {match['key']} = [{match['items']}]"
    if match := NUMBERLIKE.match(line):
        word = match["text"]
        return f'Write a number in digits alone, or a text in quotes: {match["key"]} = "{word}"'
    if (match := HEADING.match(line)) and line.strip() != f"[{match['name']}]":
        return f"Write the name of a table in square brackets: [{match['name']}]"
    if match := COLON.match(line):
        value = f'"{match["value"]}"' if match["value"][0].isalpha() else match["value"]
        return f"Write an equals sign instead of the colon: {match['key']} = {value}"
    if line.count('"') == 1 and "'" not in line:
        return 'A text ends with the quote that it begins with: ".'
    if BACKSLASH.search(line):
        return "A backslash has a meaning between double quotes. Write / instead, or single quotes around the text."
    return ""

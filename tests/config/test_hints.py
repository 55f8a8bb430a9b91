"""Recipes as Windows, word processors and other languages write them: the error says what to change."""

from __future__ import annotations

import pytest

from ganzoo.config.parser import parse
from ganzoo.errors import RecipeError

RECIPE = '# für mich\n[dataset]\nuse = "folder"\npath = "photos"\nsize = 32\n[optimizer]\nlr = 2e-4\n'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_told(encoding: str) -> None:
    with pytest.raises(RecipeError, match=r"saved as UTF-16 or UTF-32, which Windows calls Unicode\. Save it as UTF-8"):
        parse(RECIPE.encode(encoding), ".toml", "a.toml")


def test_latin_1_is_told_with_the_line_and_the_letter() -> None:
    message = r"a\.toml: cannot be read as TOML: byte 0xFC in line 1 is no UTF-8; it is 'ü' in Latin-1, .* Save it"
    with pytest.raises(RecipeError, match=message):
        parse(RECIPE.encode("cp1252"), ".toml", "a.toml")


def test_a_mark_at_the_start_and_line_ends_of_windows_are_read() -> None:
    for suffix, text in ((".toml", RECIPE), (".json", '{"dataset": {"use": "folder"}}')):
        assert parse(text.replace("\n", "\r\n").encode("utf-8-sig"), suffix, "a")["dataset"]["use"] == "folder"


@pytest.mark.parametrize(
    ("good", "bad", "hint"),
    [
        ('"photos"', "“photos”", "Type straight quotes, \" or ', instead of “"),
        ('"photos"', "‚photos‘", "instead of ‘"),
        ('"photos"', "photos", 'Texts need quotes: path = "photos"'),
        ('"photos"', "./my photos  # mine", 'Texts need quotes: path = "./my photos"'),
        ('"photos"', r"C:\Users\ann", r"Texts need quotes: path = 'C:\Users\ann'"),
        ('"photos"', r'"C:\Users\ann"', "Write / instead, or single quotes"),
        ('"photos"', r'"D:\photos"', "Write / instead, or single quotes"),
        ('"photos"', '"photos', "ends with the quote that it begins with"),
        ("2e-4", "0,0002", "Write decimals with a point: lr = 0.0002"),
        ("2e-4", "2,5e-4 # as before", "Write decimals with a point: lr = 2.5e-4"),
        ("2e-4", "-.5", "Write a digit before the point: lr = -0.5"),
        ("size = 32", "size: 32", "Write an equals sign instead of the colon: size = 32"),
        ('use = "folder"', "use: folder", 'instead of the colon: use = "folder"'),
        ("size = 32", "size = True", "Write true or false in small letters"),
        ("size = 32", "size =\u00a032", "The line has a special space"),
        ("2e-4", "2e\u20134", "Type a plain minus sign, -, instead of \u2013"),
        ("2e-4", "\u22120.1  # less", "Type a plain minus sign, -, instead of \u2212"),
        ("size = 32", "size \uff1d 32", "Type = instead of \uff1d"),
        ("size = 32", "size = 32;", "Lines end without a semicolon"),
        ("size = 32", "// size = 32", "Comments begin with #"),
        ("size = 32", "size =  # later", "Give size a value, or remove the line"),
        ("size = 32", "size = 10k", 'Write a number in digits alone, or a text in quotes: size = "10k"'),
        ("size = 32", "max_time = 10h", 'or a text in quotes: max_time = "10h"'),
        ("2e-4", "1/5000", 'or a text in quotes: lr = "1/5000"'),
        ("2e-4", "2e-4\nbetas = (0.5, 0.9)", "Lists have square brackets: betas = [0.5, 0.9]"),
        ("[optimizer]", "[optimizer", "Write the name of a table in square brackets: [optimizer]"),
        ("[optimizer]", "(optimizer)", "Write the name of a table in square brackets: [optimizer]"),
        ("\n", "\r", "Its lines end as those of old Macs do"),
    ],
)
def test_the_line_that_is_wrong_is_mended_in_words(good: str, bad: str, hint: str) -> None:
    parse(RECIPE.encode(), ".toml", "a.toml")
    with pytest.raises(RecipeError) as raised:
        parse(RECIPE.replace(good, bad).encode(), ".toml", "a.toml")
    assert raised.value.message.startswith("a.toml: cannot be read as TOML: ")
    assert hint in raised.value.message


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"{\\rtf1 x}", "it is saved as RTF. Save it as plain text"),
        (b"PK\x03\x04" + bytes(50), "it is a zip file, or a document of a word processor"),
        (b"%PDF-1.7\n", "it is a PDF"),
        (b"\n<!DOCTYPE html><html>", "it is a web page or XML"),
    ],
)
def test_a_file_of_another_kind_is_told(content: bytes, hint: str) -> None:
    with pytest.raises(RecipeError, match=f"cannot be read as TOML: {hint}"):
        parse(content, ".toml", "a.toml")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"run": {“steps”: 5}}', "Type straight quotes"),
        ("{'run': {'steps': 5}}", 'JSON has double quotes: {"run": {"steps": 5}}'),
        ('{"run": {"steps": 5,}}', "Remove the comma before }"),
        ('// mine\n{"run": {}}', "JSON has no comments"),
        ('{"run": {}, # mine\n"dataset": {}}', "JSON has no comments"),
        ('{"run": {"compile": True}}', "Write true instead of True"),
        ('{"run": {"start": None}}', "Write null instead of None"),
    ],
)
def test_json_has_hints_too(text: str, hint: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parse(text.encode(), ".json", "a.json")
    assert hint in raised.value.message

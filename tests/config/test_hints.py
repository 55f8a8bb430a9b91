"""Recipes as Windows, word processors and other languages write them: the error says what to change."""

from __future__ import annotations

import pytest

from ganzoo.config.parser import parse
from ganzoo.errors import RecipeError

RECIPE = '# für mich\n[dataset]\nuse = "folder"\npath = "photos"\nsize = 32\n[optimizer]\nlr = 2e-4\n'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told(encoding: str) -> None:
    with pytest.raises(RecipeError, match=r"saved as UTF-16, which Windows calls Unicode\. Save it as UTF-8"):
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
        ("\n", "\r", "Its lines end as those of old Macs do"),
    ],
)
def test_the_line_that_is_wrong_is_mended_in_words(good: str, bad: str, hint: str) -> None:
    parse(RECIPE.encode(), ".toml", "a.toml")
    with pytest.raises(RecipeError) as raised:
        parse(RECIPE.replace(good, bad).encode(), ".toml", "a.toml")
    assert raised.value.message.startswith("a.toml: cannot be read as TOML: ")
    assert hint in raised.value.message


def test_json_has_hints_too() -> None:
    with pytest.raises(RecipeError, match="Type straight quotes"):
        parse('{"run": {“steps”: 5}}'.encode(), ".json", "a.json")

"""Names whose bytes are no UTF-8, and names in several Unicode forms."""

from __future__ import annotations

import os

from ganzoo.utils.unicode import composed, well_formed


def test_bytes_that_are_no_utf_8_are_written_as_escapes() -> None:
    names = [os.fsdecode(b"caf\xe9"), os.fsdecode(b"caf\xe8"), "\ud83d", "😀 é"]
    assert [*map(well_formed, names)] == ["caf\\xe9", "caf\\xe8", "\\ud83d", "😀 é"]


def test_all_that_a_container_holds() -> None:
    content = {"\udce9": ["a", ("\udcff", 1)], "b": None}
    assert well_formed(content) == {"\\xe9": ["a", ("\\xff", 1)], "b": None}


def test_forms_are_equal_when_they_are_composed() -> None:
    assert composed("cafe\u0301") == composed("caf\u00e9") == "caf\u00e9" != composed("caf\u00e8")

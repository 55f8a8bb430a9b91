"""A house rule of the built-in procedures: each says which paper it is from."""

from __future__ import annotations

import pytest

from examples import PROCEDURES
from ganzoo.registry import Entry


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_it_names_its_paper(entry: Entry) -> None:
    assert entry.paper.startswith(("arXiv:", "https://"))

"""A house rule of the built-in procedures: each says which paper it is from."""

from __future__ import annotations

import pytest

from ganzoo.registry.zoo import Entry
from helpers.examples import PROCEDURES


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_it_names_its_paper(entry: Entry) -> None:
    assert entry.paper.startswith(("arXiv:", "https://"))

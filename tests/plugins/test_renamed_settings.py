"""Settings that had another name in ganzoo 0.1: the table is rewritten, with one remark that names the new spelling."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from ganzoo.config.upgrade import upgraded
from ganzoo.registry.versions import Deprecated
from helpers.support import PLUGINS

Table = dict[str, Any]
LEVEL = ["generator", "discriminator"]
RENAMED = [
    *(
        ("dataset", {"use": name, "n": 5, "labels": value}, {"n": 5, "labelled": value}, "labels is now labelled")
        for name in ("ring", "grid", "gaussian_1d")
        for value in (True, False)
    ),
    *(
        ("dataset", {"use": name, "path": "p", "fit": "stretch"}, {"path": "p", "fit": "resize"}, '"resize"')
        for name in ("folder", "pairs", "unpaired")
    ),
    *((kind, {"use": "lapgan_level", "labels": True}, {"condition": "concat"}, '"concat"') for kind in LEVEL),
    *((kind, {"use": "lapgan_level", "labels": False}, {}, '"none"') for kind in LEVEL),
]


@pytest.mark.parametrize(("kind", "old", "new", "says"), RENAMED, ids=[f"{kind} {old}" for kind, old, *_ in RENAMED])
def test_an_old_spelling_is_rewritten_with_one_remark(kind: str, old: Table, new: Table, says: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry, settings = upgraded(kind, old, PLUGINS.zoo)
    assert (entry.name, settings) == (old["use"], new)
    (remark,) = (str(one.message) for one in caught if one.category is Deprecated)
    assert says in remark
    assert "ganzoo 0.3" in remark
    assert upgraded(kind, {"use": old["use"], **new}, PLUGINS.zoo)[1] == new  # today's spelling is left alone

"""Environments of any kind: folders that variables name, leave empty or lack, and users without a home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ganzoo.data.sources import cache_root, data_root
from ganzoo.errors import SetupError
from ganzoo_builtins.datasets.paths import find_path

NAMES = ("GANZOO_DATA", "GANZOO_CACHE", "XDG_CACHE_HOME", "HOME")
VALUES = [None, "", " ", "\t", "relative", "./here", "../up", ".", "~", "~/below", "~nobody-of-that-name", "$HOME/x"]
VALUES += ["/absolute", "/with a space", "/a:/b", "caf\u00e9", "/\udce9", "//double", "/trailing/"]
environments = st.fixed_dictionaries({name: st.sampled_from(VALUES) for name in NAMES})


def use(environment: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set these variables, for a user that the system has no home for."""
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("pwd.getpwuid", _unknown)


def _unknown(user: object) -> None:
    raise KeyError(user)


def is_set(value: str | None) -> bool:
    return bool(value and value.strip())


def home(path: str, environment: dict[str, str | None]) -> Path | None:
    """Return a path with the home folder in it; None where there is none."""
    if not path.startswith("~"):
        return Path(path)
    folder = environment["HOME"] or ""
    return Path(folder, path[2:]) if path[:2] in ("~", "~/") and folder.startswith("/") else None


def expected_cache(environment: dict[str, str | None]) -> Path | None:
    ours, xdg = environment["GANZOO_CACHE"], environment["XDG_CACHE_HOME"]
    if ours and is_set(ours):
        return home(ours, environment)
    if xdg and is_set(xdg):
        folder = home(xdg, environment)
        if folder is None or folder.is_absolute():
            return folder and folder / "ganzoo"
    folder = home("~/.cache", environment)
    return folder and folder / "ganzoo"


@settings(max_examples=300, deadline=None, suppress_health_check=[*HealthCheck])
@given(environment=environments)
@example(environment=dict.fromkeys(NAMES))
@example(environment=dict.fromkeys(NAMES, ""))
def test_folders_are_those_that_are_named_or_one_line_says_what_to_set(environment: dict[str, str | None]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(environment, monkeypatch)
        named = environment["GANZOO_DATA"]
        cache = expected_cache(environment)
        data = home(named, environment) if named and is_set(named) else cache and cache / "data"
        for expected, root in ((cache, cache_root), (data, data_root)):
            if expected is not None:
                assert root() == expected
            else:
                with pytest.raises(SetupError, match=r"no home folder.*Set HOME; or set GANZOO_CACHE"):
                    root()


@settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
@given(environment=environments)
def test_a_path_that_is_there_is_found_in_every_environment(environment: dict[str, str | None], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path)
        use(environment, monkeypatch)
        assert find_path("photos", "folder") == Path("photos")
        assert find_path(os.fspath(tmp_path / "photos"), "folder") == tmp_path / "photos"

"""The public names of `import ganzoo`, and the time that the import takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ganzoo
from ganzoo import hookspecs


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", ganzoo.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(ganzoo, name) is not None
    assert name in dir(ganzoo)


def test_public_names_are_sorted_and_their_own() -> None:
    assert ganzoo.__all__ == sorted(ganzoo.__all__)
    assert sorted(ganzoo._HOME) == ganzoo.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ganzoo' has no attribute 'nothing'"):
        _ = ganzoo.nothing


def test_importing_it_imports_no_torch() -> None:
    assert run("import sys, ganzoo; dir(ganzoo); print('torch' in sys.modules)") == "False\n"


def test_what_a_plugin_needs_at_import_imports_no_torch() -> None:
    used = "ganzoo.hookimpl, ganzoo.Zoo, ganzoo.GanzooError, ganzoo.IncompatibleError"
    assert run(f"import sys, ganzoo; {used}; print('torch' in sys.modules)") == "False\n"


def test_the_plugin_api_is_documented_hook_by_hook() -> None:
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("ganzoo_")}
    assert list(hooks) == [
        "ganzoo_register",
        "ganzoo_recipes",
        "ganzoo_suggest",
        "ganzoo_models",
        "ganzoo_run_start",
        "ganzoo_step_end",
        "ganzoo_run_end",
    ]
    assert all(hook.__doc__ for hook in hooks.values())

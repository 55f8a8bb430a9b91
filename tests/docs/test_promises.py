"""docs/testing.md lists every promise of ganzoo.testing with its docstring."""

from __future__ import annotations

from types import ModuleType

import pytest

from ganzoo.registry.zoo import KINDS
from ganzoo.testing import promises
from ganzoo.testing.promises import component, network
from helpers.pages import TOP

SECTIONS: dict[str, tuple[ModuleType, ...]] = {
    "The plugin as a whole": promises.MODULES["plugin"],
    "Every component": (component,),
    "Every generator, discriminator and encoder": (network,),
    **{
        f"A {kind}" if kind[0] not in "aeo" else f"An {kind}": tuple(
            module for module in promises.MODULES.get(kind, ()) if module is not network
        )
        for kind in KINDS
        if kind in promises.MODULES
    },
}


def table(modules: tuple[ModuleType, ...]) -> str:
    told = [one for module in modules for one in promises.public(module)]
    rows = [f"| {one.__name__.replace('_', ' ')} | {' '.join((one.__doc__ or '').split())} |" for one in told]
    return "\n".join(["| promise | what it asks |", "| --- | --- |", *(row.replace("\\|", "|") for row in rows)])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_promise_is_told(section: str) -> None:
    text = (TOP / "docs/testing.md").read_text()
    below = text.partition(f"\n### {section}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    assert table(SECTIONS[section]) in below, f"docs/testing.md, below '### {section}':\n\n{table(SECTIONS[section])}"


def test_no_other_section() -> None:
    text = (TOP / "docs/testing.md").read_text().partition("\n## The promises\n")[2].partition("\n## ")[0]
    assert [line[4:] for line in text.splitlines() if line.startswith("### ")] == [*SECTIONS]


def test_every_promise_has_a_docstring() -> None:
    for kind in promises.MODULES:
        assert all(one.__doc__ for one in promises.promises(kind))

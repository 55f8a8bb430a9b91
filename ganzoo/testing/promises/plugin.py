"""What a plugin as a whole promises."""

from __future__ import annotations

from ganzoo.testing.check import expect
from ganzoo.testing.package import Package


def it_loads(package: Package) -> None:
    """Its modules import, and its hooks run."""
    for row in package.rows:
        expect(row.status == "ok", f"plugin {row.name} is {row.status}: {row.error}")

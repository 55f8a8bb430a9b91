"""Simulated installed packages: a module, and the metadata folder that pip would create."""

from __future__ import annotations

from pathlib import Path

GOOD = """
import ganzoo

class Good:  # without its base class, to import no torch
    '''A loss that is always zero.'''

    uses_real = False

    def discriminator(self, real, fake):
        return 0 * (real.mean() + fake.mean())

    def generator(self, real, fake):
        return 0 * fake.mean()

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "good", Good)
"""


def install(
    folder: Path, distribution: str, source: str, *, entry: str = "main", version: str = "0.1", module: str = ""
) -> str:
    """Install a distribution of one module with an entry point; a second call adds an entry point."""
    name = distribution.replace("-", "_")
    module = module or f"{name}_{entry}"
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n\nA description.\n"
    )
    points = info / "entry_points.txt"
    before = points.read_text() if points.exists() else "[console_scripts]\nx = y:z\n\n[ganzoo]\n"
    points.write_text(f"{before}{entry} = {module}\n")
    return module


def put_on_path(site: Path, package: Path, distribution: str, version: str = "0.1") -> None:
    """Install a package of another folder in `site`, with the entry point `main`."""
    (site / package.name).symlink_to(package, target_is_directory=True)
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[ganzoo]\nmain = {package.name}\n")

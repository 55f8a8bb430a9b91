"""What the parts of a new package are called, all of it from the name of the distribution."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from ganzoo.errors import GanzooError

DISTRIBUTION = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
LONGEST = 40  # letters; what a component is called has at most 64, and lines should stay short


@dataclass(frozen=True)
class Names:
    """Of "ganzoo-swirl": owner "swirl", module "ganzoo_swirl", components "swirl", classes "Swirl"."""

    distribution: str

    @property
    def owner(self) -> str:
        return self.distribution.removeprefix("ganzoo-")

    @property
    def module(self) -> str:
        return _snake(self.distribution)

    @property
    def component(self) -> str:
        return _snake(self.owner)

    @property
    def title(self) -> str:
        return "".join(part.capitalize() for part in self.component.split("_"))


def named(distribution: str) -> Names:
    """Errors: GanzooError for what cannot be the name of a package, of a module and of a class."""
    names = Names(distribution)
    if not DISTRIBUTION.fullmatch(distribution) or len(distribution) > LONGEST:
        raise GanzooError(
            f"{distribution!r} is no name for a package: use lower-case letters, digits and single hyphens, {LONGEST} "
            "at most, such as ganzoo-swirl."
        )
    if not names.title.isidentifier() or keyword.iskeyword(names.title) or not names.module.isidentifier():
        raise GanzooError(f"{distribution!r} makes no name for a class: let a letter come first, as in ganzoo-swirl.")
    if names.owner in ("ganzoo", "torch"):
        raise GanzooError(f"{distribution!r} is ganzoo's own name. Choose another one, such as ganzoo-swirl.")
    if keyword.iskeyword(names.module):
        raise GanzooError(f"{distribution!r} is a word of Python. Write ganzoo-{distribution}.")
    return names


def _snake(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name)

"""Names of a new package and its parts, derived from the name of the distribution."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from ganzoo.errors import GanzooError

DISTRIBUTION = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
MAX_LENGTH = 40  # characters; names of components have at most 64, and lines should be short


@dataclass(frozen=True)
class Names:
    """The names in a new package.

    For "ganzoo-swirl": owner "swirl", module "ganzoo_swirl", components "swirl", classes "Swirl".

    Attributes:
        distribution: The name that pip installs.
    """

    distribution: str

    @property
    def owner(self) -> str:
        """The owner of the components: the distribution without a leading `ganzoo-`."""
        return self.distribution.removeprefix("ganzoo-")

    @property
    def module(self) -> str:
        """The package that is imported."""
        return _snake(self.distribution)

    @property
    def component(self) -> str:
        """The name of every component."""
        return _snake(self.owner)

    @property
    def title(self) -> str:
        """The name of every class."""
        return "".join(part.capitalize() for part in self.component.split("_"))


def named(distribution: str) -> Names:
    """Return the names in a new package.

    Args:
        distribution: Name of the distribution, such as "ganzoo-swirl".

    Returns:
        The names derived from it.

    Raises:
        GanzooError: It cannot be the name of a package, a module and a class.
    """
    names = Names(distribution)
    if not DISTRIBUTION.fullmatch(distribution) or len(distribution) > MAX_LENGTH:
        raise GanzooError(
            f"{distribution!r} cannot name a package: use at most {MAX_LENGTH} lower-case letters, digits and single "
            "hyphens, such as ganzoo-swirl."
        )
    if not names.title.isidentifier() or keyword.iskeyword(names.title) or not names.module.isidentifier():
        raise GanzooError(
            f"{distribution!r} cannot name a class: use another word that starts with a letter, as in ganzoo-swirl."
        )
    if names.owner in ("ganzoo", "torch"):
        raise GanzooError(f"{distribution!r} is a name of ganzoo's own. Choose another one, such as ganzoo-swirl.")
    if keyword.iskeyword(names.module):
        raise GanzooError(f"{distribution!r} is a keyword of Python. Use ganzoo-{distribution}.")
    return names


def _snake(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name)

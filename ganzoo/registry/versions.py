"""What may change under those who build on ganzoo: the version of the plugin API, and how a part of it goes.

docs/api.md says what is public and how it may change.
"""

from __future__ import annotations

import warnings

API_VERSION = "1.1"
"""MAJOR.MINOR of the plugin API. A minor adds, a major takes away."""
RENAMED: dict[str, tuple[str, str]] = {"Misfit": ("IncompatibleError", "0.3")}
"""Public name of before -> (its name now, the version of ganzoo that drops the old one)."""


class IncompatiblePluginError(Exception):
    """A plugin that was written for another version of the plugin API."""


class Deprecated(FutureWarning):
    """What somebody uses goes in a later version. The commands show it as one line."""


def deprecated(message: str) -> None:
    """Warn of what goes, with what to do instead: "setting channels is now width, and goes in ganzoo-acme 0.3".

    For authors too, whose settings change names. `ganzoo` shows it as one line.
    """
    warnings.warn(message, Deprecated, stacklevel=3)


def check_version(wanted: str) -> None:
    """`wanted`: what a plugin's ganzoo_api says, such as ">=1.0,<2".

    Errors: IncompatiblePluginError when this is not such a version; ValueError when `wanted` says none.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # most plugins do not ask

    try:
        fits = API_VERSION in SpecifierSet(wanted)
    except (InvalidSpecifier, AttributeError, TypeError) as error:
        raise ValueError(f'ganzoo_api = {wanted!r} is no version specifier: write ganzoo_api = ">=1.0,<2"') from error
    if not fits:
        raise IncompatiblePluginError(
            f"it needs version {wanted} of ganzoo's plugin API, and this is {API_VERSION}. "
            "Install another version of this plugin, or of ganzoo-torch."
        )

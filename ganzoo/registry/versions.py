"""Versions: of the plugin API and of installed packages; renamed public names, and deprecation warnings.

docs/api.md lists what is public and how it may change.
"""

from __future__ import annotations

import warnings

API_VERSION = "1.1"
"""MAJOR.MINOR of the plugin API. A minor version adds, a major version removes."""
RENAMED: dict[str, tuple[str, str]] = {"Misfit": ("IncompatibleError", "0.3")}
"""Former public name -> (present name, the version of ganzoo that removes the former one)."""


class IncompatiblePluginError(Exception):
    """A plugin written for another version of the plugin API."""


class Deprecated(FutureWarning):
    """A warning of something that a later version removes. `ganzoo` prints it as one line."""


def deprecated(message: str) -> None:
    """Warn of something that a later version removes. Plugins may use it too; `ganzoo` prints one line.

    Args:
        message: What is removed and what to do instead: "setting channels is now width, and goes in ganzoo-acme 0.3".
    """
    warnings.warn(message, Deprecated, stacklevel=3)


def installed_version(name: str) -> str:
    """Return the version of an installed package, or "" when it is not installed."""
    from importlib import metadata  # slow to import

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def check_version(specifier: str) -> None:
    """Check that this version of the plugin API is one that a plugin supports.

    Args:
        specifier: The plugin's `ganzoo_api`, such as ">=1.0,<2".

    Raises:
        IncompatiblePluginError: When it is not.
        ValueError: When the specifier is malformed.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # most plugins have no ganzoo_api

    try:
        fits = API_VERSION in SpecifierSet(specifier)
    except (InvalidSpecifier, AttributeError, TypeError) as error:
        raise ValueError(
            f'ganzoo_api = {specifier!r} is no version specifier: write ganzoo_api = ">=1.0,<2"'
        ) from error
    if not fits:
        raise IncompatiblePluginError(
            f"it needs version {specifier} of ganzoo's plugin API, and this is {API_VERSION}. "
            "Install another version of this plugin, or of ganzoo-torch."
        )

"""The registry of components: their kinds, names and owners."""

from __future__ import annotations

import fnmatch
import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ganzoo.errors import GanzooError, SetupError, did_you_mean, one_line
from ganzoo.utils import isolation
from ganzoo.utils.isolation import Isolated

BUILT_IN = "ganzoo"  # owner of the built-in components
KINDS = (
    "generator",
    "discriminator",
    "encoder",
    "loss",
    "regularizer",
    "augmentation",
    "transform",
    "dataset",
    "procedure",
    "optimizer",
    "schedule",
    "metric",
    "extractor",
)
TEXT_WIDTH = 300  # characters of a summary
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TARGET = re.compile(r"[\w.]+:\w+")


class _HasOwner(Protocol):
    @property
    def owner(self) -> str: ...


Owned = TypeVar("Owned", bound=_HasOwner)


@dataclass(frozen=True)
class Entry:
    """A registered component.

    Attributes:
        kind: One of KINDS.
        name: Its name within the owner's components.
        owner: Owner of the plugin that registered it.
        target: The component itself, or "module:attribute" to import it from on first use.
        summary: One line for `ganzoo list`.
        paper: URL or arXiv id; empty for none.
        deprecated: What to use instead; empty for components that stay.
        upgrade: A function that rewrites tables of earlier versions, or "module:function"; see Zoo.add().
    """

    kind: str
    name: str
    owner: str
    target: Any
    summary: str = ""
    paper: str = ""
    deprecated: str = ""
    upgrade: Any = None

    @property
    def full_name(self) -> str:
        """The name with its owner: "acme/swirl"."""
        return f"{self.owner}/{self.name}"

    def load(self) -> Any:
        """Load the component, importing its module if need be.

        Returns:
            A class, a function or a functools.partial().

        Raises:
            SetupError: When the module cannot be imported.
        """
        return self._import(self.target)

    def load_upgrade(self) -> Any:
        """Load the function that rewrites tables of earlier versions.

        Returns:
            The function, or None where there is none.

        Raises:
            SetupError: When its module cannot be imported.
        """
        return self._import(self.upgrade)

    def _import(self, target: Any) -> Any:
        if not isinstance(target, str):
            return target
        module, _, attribute = target.partition(":")
        with Isolated(settings=self.owner != BUILT_IN) as isolated:
            found = getattr(importlib.import_module(module), attribute)
        if isolated.error:
            raise SetupError(
                f"{self.kind} {self.full_name!r} could not be loaded from {target}: "
                f"{isolated.failure}. `ganzoo plugins` shows which package it comes from."
            ) from isolated.error
        if isolated.changed:
            isolation.warn(isolated.changes(f"{self.kind} {self.full_name!r}", "while it was loaded"))
        return found


@dataclass
class Zoo:
    """Components by kind and name: of one owner while a plugin registers them, of all owners once merged.

    Attributes:
        owner: Owner of the components that are added.
        failures: One sentence for each plugin that failed, which messages about unknown names repeat.
    """

    owner: str = BUILT_IN
    failures: list[str] = field(default_factory=list)
    _entries: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        name: str,
        target: Any,
        *,
        summary: str = "",
        paper: str = "",
        deprecated: str = "",
        upgrade: Any = None,
    ) -> None:
        """Register a component.

        Args:
            kind: One of KINDS.
            name: Lower-case name, as the literature spells it.
            target: A class or function, or "module:attribute", which is imported on first use.
            summary: One line for `ganzoo list`; by default the first line of an object's docstring.
            paper: URL or arXiv id.
            deprecated: For a name that will be removed, what to do instead: 'use "swirl"; it goes in ganzoo-acme 0.3'.
            upgrade: A function, or "module:function", that takes the component's table in a recipe, a run or an
                export (its settings and `use`) and returns the table in today's spelling, possibly with another `use`,
                and one sentence for whoever wrote it. It returns the table unchanged and "" when nothing in it is old.

        Raises:
            ValueError: When kind, name, target, upgrade or a text are malformed, or the name is registered already.
        """
        if kind not in KINDS:
            raise ValueError(f"no kind {kind!r}.{did_you_mean(kind, KINDS)} Kinds: {', '.join(KINDS)}")
        if not NAME.fullmatch(name):
            raise ValueError(f"{kind} name {name!r}: use lower-case letters, digits, '.', '_' and '-', 64 at most")
        if not _is_importable(target):
            raise ValueError(f"{kind} {name!r}: target must be callable or 'module:attribute', not {target!r}")
        if upgrade is not None and not _is_importable(upgrade):
            raise ValueError(f"{kind} {name!r}: upgrade must be callable or 'module:function', not {upgrade!r}")
        if (kind, name) in self._entries:
            raise ValueError(f"{kind} {name!r} is registered twice by {self.owner!r}")
        if not summary and not isinstance(target, str):
            summary = (target.__doc__ or "").strip().partition("\n")[0]
        texts = {"summary": summary, "paper": paper, "deprecated": deprecated}
        for key, text in texts.items():
            if not isinstance(text, str):
                raise ValueError(f"{kind} {name!r}: {key} must be a text, not {text!r}")
            texts[key] = one_line(text, TEXT_WIDTH)
        self._entries[kind, name] = [Entry(kind, name, self.owner, target, upgrade=upgrade, **texts)]

    def merge(self, other: Zoo) -> None:
        """Add another zoo's entries. Different owners may have equal names.

        Args:
            other: The other zoo.

        Raises:
            ValueError: When an owner has two components of one kind and name; nothing is then added.
        """
        for entry in other:
            namesakes = self._entries.get((entry.kind, entry.name), [])
            if any(namesake.owner == entry.owner for namesake in namesakes):
                raise ValueError(f"{entry.kind} {entry.full_name!r} is registered twice")
        self.extend(other)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Add entries, each in place of the one of its kind, name and owner if there is one.

        Args:
            entries: The entries.
        """
        for entry in entries:
            others = [one for one in self.namesakes(entry) if one.owner != entry.owner]
            self._entries[entry.kind, entry.name] = [*others, entry]

    def __iter__(self) -> Iterator[Entry]:
        return (entry for namesakes in self._entries.values() for entry in namesakes)

    def entries(self, kind: str | None = None, pattern: str | None = None) -> list[Entry]:
        """List the entries of a kind whose name, full name or summary matches a pattern.

        Args:
            kind: One of KINDS; None for all.
            pattern: A wildcard for the whole name such as `dc*` or `acme/*`, or any part of a word; None for all.

        Returns:
            The entries, by kind, name and owner.
        """
        chosen = [
            entry
            for entry in self
            if kind in (None, entry.kind) and matches(pattern, entry.name, entry.full_name, entry.summary)
        ]
        return sorted(chosen, key=lambda entry: (KINDS.index(entry.kind), entry.name, entry.owner))

    def shortest_name(self, entry: Entry) -> str:
        """Return the name that a recipe has to use for a component: the bare one unless it means another, or several.

        Args:
            entry: One of this zoo's components.

        Returns:
            "swirl" or "acme/swirl".
        """
        return entry.name if meant(self.namesakes(entry)) == [entry] else entry.full_name

    def namesakes(self, entry: Entry) -> list[Entry]:
        """Return the components of this kind and name, of all owners."""
        return self._entries.get((entry.kind, entry.name), [])

    def find(self, kind: str, name: str) -> Entry:
        """Look up a component.

        Args:
            kind: One of KINDS.
            name: `name`, which is the built-in component if there is one, or `owner/name`.

        Returns:
            Its entry.

        Raises:
            GanzooError: When there is none, or more than one; with similar names and the plugins that failed.
        """
        owner, _, bare = name.rpartition("/")
        entries = meant(self._entries.get((kind, bare), []), owner)
        if len(entries) == 1:
            return entries[0]
        if entries:
            choices = " or ".join(f'"{entry.full_name}"' for entry in sorted(entries, key=lambda entry: entry.owner))
            raise GanzooError(f"{len(entries)} plugins provide the {kind} {name!r}: write {choices}.")
        known = [entry.full_name if owner else entry.name for entry in self.entries(kind)]
        lines = [f"no {kind} named {name!r}.{did_you_mean(name, known)} See `ganzoo list {kind}`."]
        raise GanzooError("\n".join(lines + [f"  ({failure})" for failure in self.failures]))


def meant(namesakes: Sequence[Owned], owner: str = "") -> list[Owned]:
    """Return those of several things of one name that the name means.

    Installing a package must not change what a recipe means, or whether it can be read: without an owner, the name
    means the built-in one if there is one.

    Args:
        namesakes: Components, recipes or models of one name, each of an owner.
        owner: The owner that was written before the name; empty for none.

    Returns:
        One; several where no owner was written and none of them is built in; none where the owner has none.
    """
    if owner:
        return [one for one in namesakes if one.owner == owner]
    return [one for one in namesakes if one.owner == BUILT_IN] or list(namesakes)


def _is_importable(target: Any) -> bool:
    return callable(target) or (isinstance(target, str) and TARGET.fullmatch(target) is not None)


def matches(pattern: str | None, *texts: str) -> bool:
    """Return True when a text matches: as a whole for a wildcard such as `dc*`, in any part for other patterns."""
    if not pattern:
        return True
    if any(character in pattern for character in "*?["):
        return any(fnmatch.fnmatch(text, pattern) for text in texts)
    return any(pattern.lower() in text.lower() for text in texts)

"""What differs between two documented versions: records, and the words all clouds share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

from scanner.baseline.load import AnyBaseline

SCHEMA = "porter-audit/baseline-diff/v1"


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


class Access(msgspec.Struct, frozen=True):
    """One piece of access that only one of the versions grants."""

    what: str
    """In words: actions on resources, a role, an operation, an application permission."""
    statement: str = ""
    """Where it stands, for AWS."""
    example: str = ""
    """A request that only one version allows, for AWS."""
    latent: bool = False
    """No action published today matches."""


class IdentityChange(msgspec.Struct, frozen=True):
    """What happened to one role, service account, role definition or application."""

    key: str
    change: str
    """`added`, `removed`, `changed` or `unchanged`."""
    adds: tuple[Access, ...] = ()
    takes: tuple[Access, ...] = ()
    who_adds: tuple[Access, ...] = ()
    """Who may newly use it: trust, federation, credentials."""
    who_takes: tuple[Access, ...] = ()
    undecided: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    """Other changes, in words."""


class BaselineDiff(msgspec.Struct, frozen=True):
    """Two versions of one cloud's part."""

    before: str
    after: str
    cloud: str
    identities: tuple[IdentityChange, ...]
    facts: tuple[str, ...] = ()
    """Changes of the version as a whole, in words."""

    @property
    def grants_more(self) -> bool:
        """Return whether the newer version documents access that the older does not, or that could not be decided."""
        return any(i.adds or i.who_adds or i.undecided or i.change == "added" for i in self.identities)


def common_facts(before: AnyBaseline, after: AnyBaseline) -> Iterator[str]:
    """Yield changes of what every cloud's part has."""
    yield from told("publication", before.publication, after.publication)
    yield from sets("document", (d.name for d in before.documents), (d.name for d in after.documents))
    yield from sets("variable", (v.name for v in before.variables), (v.name for v in after.variables))
    defaults = [{v.name: v.default or "none" for v in part.variables} for part in (before, after)]
    for name in sorted(set(defaults[0]) & set(defaults[1])):
        yield from told(f"default of variable {name}", defaults[0][name], defaults[1][name])
    yield from sets("contradiction", (c.id for c in before.contradictions), (c.id for c in after.contradictions))
    yield from sets("risk note", (n.id for n in before.risk_notes), (n.id for n in after.risk_notes))
    extras = [[f"{e.kind} {e.name_pattern}".strip() for e in part.known_extras] for part in (before, after)]
    yield from sets("known extra", *extras)


def told(what: str, older: object, newer: object) -> Iterator[str]:
    """Yield one sentence if a value changed."""
    if older != newer:
        yield f"{what}: {_word(older)} before, now {_word(newer)}"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).rstrip(".")


def sets(noun: str, older: Iterable[str], newer: Iterable[str]) -> Iterator[str]:
    """Yield one sentence per name that came or went."""
    old, new = list(dict.fromkeys(older)), list(dict.fromkeys(newer))
    yield from (f"{noun} added: {item}" for item in new if item not in old)
    yield from (f"{noun} gone: {item}" for item in old if item not in new)


def paired(older: Iterable[K], newer: Iterable[K]) -> dict[str, tuple[K | None, K | None]]:
    """Return both sides by key, in the order of the newer version, then what is gone."""
    old = {item.key: item for item in older}
    new = {item.key: item for item in newer}
    return {key: (old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])}

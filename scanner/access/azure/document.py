"""Azure role definitions, role assignments and deny assignments, read from what API, SDK and CLI print.

https://learn.microsoft.com/azure/role-based-access-control/role-definitions: what a principal may do is
`actions` without `notActions`, per permissions block, united over blocks and assignments; `dataActions` are
apart. `notActions` denies nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from scanner.access.azure.operations import CONTROL, DATA, Operations
from scanner.access.azure.scope import segments
from scanner.access.fields import folded, needed, strings, text
from scanner.access.records import NamedDocument
from scanner.errors import PolicyError
from scanner.model.common import JsonObject

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal id that stands for all principals in a deny assignment (type SystemDefined)."""

_BLOCK_KEYS = frozenset({"actions", "notactions", "dataactions", "notdataactions", "condition", "conditionversion"})

_DECISIVE = frozenset(
    {"permissions", "scope", "assignablescopes", "principalid", "roledefinitionid", "condition", "principals"}
)


class Rights(msgspec.Struct, frozen=True):
    """One plane of one permissions block: `actions` without `nots`."""

    document: str
    statement: str
    """0-based index of the permissions block in its role definition, as text."""
    plane: str
    operations: Operations
    condition: str | None
    """White space normalised; None: unconditional."""


class Grant(msgspec.Struct, frozen=True):
    """Rights given to a principal at a scope; None where no assignment says which."""

    document: str
    statement: str
    index: int
    """0-based index of the permissions block over all grants of the side."""
    rights: Rights | None
    """None: the assignment names a role definition that is not among the documents."""
    role: str
    """Last segment of the role definition's id, lower-cased; empty where it has none."""
    scope: str | None
    principal: str | None
    """Object id, lower-cased."""
    is_group: bool
    conditions: frozenset[str]
    """All must hold; that of the role definition's block and that of the assignment."""


class Deny(msgspec.Struct, frozen=True):
    """A deny assignment's block: it beats every grant. Exclusions are exempt."""

    document: str
    rights: Rights
    scope: str | None
    children: bool
    """False: `doNotApplyToChildScopes`."""
    principals: tuple[tuple[str, bool], ...]
    """Object id, lower-cased, and whether it may be a group."""
    excluded: tuple[tuple[str, bool], ...]
    condition: str | None


class AzureSide(msgspec.Struct, frozen=True):
    """All documents of one side."""

    grants: tuple[Grant, ...]
    denies: tuple[Deny, ...]
    assigned: bool
    """Whether there are role assignments; a definition then grants only where it is assigned."""
    empty: tuple[str, ...]
    """Documents that grant nothing: no permissions, or only empty lists."""
    scopes: tuple[str, ...]
    """Every scope the documents name, assignable ones included, in order."""


class _Definition(msgspec.Struct, frozen=True):
    document: str
    names: frozenset[str]
    rights: tuple[Rights, ...]
    scopes: tuple[str, ...]


def parse_azure(documents: Sequence[NamedDocument]) -> AzureSide:
    """Return the side that these documents make; raises `PolicyError` naming document and key."""
    definitions: list[_Definition] = []
    assignments: list[tuple[NamedDocument, Mapping[str, Any]]] = []
    denies: list[Deny] = []
    for document in documents:
        fields = _members(document.body, document.name)
        kind = _kind(fields, document.name)
        if kind == "definition":
            definitions.append(_definition(fields, document.name))
        elif kind == "assignment":
            assignments.append((document, fields))
        else:
            denies.extend(_denies(fields, document.name))
    assigned = bool(assignments)
    grants = list(_assigned(assignments, definitions) if assigned else _unassigned(definitions))
    named = [s for d in definitions for s in d.scopes]
    named += [g.scope for g in grants if g.scope] + [d.scope for d in denies if d.scope]
    return AzureSide(
        grants=tuple(grants),
        denies=tuple(denies),
        assigned=assigned,
        empty=tuple(d.document for d in definitions if not d.rights),
        scopes=tuple(dict.fromkeys(named)),
    )


def normalized_condition(text: str) -> str:
    """Return a condition with white space outside quotes made uniform, so that equal texts mean the same."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    for i in range(0, len(parts), 2):
        spaced = re.sub(r"\s+", " ", parts[i])
        parts[i] = re.sub(r" ?([(){},\[\]]) ?", r"\1", spaced)
    return "".join(parts).strip()


def _kind(fields: Mapping[str, Any], name: str) -> str:
    kind = str(fields.get("type", "")).lower()
    if kind.endswith("/denyassignments") or "denyassignmentname" in fields or "excludeprincipals" in fields:
        return "deny"
    if kind.endswith("/roleassignments") or "roledefinitionid" in fields or "roledefinition" in fields:
        return "assignment"
    if "permissions" not in fields:
        raise PolicyError(f"document `{name}`: `permissions` is missing")
    return "definition"


def _members(body: JsonObject, name: str) -> dict[str, Any]:
    """Return the members of the document and of its `properties` as one."""
    where = f"document `{name}`"
    outer = folded(body, where)
    if "properties" not in outer:
        return outer
    inner = folded(outer.pop("properties"), f"{where}: properties")
    twice = _DECISIVE & set(outer) & set(inner)
    if twice:
        raise PolicyError(f"{where}: `{min(twice)}` is given twice, inside and outside `properties`")
    both = {**inner, **outer}
    if "/" not in str(outer.get("type", "")):
        both["type"] = inner.get("type", outer.get("type", ""))
    return both


def _rights(value: Any, name: str) -> Iterator[Rights]:
    """Yield the non-empty planes of every permissions block."""
    if not isinstance(value, list):
        raise PolicyError(f"document `{name}`: `permissions` is not a list")
    for i, block in enumerate(value):
        where = f"document `{name}`: permissions[{i}]"
        fields = folded(block, where)
        strange = sorted(k for k in set(fields) - _BLOCK_KEYS if fields[k] is not None)
        if strange or not {"actions", "dataactions"} & set(fields):
            detail = f"unknown key `{strange[0]}`" if strange else "neither `actions` nor `dataActions`"
            raise PolicyError(f"{where}: {detail}")
        condition = text(fields, "condition", where) or ""
        for plane, positive, negative in ((CONTROL, "actions", "notActions"), (DATA, "dataActions", "notDataActions")):
            actions = strings(fields.get(positive.lower()), f"{where}.{positive}")
            nots = strings(fields.get(negative.lower()), f"{where}.{negative}")
            if actions:
                operations = Operations(tuple(dict.fromkeys(actions)), tuple(dict.fromkeys(nots)))
                yield Rights(name, str(i), plane, operations, normalized_condition(condition) or None)


def _definition(fields: Mapping[str, Any], name: str) -> _Definition:
    where = f"document `{name}`"
    names = {v.rstrip("/").rsplit("/", 1)[-1].lower() for k in ("id", "name") if (v := text(fields, k, where))}
    scopes = strings(fields.get("assignablescopes"), f"{where}: assignableScopes")
    for scope in scopes:
        segments(scope, where)
    return _Definition(name, frozenset(names), tuple(_rights(fields.get("permissions"), name)), scopes)


def _unassigned(definitions: Sequence[_Definition]) -> Iterator[Grant]:
    indices: dict[tuple[int, str], int] = {}
    for number, definition in enumerate(definitions):
        role = min(definition.names, default="")
        for right in definition.rights:
            index = indices.setdefault((number, right.statement), len(indices))
            conditions = frozenset({right.condition} if right.condition else ())
            yield Grant(right.document, right.statement, index, right, role, None, None, False, conditions)


def _assigned(
    assignments: Sequence[tuple[NamedDocument, Mapping[str, Any]]], definitions: Sequence[_Definition]
) -> Iterator[Grant]:
    index = -1
    for document, fields in assignments:
        where = f"document `{document.name}`"
        scope = needed(fields, "scope", where)
        segments(scope, where)
        principal = needed(fields, "principalId", where).lower()
        is_group = str(fields.get("principaltype") or "").lower() == "group"
        own = normalized_condition(text(fields, "condition", where) or "")
        role, rights = _resolve(fields, document.name, definitions)
        seen: dict[str, int] = {}
        for right in (None,) if rights is None else rights:
            key = right.statement if right else ""
            if key not in seen:
                index += 1
                seen[key] = index
            texts = (own, right.condition if right else None)
            conditions = frozenset(t for t in texts if t)
            yield Grant(document.name, key, seen[key], right, role, scope, principal, is_group, conditions)


def _resolve(
    fields: Mapping[str, Any], name: str, definitions: Sequence[_Definition]
) -> tuple[str, tuple[Rights, ...] | None]:
    """Return the role's id and its rights; None for the rights where the definition is not among the documents."""
    where = f"document `{name}`"
    given = fields.get("roledefinition")
    if isinstance(given, dict):
        inline = _members(given, name)
        if "permissions" not in inline:
            raise PolicyError(f"{where}: roleDefinition: `permissions` is missing")
        definition = _definition(inline, name)
        return min(definition.names, default=""), definition.rights
    wanted = (text(fields, "roleDefinition", where) or needed(fields, "roleDefinitionId", where)).rstrip("/")
    role = wanted.rsplit("/", 1)[-1].lower()
    found = [d for d in definitions if role in d.names]
    if len(found) > 1 and len({d.rights for d in found}) > 1:
        raise PolicyError(f"{where}: role definition `{wanted}` is given twice, with different permissions")
    return role, found[0].rights if found else None


def _denies(fields: Mapping[str, Any], name: str) -> Iterator[Deny]:
    where = f"document `{name}`"
    if "permissions" not in fields:
        raise PolicyError(f"{where}: `permissions` is missing")
    scope = text(fields, "scope", where)
    if scope is not None:
        segments(scope, where)
    stop = fields.get("donotapplytochildscopes") or False
    if not isinstance(stop, bool):
        raise PolicyError(f"{where}: `doNotApplyToChildScopes` is not true or false")
    principals = _principals(fields.get("principals"), f"{where}: principals")
    if not principals:
        raise PolicyError(f"{where}: `principals` is missing")
    excluded = _principals(fields.get("excludeprincipals"), f"{where}: excludePrincipals")
    own = normalized_condition(text(fields, "condition", where) or "")
    for right in _rights(fields["permissions"], name):
        condition = " && ".join(t for t in (own, right.condition) if t) or None
        yield Deny(name, right, scope, not stop, principals, excluded, condition)


def _principals(value: Any, where: str) -> tuple[tuple[str, bool], ...]:
    """Return ids with whether each may be a group; an object of unstated type may be one."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise PolicyError(f"{where}: not a list")
    found = []
    for i, item in enumerate(value):
        fields = folded(item, f"{where}[{i}]")
        kind = str(fields.get("type") or "").lower()
        found.append((needed(fields, "id", f"{where}[{i}]").lower(), kind in ("", "group")))
    return tuple(found)

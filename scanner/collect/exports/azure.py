"""Output of `az role assignment|definition list` and `az ad sp|app list` as a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner import __version__
from scanner.collect.azure.allowlist import azure_apis_of
from scanner.collect.azure.entra_units import credentials_left_out
from scanner.collect.azure.snapshot import without_traces
from scanner.collect.exports.gaad import Reading
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus

_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:/|$)")
_INLINE = (
    (kinds.APP_ROLE_ASSIGNMENTS, kinds.SERVICE_PRINCIPALS, "appRoleAssignments"),
    (kinds.FEDERATED_CREDENTIALS, kinds.APPLICATIONS, "federatedIdentityCredentials"),
)
"""Kinds that an export holds where every row of another kind carries the key."""


def is_azure_export(value: Any) -> bool:
    """Return whether a JSON value is a row of one of the four kinds of lists."""
    return isinstance(value, dict) and bool(_row_kind(value))


def _row_kind(row: JsonObject) -> str:
    inner = row.get("properties")
    keys = set(row) | (set(inner) if isinstance(inner, dict) else set())
    if {"principalId", "roleDefinitionId", "scope"} <= keys:
        return kinds.ROLE_ASSIGNMENTS
    if {"permissions", "assignableScopes"} <= keys:
        return kinds.ROLE_DEFINITIONS
    if {"appId", "servicePrincipalType"} <= keys:
        return kinds.SERVICE_PRINCIPALS
    return kinds.APPLICATIONS if {"appId", "passwordCredentials"} <= keys else ""


def read_azure_export(documents: list[InputDocument], reading: Reading) -> Snapshot:
    """Return the snapshot of all lists of one subscription and its tenant.

    What the lists cannot show is `not_in_input`. Raises `InputError` if they name several subscriptions, or none, or
    if a kind of list is given twice.
    """
    pages: dict[str, JsonObject] = {}
    names: dict[str, str] = {}
    ids: dict[str, JsonObject] = {}
    for document in documents:
        kind = _row_kind(document.value)
        if names.setdefault(kind, document.name) != document.name:
            raise InputError(
                f"input `{document.name}`: is of the same kind as `{names[kind]}`",
                advice="give one export of each kind",
            )
        row = {key: value for key, value in document.value.items() if not key.startswith("_")}
        held = pages.setdefault(kind, {"value": []})["value"]
        if _is_new(row, ids, document.name):
            held.append(row)
    scope_id, tenant = _ids(pages, names, documents[0].name)
    removed = sum(without_traces(page) for page in pages.values())
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.EXPORT,
        tool_version=__version__,
        collected_at=reading.now,
        scopes=(Scope("azure", "subscription", scope_id, presence=reading.presence),),
        units=tuple(_units(pages, names, scope_id, tenant or scope_id)),
        redactions=removed,
    )


def _is_new(row: JsonObject, ids: dict[str, JsonObject], name: str) -> bool:
    """Return whether a row was not there before; one of the same id that says something else is refused."""
    key = str(row.get("id") or "").lower()
    if not key:
        return True
    if ids.setdefault(key, row) == row:
        return ids[key] is row
    raise InputError(f"input `{name}`: two rows with the id `{shown(key, 200)}` say different things")


def _ids(pages: dict[str, JsonObject], names: dict[str, str], name: str) -> tuple[str, str]:
    """Return the subscription's id and, where service principals tell it, the tenant's."""
    found = {
        match[1].lower()
        for kind in (kinds.ROLE_ASSIGNMENTS, kinds.ROLE_DEFINITIONS)
        for scope in _scopes(pages.get(kind, {}), names.get(kind, name))
        if (match := _SUBSCRIPTION.match(scope))
    }
    if len(found) > 1:
        raise InputError(
            f"input `{name}`: of several subscriptions: {', '.join(sorted(found))}",
            advice="scan each subscription's exports on their own",
        )
    if not found:
        raise InputError(
            f"input `{name}`: no scope in it names a subscription",
            advice="add the output of `az role assignment list --all` to the directory",
        )
    # az prints who owns an application, which for Porter's own registration here is this tenant.
    owners = {
        str(row.get("appOwnerOrganizationId"))
        for row in pages.get(kinds.SERVICE_PRINCIPALS, {}).get("value", [])
        if row.get("appOwnerOrganizationId")
    }
    return found.pop(), owners.pop().lower() if len(owners) == 1 else ""


def _scopes(page: JsonObject, name: str) -> Iterator[str]:
    for row in page.get("value", []):
        inner = row.get("properties") or {}
        fields = {**inner, **row} if isinstance(inner, dict) else row
        scopes = fields.get("assignableScopes", [])
        if not isinstance(inner, dict) or not isinstance(scopes, list):
            raise InputError(f"input `{name}`: a row whose `properties` or `assignableScopes` are of the wrong type")
        yield str(fields.get("scope") or "")
        yield from map(str, scopes)


def _units(
    pages: dict[str, JsonObject], names: dict[str, str], subscription: str, tenant: str
) -> Iterator[Unit]:
    held = dict(pages)
    for kind, of, key in _INLINE:
        rows = pages.get(of, {}).get("value", [])
        if any(not isinstance(row.get(key, []), list) for row in rows):
            raise InputError(
                f"input `{names[of]}`: a row whose `{key}` is no list",
                advice=f"leave `{key}` out where it is not known: null would read as none",
            )
        if rows and all(key in row for row in rows):
            held[kind] = {"value": []}
    for unit in (*kinds.AZURE_UNIT_KINDS, *kinds.ENTRA_UNIT_KINDS):
        entra = unit.kind.startswith("entra.")
        page = held.get(unit.kind)
        absent = UnitError("NotInInput", "the input is made of lists that do not hold this")
        lacking = _lacking(unit.kind, page) if page else None
        yield Unit(
            unit_id=kinds.azure_unit_id(tenant if entra else subscription, unit.kind),
            kind=unit.kind,
            cloud="azure",
            scope_id=tenant if entra else subscription,
            region="global",
            required=unit.required,
            status=_status(page, lacking),
            apis=azure_apis_of(unit.kind),
            pages=() if page is None or unit.kind not in pages else (page,),
            items=len(page["value"]) if page else 0,
            error=absent if page is None else lacking,
        )


def _status(page: JsonObject | None, lacking: UnitError | None) -> UnitStatus:
    if page is None:
        return UnitStatus.NOT_IN_INPUT
    return UnitStatus.TRUNCATED if lacking else UnitStatus.COMPLETE


def _lacking(kind: str, page: JsonObject) -> UnitError | None:
    """Return why a list does not tell which credentials there are, as one that `--query` cut down."""
    return credentials_left_out(page["value"]) if kind in (kinds.APPLICATIONS, kinds.SERVICE_PRINCIPALS) else None

"""Resource Manager's answers, and what the command line prints of them, as one subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from scanner.errors import InputError
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.inventory_azure import (
    AzureDenyAssignment,
    AzureProvider,
    AzureRoleAssignment,
    AzureRoleDefinition,
    AzureSubscription,
    LighthouseAssignment,
)
from scanner.model.snapshot import Scope, Snapshot, Unit, UnitStatus
from scanner.normalize import entra
from scanner.normalize.azure_rows import Row, rows_of
from scanner.normalize.azure_workloads import aks_cluster, identities
from scanner.normalize.pointer import child, optional_text, record, records, text, texts

T = TypeVar("T")

def azure_subscription(snapshot: Snapshot, scope: Scope) -> AzureSubscription:
    """Return one subscription of the snapshot. Raises `InputError` (unit and JSON pointer) on a malformed answer."""
    own = [unit for unit in snapshot.units if unit.scope_id == scope.id]
    tenant_id, state = _self(own)
    tenants = {unit.scope_id for unit in snapshot.units if unit.kind.startswith("entra.")}
    tenant_id = tenant_id or min(tenants, default="")
    graph = [u for u in snapshot.units if u.kind.startswith("entra.") and u.scope_id in (tenant_id, scope.id)]
    with _naming(own):
        active = _all(own, kinds.ROLE_ASSIGNMENTS, _assignment)
        return AzureSubscription(
            subscription_id=scope.id,
            tenant_id=tenant_id,
            scope=scope,
            state=state,
            definitions=_all(own, kinds.ROLE_DEFINITIONS, _definition),
            assignments=(*active, *_eligible(own)),
            denies=_all(own, kinds.DENY_ASSIGNMENTS, _deny),
            providers=_all(own, kinds.PROVIDERS, _provider),
            identities=identities(own),
            clusters=_all(own, kinds.AKS_CLUSTERS, aks_cluster),
            clusters_read=any(u.kind == kinds.AKS_CLUSTERS and u.status is UnitStatus.COMPLETE for u in own),
            lighthouse=_all(own, kinds.LIGHTHOUSE, _lighthouse),
            managed_by=_managed_by(own),
            reported_assignments=_reported(own),
            applications=entra.applications(graph),
            principals=entra.principals(graph),
            gone=entra.gone(graph),
            deleted=entra.deleted(graph),
        )


def _all(units: list[Unit], kind: str, read: Callable[[Row], T | None]) -> tuple[T, ...]:
    found = [read(row) for unit in units if unit.kind == kind for row in rows_of(unit)]
    return tuple(one for one in found if one is not None)


@contextmanager
def _naming(units: list[Unit]) -> Iterator[None]:
    """Name the subscription in front of what a reader found wrong."""
    try:
        yield
    except InputError as error:
        raise InputError(f"subscription `{units[0].scope_id if units else ''}`: {error}") from error


def _self(units: list[Unit]) -> tuple[str, str]:
    for unit in units:
        if unit.kind == kinds.SUBSCRIPTION:
            for page in unit.pages:
                return str(page.get("tenantId") or "").lower(), str(page.get("state") or "")
    return "", ""


def _managed_by(units: list[Unit]) -> tuple[str, ...]:
    pages = (page for unit in units if unit.kind == kinds.SUBSCRIPTION for page in unit.pages)
    rows = (row for page in pages for row in records(page, "managedByTenants", "/0"))
    return tuple(sorted({text(row, "tenantId", at).lower() for at, row in rows}))


def _last(value: str) -> str:
    return value.rstrip("/").rpartition("/")[2].lower()


def _definition(row: Row) -> AzureRoleDefinition:
    evidence, at, raw = row
    role_id = _last(text(raw, "id", at))
    kind = raw.get("roleType") or raw.get("_type")
    body: JsonObject = {"name": role_id, "permissions": raw.get("permissions")}
    scopes = texts(raw, "assignableScopes", at)
    name = optional_text(raw, "roleName", at)
    if name is None:
        # Of a plan it may be empty: known only after apply, and said to be. Nameless, a role of Porter's is not seen.
        raise InputError(f"{child(at, 'roleName')}: is missing")
    return AzureRoleDefinition(
        id=text(raw, "id", at),
        role_id=role_id,
        name=name,
        kind=str(kind or ""),
        description=optional_text(raw, "description", at) or "",
        assignable_scopes=scopes,
        body=body,
        evidence=evidence,
    )


def _assignment(row: Row, *, eligible: bool = False) -> AzureRoleAssignment:
    evidence, at, raw = row
    principal = text(raw, "principalId", at).lower()
    role = text(raw, "roleDefinitionId", at)
    condition = optional_text(raw, "condition", at) or None
    kind = optional_text(raw, "principalType", at) or ""
    scope = text(raw, "scope", at)
    body = {
        "roleDefinitionId": role,
        "principalId": principal,
        "principalType": kind,
        "scope": scope,
        "condition": condition,
    }
    return AzureRoleAssignment(
        id=text(raw, "id", at),
        role_definition_id=role,
        role_id=_last(role),
        principal_id=principal,
        principal_type=kind,
        scope=scope,
        body=body,
        evidence=evidence,
        condition=condition,
        eligible=eligible,
        role_name=optional_text(raw, "roleDefinitionName", at) or "",
    )


def _eligible(units: list[Unit]) -> Iterator[AzureRoleAssignment]:
    """Yield the eligible schedules, and of their instances those that no listed schedule stands behind."""
    rows = [row for unit in units if unit.kind == kinds.ELIGIBLE_ASSIGNMENTS for row in rows_of(unit)]
    schedules = [row for row in rows if "roleEligibilityScheduleId" not in row[2]]
    listed = {_last(text(raw, "id", at)) for _, at, raw in schedules}
    seen = {_eligible_key(raw) for _, _, raw in schedules}
    for row in schedules:
        yield _assignment(row, eligible=True)
    for row in rows:
        behind = optional_text(row[2], "roleEligibilityScheduleId", row[1])
        # What a group or a management group hands down may show as an instance alone.
        if behind is not None and (_last(behind) not in listed or _eligible_key(row[2]) not in seen):
            yield _assignment(row, eligible=True)


def _eligible_key(raw: JsonObject) -> tuple[str, ...]:
    return tuple(str(raw.get(key) or "").lower() for key in ("principalId", "roleDefinitionId", "scope"))


def _deny(row: Row) -> AzureDenyAssignment:
    evidence, at, raw = row
    excluded = records(raw, "excludePrincipals", at)
    keys = ("permissions", "scope", "doNotApplyToChildScopes", "principals", "excludePrincipals", "condition")
    body = {key: raw[key] for key in keys if raw.get(key) is not None}
    return AzureDenyAssignment(
        id=text(raw, "id", at),
        name=optional_text(raw, "denyAssignmentName", at) or _last(text(raw, "id", at)),
        scope=text(raw, "scope", at),
        principals=tuple(text(p, "id", where).lower() for where, p in records(raw, "principals", at)),
        excluded=tuple(text(p, "id", where).lower() for where, p in excluded),
        body={"type": "Microsoft.Authorization/denyAssignments", **body},
        evidence=evidence,
    )


def _provider(row: Row) -> AzureProvider:
    evidence, at, raw = row
    return AzureProvider(text(raw, "namespace", at), optional_text(raw, "registrationState", at) or "", evidence)


def _lighthouse(row: Row) -> LighthouseAssignment:
    evidence, at, raw = row
    definition = record(raw, "registrationDefinition", at)
    below = child(at, "registrationDefinition")
    properties = record(definition, "properties", below) or definition
    granted: list[tuple[str, str, str]] = []
    for key in ("authorizations", "eligibleAuthorizations"):
        for where, one in records(properties, key, below):
            name = optional_text(one, "principalIdDisplayName", where) or ""
            granted.append((text(one, "principalId", where).lower(), _last(text(one, "roleDefinitionId", where)), name))
    return LighthouseAssignment(
        id=text(raw, "id", at),
        name=optional_text(properties, "registrationDefinitionName", below) or "",
        managing_tenant=optional_text(properties, "managedByTenantId", below) or "",
        authorizations=tuple(granted),
        evidence=evidence,
        tenant_name=optional_text(properties, "managedByTenantName", below) or "",
    )


def _reported(units: list[Unit]) -> int | None:
    for unit in units:
        if unit.kind == kinds.ASSIGNMENT_METRICS:
            for page in unit.pages:
                count = page.get("roleAssignmentsCurrentCount")
                return count if isinstance(count, int) and not isinstance(count, bool) else None
    return None

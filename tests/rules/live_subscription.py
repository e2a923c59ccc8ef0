"""A small language for Azure subscriptions as rules see them: the documented tenant, and what a case changes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from scanner.baseline.load import find, load_azure
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.variables_azure import bind_azure
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import AzurePlan, AzureState, documented_tenant
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.azure_context import AzureContext, build_azure_context, documented_body
from scanner.rules.base import Settings

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
FEDERATED = {
    "name": "porter-project-7",
    "issuer": "https://0f0f0f0f-0000-4000-8000-000000000000.tokens.sts.global.api.aws",
    "subject": "arn:aws:iam::108458755588:role/porter-azure-fic-7",
    "audiences": ["api://AzureADTokenExchange"],
}


@cache
def bound_baseline(version: str, parameters: bool = True) -> AzureBaseline:
    baseline = load_azure(find(f"porter@{version}"))
    values = {"subscription_id": "bbbbbbbb-0000-4000-8000-000000000002"}
    if parameters and any(variable.name == "porter_aws_account" for variable in baseline.variables):
        values["porter_aws_account"] = "108458755588"
    return bind_azure(baseline, values)


def plan_of(baseline: AzureBaseline) -> AzurePlan:
    role, application = baseline.role_definitions[0], baseline.applications[0]
    return AzurePlan(
        application=application.key,
        role_name=role.key,
        role_description=role.description,
        permissions=tuple(documented_body(role)["permissions"]),
        app_roles=tuple(claim.id for claim in application.app_roles),
        providers=tuple(provider.namespace for provider in baseline.providers),
        secret_days=application.secrets.max_age_days,
        federated=(FEDERATED,) if application.federated_credentials else (),
    )


def context(case: JsonObject) -> AzureContext:
    """Return the context of a case's subscription."""
    baseline = bound_baseline(case.get("baseline", "2026-05"), case.get("parameters", True))
    state = documented_tenant(plan_of(baseline), now=AS_OF)
    if case.get("start") == "empty":
        for name in ("applications", "servicePrincipals"):
            state.rows(name).clear()
        state.rows("roleDefinitions").pop()
        state.rows("roleAssignments").pop(0)
    apply_azure(state, case.get("do", []))
    inventory = normalize(snapshot_of(state, case))
    settings = Settings(
        has_previous="previous" in case,
        previous_credentials=_previous(state, case.get("previous"), case.get("previous_without")),
    )
    return build_azure_context(inventory.azure[0], inventory, baseline, settings, AS_OF)


def _previous(
    state: AzureState, names: list[str] | None, without: str | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what the run before saw of each application and principal: the credentials of these names."""
    if names is None:
        return ()
    rows = [row for kind in ("applications", "servicePrincipals") if kind != without for row in state.rows(kind)]
    return tuple(
        (row["id"], tuple(c["keyId"] for c in row["passwordCredentials"] if c["displayName"] in names))
        for row in rows
    )


_LISTS = {
    kinds.ROLE_DEFINITIONS: ("roleDefinitions",),
    kinds.ROLE_ASSIGNMENTS: ("roleAssignments",),
    kinds.DENY_ASSIGNMENTS: ("denyAssignments",),
    kinds.ELIGIBLE_ASSIGNMENTS: ("roleEligibilitySchedules", "roleEligibilityScheduleInstances"),
    kinds.PROVIDERS: ("providers",),
    kinds.LIGHTHOUSE: ("registrationAssignments",),
    kinds.MANAGED_IDENTITIES: ("userAssignedIdentities",),
    kinds.AKS_CLUSTERS: ("managedClusters",),
    kinds.APPLICATIONS: ("applications",),
    kinds.SERVICE_PRINCIPALS: ("servicePrincipals",),
}
_BELOW = {
    kinds.FEDERATED_CREDENTIALS: (("federatedIdentityCredentials", "ListFederatedIdentityCredentials"),),
    kinds.APP_ROLE_ASSIGNMENTS: (("appRoleAssignments", "ListAppRoleAssignments"),),
    kinds.DELEGATED_GRANTS: (("oauth2PermissionGrants", "ListDelegatedGrants"),),
    kinds.OWNERS: (("owners", "ListApplicationOwners"), ("owners", "ListServicePrincipalOwners")),
    kinds.MEMBERSHIPS: (("memberOf", "ListMemberships"),),
}


def _pages(state: AzureState, kind: str, case: JsonObject) -> list[JsonObject]:
    if kind == kinds.SUBSCRIPTION:
        return [state.subscription]
    if kind == kinds.ASSIGNMENT_METRICS:
        return [{"roleAssignmentsCurrentCount": case.get("counted", len(state.rows("roleAssignments")))}]
    pages: list[JsonObject] = [{"value": state.rows(name)} for name in _LISTS.get(kind, ())]
    if kind == kinds.MANAGED_IDENTITIES:
        pages += [_credentials(state, row) for row in state.rows("userAssignedIdentities")]
    if kind == kinds.SERVICE_PRINCIPALS and not case.get("unlooked"):
        pages += _absent(state)
    if kind == kinds.DELETED_ITEMS:
        for name, operation in (
            ("deletedApplications", "ListDeletedApplications"),
            ("deletedServicePrincipals", "ListDeletedServicePrincipals"),
        ):
            pages.append({CALL: {"operation": operation, "params": {}}, "value": state.rows(name)})
    if kind == kinds.DIRECTORY_ROLES:
        for row in state.rows("directoryRoles"):
            call = {"operation": "ListDirectoryRoleAssignments", "params": {"id": row["principalId"]}}
            pages.append({CALL: call, "value": [row]})
    for name, operation in _BELOW.get(kind, ()):
        for owner, rows in state.below.get(name, {}).items():
            pages.append({CALL: {"operation": operation, "params": {"id": owner}}, "value": rows})
    return pages


def _absent(state: AzureState) -> list[JsonObject]:
    """Return what a collector writes of holders of Porter's role that Graph does not know."""
    named = {row["id"].lower() for row in state.rows("roleDefinitions") if "porter" in row["properties"]["roleName"]}
    known = {row["id"] for row in state.rows("servicePrincipals")}
    held = (row["properties"] for row in state.rows("roleAssignments"))
    gone = sorted(
        p["principalId"]
        for p in held
        if p["roleDefinitionId"].lower() in named
        and p["principalType"] == "ServicePrincipal"
        and p["principalId"] not in known
    )
    said = {"Code": "Request_ResourceNotFound", "Message": "no such object"}
    return [{CALL: {"operation": "GetServicePrincipal", "params": {"id": one}, "error": said}} for one in gone]


def _credentials(state: AzureState, identity: JsonObject) -> JsonObject:
    params = {"resource_group_name": identity["id"].split("/")[4], "resource_name": identity["name"]}
    held = state.below.get("identityCredentials", {}).get(identity["name"].lower(), [])
    return {CALL: {"operation": "FederatedIdentityCredentials.List", "params": params}, "value": held}


def snapshot_of(state: AzureState, case: JsonObject) -> Snapshot:
    """Return what a collector would write, with the units that the case says were not read."""
    scope = Scope("azure", "subscription", state.subscription_id, "sub", presence=case.get("presence", "unknown"))
    unread: JsonObject = case.get("units", {})
    units = []
    for kind in (*kinds.AZURE_UNIT_KINDS, *kinds.ENTRA_UNIT_KINDS):
        status = UnitStatus(unread.get(kind.kind, "complete"))
        owner = state.tenant_id if kind.kind.startswith("entra.") else state.subscription_id
        pages: list[Any] = _pages(state, kind.kind, case) if status is not UnitStatus.DENIED else []
        error = UnitError("Forbidden", "denied") if status is not UnitStatus.COMPLETE else None
        name = kinds.azure_unit_id(owner, kind.kind)
        pages = msgspec.json.decode(msgspec.json.encode(pages))
        units.append(
            Unit(name, kind.kind, "azure", owner, "global", kind.required, status, (), tuple(pages), error=error)
        )
    return Snapshot(SNAPSHOT_SCHEMA, SourceKind.LIVE, "0", AS_OF, (scope,), tuple(units))

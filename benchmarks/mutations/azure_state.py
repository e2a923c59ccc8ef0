"""The Azure subscription and its tenant as the collector read them, with parts exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot

GROUP = "/providers/Microsoft.Management/managementGroups/root"
Rows = list[JsonObject]


class AzureState:
    """A snapshot of one subscription and its tenant, and how to make another from it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    # --- what is there

    def pages(self, kind: str) -> tuple[JsonObject, ...]:
        """Return the pages of a unit."""
        return next(u.pages for u in self.snapshot.units if u.kind == kind)

    def rows(self, kind: str, operation: str = "") -> Rows:
        """Return the rows of a list."""
        found = [p for p in self.pages(kind) if operation in ("", p["_call"]["operation"])]
        return [row for page in found for row in page.get("value", ())]

    @property
    def subscription(self) -> str:
        """Return the subscription's scope."""
        return f"/subscriptions/{next(s.id for s in self.snapshot.scopes if s.cloud == 'azure')}"

    @property
    def application(self) -> JsonObject:
        """Return the vendor's app registration."""
        return next(a for a in self.rows(kinds.APPLICATIONS) if "porter" in a["displayName"])

    @property
    def principal(self) -> JsonObject:
        """Return the vendor's service principal."""
        return next(p for p in self.rows(kinds.SERVICE_PRINCIPALS) if "porter" in p["displayName"])

    @property
    def role(self) -> JsonObject:
        """Return the vendor's role definition."""
        rows = self.rows(kinds.ROLE_DEFINITIONS)
        return next(r for r in rows if r["properties"]["roleName"].startswith("porter"))

    @property
    def block(self) -> JsonObject:
        """Return the permissions of the vendor's role."""
        found: JsonObject = self.role["properties"]["permissions"][0]
        return found

    def role_named(self, name: str) -> JsonObject:
        """Return a role definition."""
        return next(r for r in self.rows(kinds.ROLE_DEFINITIONS) if r["properties"]["roleName"] == name)

    def documents(self) -> list[JsonObject]:
        """Return definitions, assignments and deny assignments as the second evaluator takes them."""
        definitions = [{"name": r["name"], "permissions": _whole(r)} for r in self.rows(kinds.ROLE_DEFINITIONS)]
        assignments = [r["properties"] for r in self.rows(kinds.ROLE_ASSIGNMENTS)]
        eligible = [r["properties"] for r in self.rows(kinds.ELIGIBLE_ASSIGNMENTS)]
        denies = [{**r["properties"], "excludePrincipals": []} for r in self.rows(kinds.DENY_ASSIGNMENTS)]
        return [*definitions, *assignments, *eligible, *denies]

    def own_definitions(self) -> list[JsonObject]:
        """Return the vendor's role definition alone."""
        return [{"name": self.role["name"], "permissions": _whole(self.role)}]

    # --- with parts exchanged

    def with_pages(self, kind: str, pages: Iterable[JsonObject]) -> AzureState:
        """Return the state with other pages of a unit."""
        units = tuple(
            msgspec.structs.replace(u, pages=tuple(pages)) if u.kind == kind else u for u in self.snapshot.units
        )
        return AzureState(msgspec.structs.replace(self.snapshot, units=units))

    def edited(self, kind: str, edit: Callable[[Rows], Rows], operation: str = "", of: str = "") -> AzureState:
        """Return the state with the rows of a list rewritten; `of` is the id of the object that they hang below."""

        def is_it(page: JsonObject) -> bool:
            call = page["_call"]
            return operation in ("", call["operation"]) and of in ("", call["params"].get("id"))

        pages = [{**p, "value": edit(list(p["value"]))} if is_it(p) and "value" in p else p for p in self.pages(kind)]
        return self.with_pages(kind, pages)

    def added(self, kind: str, row: JsonObject, operation: str = "", of: str = "") -> AzureState:
        """Return the state with one more row in a list."""
        return self.edited(kind, lambda rows: [*rows, row], operation, of)

    def with_application(self, **facts: Any) -> AzureState:
        """Return the state with fields of the vendor's app registration changed."""
        own = self.application["id"]
        return self.edited(
            kinds.APPLICATIONS, lambda rows: [{**r, **facts} if r["id"] == own else r for r in rows]
        )

    def with_principal(self, **facts: Any) -> AzureState:
        """Return the state with fields of the vendor's service principal changed."""
        own = self.principal["id"]
        return self.edited(
            kinds.SERVICE_PRINCIPALS, lambda rows: [{**r, **facts} if r["id"] == own else r for r in rows]
        )

    def with_role(self, **facts: Any) -> AzureState:
        """Return the state with properties of the vendor's role definition changed."""
        own = self.role["id"]
        return self.edited(
            kinds.ROLE_DEFINITIONS,
            lambda rows: [{**r, "properties": {**r["properties"], **facts}} if r["id"] == own else r for r in rows],
        )

    def with_blocks(self, *blocks: JsonObject) -> AzureState:
        """Return the state with other permissions in the vendor's role definition."""
        return self.with_role(permissions=list(blocks))

    def assigned(
        self,
        role_id: str,
        principal_id: str,
        scope: str,
        *,
        kind: str = "ServicePrincipal",
        condition: str | None = None,
        eligible: bool = False,
    ) -> AzureState:
        """Return the state with one more role assignment, active or eligible."""
        head = f"{scope.rstrip('/')}/providers/Microsoft.Authorization"
        properties = {
            "roleDefinitionId": role_id,
            "principalId": principal_id,
            "principalType": kind,
            "scope": scope,
            "condition": condition,
        }
        name = "eeeeeeee-0000-4000-8000-000000000001"
        row = {"id": f"{head}/roleAssignments/{name}", "name": name, "properties": properties}
        if not eligible:
            return self.added(kinds.ROLE_ASSIGNMENTS, row)._counted()
        row["id"] = f"{head}/roleEligibilitySchedules/{name}"
        return self.added(kinds.ELIGIBLE_ASSIGNMENTS, row, "RoleEligibilitySchedules.ListForScope")

    def _counted(self) -> AzureState:
        """Return the state with the service's count of assignments as it would be: at and below the subscription."""
        own = [r["properties"]["scope"].lower() for r in self.rows(kinds.ROLE_ASSIGNMENTS)]
        number = sum(f"{scope.rstrip('/')}/".startswith(f"{self.subscription.lower()}/") for scope in own)
        pages = [{**p, "roleAssignmentsCurrentCount": number} for p in self.pages(kinds.ASSIGNMENT_METRICS)]
        return self.with_pages(kinds.ASSIGNMENT_METRICS, pages)

    def with_identity(
        self, name: str, number: int, *, kind: str = "Application", application: bool = True
    ) -> AzureState:
        """Return the state with one more service principal, and its app registration, each read as the vendor's."""
        app = {
            "id": f"a0000000-0000-4000-8000-00000000000{number}",
            "appId": f"c0000000-0000-4000-8000-00000000000{number}",
            "displayName": name,
            "passwordCredentials": [],
            "keyCredentials": [],
        }
        principal = {
            **app,
            "id": f"b0000000-0000-4000-8000-00000000000{number}",
            "servicePrincipalType": kind,
            "accountEnabled": True,
            "appOwnerOrganizationId": self.principal["appOwnerOrganizationId"],
        }
        state = self.added(kinds.SERVICE_PRINCIPALS, principal)
        if application:
            state = state.added(kinds.APPLICATIONS, {**app, "requiredResourceAccess": []})
            state = state._asked(kinds.FEDERATED_CREDENTIALS, app["id"], "ListFederatedIdentityCredentials")
            state = state._asked(kinds.OWNERS, app["id"], "ListApplicationOwners")
        for unit, operation in (
            (kinds.APP_ROLE_ASSIGNMENTS, "ListAppRoleAssignments"),
            (kinds.DELEGATED_GRANTS, "ListDelegatedGrants"),
            (kinds.OWNERS, "ListServicePrincipalOwners"),
            (kinds.MEMBERSHIPS, "ListMemberships"),
        ):
            state = state._asked(unit, principal["id"], operation)
        return state

    def _asked(self, kind: str, of: Any, operation: str) -> AzureState:
        page = {"_call": {"operation": operation, "params": {"id": of}}, "value": []}
        return self.with_pages(kind, [*self.pages(kind), page])


def _whole(role: JsonObject) -> Sequence[JsonObject]:
    empty: JsonObject = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}
    return [
        {**empty, **{k: v for k, v in block.items() if v is not None}} for block in role["properties"]["permissions"]
    ]

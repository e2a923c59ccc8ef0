"""The Azure and Entra resources of a Terraform plan as a subscription with the access that it will have.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/role_assignment,
https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/application and their neighbours.
Object ids are given on creation; until then an address stands for them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from scanner.collect.azure.allowlist import azure_apis_of
from scanner.collect.exports.gaad import Reading
from scanner.collect.planned.plan_azure_roles import DEFINITIONS, built_in_id, built_in_rows, permission_blocks
from scanner.collect.planned.plan_changes import LATER, Change, PlanChanges
from scanner.collect.planned.units import PlannedUnits, planned_part, planned_scope
from scanner.collect.strict_json import shown
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Scope, Snapshot

NO_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the subscription where neither the plan nor the user names one."""
UNNAMED: Final = "subscription not named: give --param subscription_id=..."

_DEFINITION: Final = "azurerm_role_definition"
_ASSIGNMENT: Final = "azurerm_role_assignment"
_IDENTITY: Final = "azurerm_user_assigned_identity"
_APPLICATIONS: Final = ("azuread_application", "azuread_application_registration")
_PRINCIPAL: Final = "azuread_service_principal"
_PASSWORD: Final = "azuread_application_password"
_FEDERATED: Final = "azuread_application_federated_identity_credential"
_APP_ROLE: Final = "azuread_app_role_assignment"
_READ: Final = frozenset(
    {_DEFINITION, _ASSIGNMENT, *_APPLICATIONS, _PRINCIPAL, _PASSWORD, _FEDERATED, _APP_ROLE, _IDENTITY}
)
_OPAQUE: Final = re.compile(
    r"azurerm_(?:role_management_policy|pim_\w+|marketplace_role_assignment|lighthouse_\w+|resource_group_template_\w+"
    r"|subscription_template_\w+|template_deployment|federated_identity_credential)|azapi_\w+"
    r"|azuread_(?:directory_role\w*|group_member|group|service_principal_\w+|application_(?:certificate|owner|\w*access)"
    r"|privileged_\w+|custom_directory_role)"
)
"""Types that are, or can make, access of their own, and are not read here."""

_SUBSCRIPTION: Final = re.compile(r"/subscriptions/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:/|$)")
_OF_ACCESS: Final = (kinds.ROLE_ASSIGNMENTS, kinds.SERVICE_PRINCIPALS, kinds.APPLICATIONS)


def azure_snapshot(changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> Snapshot:
    """Return the Azure part of a plan: one subscription and its tenant."""
    plan = _AzurePlan(changes, reading, elsewhere)
    made = plan.planned()
    subscription, tenant = plan.subscription, plan.tenant
    scope = Scope(
        cloud="azure",
        kind="subscription",
        id=subscription,
        name=UNNAMED if subscription == NO_SUBSCRIPTION else None,
        presence=reading.presence,
    )

    def owner(kind: str) -> str:
        return tenant if kind.startswith("entra.") else subscription

    units = planned_scope(
        scope,
        made,
        (*kinds.AZURE_UNIT_KINDS, *kinds.ENTRA_UNIT_KINDS),
        unit_id=lambda kind: kinds.azure_unit_id(owner(kind), kind),
        apis=azure_apis_of,
        scope_of=owner,
    )
    return planned_part(reading, [scope], units)


class _AzurePlan:
    """The Azure part of one plan on its way to a subscription."""

    def __init__(self, changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> None:
        self._changes = changes
        self._elsewhere = elsewhere
        self._now = reading.now
        self._made = PlannedUnits()
        self.subscription = self._named_subscription(reading)
        self.tenant = changes.provider_value("azuread", "tenant_id").lower() or self.subscription
        self._applications: dict[str, JsonObject] = {}
        """Address -> row of the list of applications."""
        self._principals: dict[str, JsonObject] = {}

    def planned(self) -> PlannedUnits:
        """Return what the plan makes; applications and definitions first, since others refer to them."""
        made = self._made
        made.open(kinds.ROLE_DEFINITIONS, kinds.ROLE_ASSIGNMENTS, kinds.APPLICATIONS, kinds.SERVICE_PRINCIPALS)
        made.open(kinds.FEDERATED_CREDENTIALS, kinds.APP_ROLE_ASSIGNMENTS)
        self._list(kinds.ROLE_DEFINITIONS, "RoleDefinitions.List", self._definitions())
        for change in self._changes.of(*_APPLICATIONS):
            self._application(change)
        for change in self._changes.of(_PRINCIPAL):
            self._principal(change)
        self._known_principals()
        for change in self._changes.of(_PASSWORD):
            self._password(change)
        assignments = [row for c in self._changes.of(_ASSIGNMENT) if (row := self._assignment(c)) is not None]
        self._list(kinds.ROLE_ASSIGNMENTS, "RoleAssignments.ListForSubscription", assignments)
        self._list(kinds.APPLICATIONS, "ListApplications", list(self._applications.values()))
        self._list(kinds.SERVICE_PRINCIPALS, "ListServicePrincipals", list(self._principals.values()))
        for change in self._changes.of(_FEDERATED):
            self._federated(change)
        for change in self._changes.of(_APP_ROLE):
            self._app_role(change)
        self._say()
        return made

    def _list(self, kind: str, operation: str, rows: list[JsonObject]) -> None:
        self._made.add(kind, operation, {}, {"value": rows})

    def _named_subscription(self, reading: Reading) -> str:
        """Return the subscription: the user's, the provider's, that of data sources, or the one that scopes name."""
        written = reading.subscription_id or self._changes.provider_value("azurerm", "subscription_id")
        if written:
            return written.lower()
        known = {
            str(values.get("subscription_id")).lower()
            for kind, values in self._changes.prior_values()
            if kind in ("azurerm_subscription", "azurerm_client_config") and values.get("subscription_id")
        }
        if not known:
            texts = (change.text("scope") for change in self._changes.of(_DEFINITION, _ASSIGNMENT))
            known = {match[1].lower() for text in texts if (match := _SUBSCRIPTION.match(text))}
        return next(iter(known)) if len(known) == 1 else NO_SUBSCRIPTION

    @property
    def _root(self) -> str:
        return f"/subscriptions/{self.subscription}"

    def _definition_id(self, change: Change) -> str:
        own = change.text("role_definition_id") or f"planned-{change.address}"
        return f"{self._root}{DEFINITIONS}{own}"

    def _definitions(self) -> list[JsonObject]:
        rows = built_in_rows(self._root)
        return rows + [self._definition(change) for change in self._changes.of(_DEFINITION)]

    def _definition(self, change: Change) -> JsonObject:
        for key in ("name", "permissions"):
            if not change.known(key) or change.after.get(key) is None:
                self._made.lose(f"{change.where}: `{key}` is {LATER}", kinds.ROLE_DEFINITIONS)
        scopes = change.texts("assignable_scopes")
        if not change.known("assignable_scopes") and change.configures("assignable_scopes"):
            self._made.lose(f"{change.where}: `assignable_scopes` is {LATER}", kinds.ROLE_DEFINITIONS)
        return {
            "id": self._definition_id(change),
            "properties": {
                "roleName": change.text("name"),
                "type": "CustomRole",
                "description": change.text("description"),
                "permissions": permission_blocks(change),
                "assignableScopes": scopes or [change.text("scope") or self._root],
            },
        }

    def _assignment(self, change: Change) -> JsonObject | None:
        role = self._assigned_role(change)
        principal = self._object_id(change, "principal_id")
        scope = change.text("scope")
        for what, found in (("role", role), ("principal", principal), ("scope", scope)):
            if not found:
                self._made.lose(f"{change.where}: its {what} is {LATER}", kinds.ROLE_ASSIGNMENTS)
        if not change.known("condition") and change.configures("condition"):
            self._made.lose(f"{change.where}: its condition is {LATER}", kinds.ROLE_ASSIGNMENTS)
        if not (role and principal and scope):
            return None
        kind = change.text("principal_type") or ("ServicePrincipal" if principal.startswith("planned-") else "")
        self._know(change, principal, kind)
        return {
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/planned-{change.address}",
            "properties": {
                "roleDefinitionId": role,
                "principalId": principal,
                "principalType": kind,
                "scope": scope,
                "condition": change.text("condition") or None,
                "roleDefinitionName": change.text("role_definition_name"),
            },
        }

    def _know(self, change: Change, principal: str, kind: str) -> None:
        """Say of a holder that the plan names by its id alone that whose it is is not known."""
        read = {row["id"] for row in self._principals.values()}
        if kind in ("", "ServicePrincipal") and not principal.startswith("planned-") and principal not in read:
            reason = f"{change.where}: whose principal {shown(principal, 60)} is, the plan does not say"
            self._made.lose(reason, kinds.SERVICE_PRINCIPALS)

    def _known_principals(self) -> None:
        """Take over the service principals that data sources have read already."""
        for kind, values in self._changes.prior_values():
            own, client = values.get("object_id"), values.get("client_id") or values.get("application_id")
            if kind == _PRINCIPAL and isinstance(own, str) and isinstance(client, str):
                self._principals.setdefault(
                    f"known {own}",
                    {
                        "id": own.lower(),
                        "appId": client,
                        "displayName": str(values.get("display_name") or ""),
                        "servicePrincipalType": str(values.get("type") or "Application"),
                        "accountEnabled": values.get("account_enabled") is not False,
                    },
                )

    def _assigned_role(self, change: Change) -> str:
        if role := change.text("role_definition_id"):
            return role
        if name := change.text("role_definition_name"):
            custom = next((c for c in self._changes.of(_DEFINITION) if c.text("name") == name), None)
            if custom is not None:
                return self._definition_id(custom)
            return f"{self._root}{DEFINITIONS}{built_in_id(name) or f'named-{name}'}"
        attributes = ("role_definition_resource_id", "role_definition_id", "id")
        found = self._changes.referred(change, "role_definition_id", _DEFINITION, attributes)
        return self._definition_id(found) if found else ""

    def _object_id(self, change: Change, key: str) -> str:
        """Return the principal of an attribute: known, or the address of the one resource it is taken from."""
        if known := change.text(key):
            return known.lower()
        found = self._changes.referred(change, key, _PRINCIPAL, ("object_id", "id"))
        if found is not None:
            return str(self._principals.get(found.address, {}).get("id") or _planned(found))
        makers = self._changes.made_of(change, key)
        # The identity of another resource of the plan: whoever it is, it is no service principal of an application.
        return f"planned-identity-of-{change.address}".lower() if makers and all(map(_is_resource, makers)) else ""

    def _application(self, change: Change) -> None:
        name = change.text("display_name")
        if not name:
            self._made.lose(f"{change.where}: its name is {LATER}", kinds.APPLICATIONS)
        for key in ("required_resource_access", "password"):
            if not change.known(key) and change.configures(key):
                self._made.lose(f"{change.where}: `{key}` is {LATER}", kinds.APPLICATIONS)
        secrets = [self._secret(change, block, number) for number, block in enumerate(change.blocks("password"))]
        self._applications[change.address] = {
            "id": change.text("object_id").lower() or _planned(change),
            "appId": _client(change),
            "displayName": name,
            "passwordCredentials": secrets,
            "keyCredentials": [],
            "requiredResourceAccess": [
                _requested(change, block) for block in change.blocks("required_resource_access")
            ],
        }

    def _secret(self, change: Change, block: JsonObject, number: int) -> JsonObject:
        """Return dates and name of a secret; its value is never read."""
        start, end = block.get("start_date"), block.get("end_date")
        relative = _hours(block.get("end_date_relative"))
        if not isinstance(end, str) and relative is not None:
            start, end = self._now.isoformat(), (self._now + timedelta(hours=relative)).isoformat()
        if not _is_date(end):
            self._made.lose(f"{change.where}: when the secret ends is {LATER}", kinds.APPLICATIONS)
        dates = {"startDateTime": start, "endDateTime": end}
        return {
            "keyId": f"{_planned(change)}-{number}",
            "displayName": str(block.get("display_name") or ""),
            **{key: value for key, value in dates.items() if _is_date(value)},
        }

    def _password(self, change: Change) -> None:
        application = self._application_of(change)
        if application is None:
            self._made.lose(f"{change.where}: its application is not known before apply", kinds.APPLICATIONS)
        else:
            application["passwordCredentials"].append(self._secret(change, change.after, 0))

    def _application_of(self, change: Change) -> JsonObject | None:
        """Return the planned application that a resource belongs to, by its id or by reference."""
        for key in ("application_id", "application_object_id"):
            if known := change.text(key).rpartition("/")[2].lower():
                return next((row for row in self._applications.values() if row["id"] == known), None)
            for kind in _APPLICATIONS:
                found = self._changes.referred(change, key, kind, ("id", "object_id"))
                if found is not None:
                    return self._applications.get(found.address)
        return None

    def _principal(self, change: Change) -> None:
        client = change.text("client_id") or change.text("application_id")
        name = change.text("display_name")
        found = None
        for key in ("client_id", "application_id"):
            for kind in _APPLICATIONS:
                found = found or self._changes.referred(change, key, kind, ("client_id", "application_id"))
        if found is not None:
            client, name = client or _client(found), name or found.text("display_name")
        if not client or not name:
            self._made.lose(f"{change.where}: of which application it is, is {LATER}", kinds.SERVICE_PRINCIPALS)
        self._principals[change.address] = {
            "id": change.text("object_id").lower() or _planned(change),
            "appId": client,
            "displayName": name,
            "servicePrincipalType": "Application",
            "accountEnabled": change.after.get("account_enabled") is not False,
        }

    def _federated(self, change: Change) -> None:
        application = self._application_of(change)
        for key in ("issuer", "subject", "audiences"):
            if not change.known(key):
                self._made.lose(f"{change.where}: `{key}` is {LATER}", kinds.FEDERATED_CREDENTIALS)
        if application is None:
            reason = f"{change.where}: its application is not known before apply, or not in the plan"
            self._made.lose(reason, kinds.FEDERATED_CREDENTIALS)
            return
        row = {
            "name": change.text("display_name"),
            "issuer": change.text("issuer"),
            "subject": change.text("subject"),
            "audiences": change.texts("audiences"),
        }
        operation = "ListFederatedIdentityCredentials"
        self._made.add(kinds.FEDERATED_CREDENTIALS, operation, {"id": application["id"]}, {"value": [row]})

    def _app_role(self, change: Change) -> None:
        principal, role = self._object_id(change, "principal_object_id"), change.text("app_role_id").lower()
        if not principal or not role:
            what = "principal" if not principal else "permission"
            self._made.lose(f"{change.where}: its {what} is {LATER}", kinds.APP_ROLE_ASSIGNMENTS)
            return
        row = {"appRoleId": role, "resourceDisplayName": change.text("resource_display_name")}
        self._made.add(kinds.APP_ROLE_ASSIGNMENTS, "ListAppRoleAssignments", {"id": principal}, {"value": [row]})

    def _say(self) -> None:
        """Say what else is in the plan; what may give access keeps the lists from counting as whole."""
        stays, deleted = self._changes.lost_and_deleted(_READ)
        types = self._changes.others(_READ, self._elsewhere)
        unread = [shown(kind) for kind in sorted(types) if _OPAQUE.fullmatch(kind)]
        opaque = [f"`{kind}` is not read and can make access of its own" for kind in unread]
        for reason in (*self._changes.unfinished(), *stays, *opaque):
            self._made.lose(reason, *_OF_ACCESS)
        self._made.notes += deleted
        if types:
            named = ", ".join(f"{shown(kind)} ({types[kind]})" for kind in sorted(types))
            self._made.notes.append(f"other resources, not judged: {named}")


def _planned(change: Change) -> str:
    """Return what stands for an object's id before it has one."""
    return f"planned-{change.address}".lower()


def _is_resource(kind: str) -> bool:
    return kind.startswith("azurerm_")


def _client(change: Change) -> str:
    return change.text("client_id") or change.text("application_id") or f"client-of-{change.address}"


def _requested(change: Change, block: JsonObject) -> JsonObject:
    rows = block.get("resource_access") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise change.odd("resource_access", "is not made of objects")
    return {
        "resourceAppId": str(block.get("resource_app_id") or ""),
        "resourceAccess": [{"id": str(row.get("id") or ""), "type": str(row.get("type") or "")} for row in rows],
    }


def _is_date(value: object) -> bool:
    """Return whether a value is a date as the provider writes it."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _hours(text: object) -> float | None:
    """Return a duration such as `8760h` in hours, or None where it is not written so."""
    found = re.fullmatch(r"(\d{1,6})h(?:(\d{1,2})m)?", text) if isinstance(text, str) else None
    return int(found[1]) + int(found[2] or 0) / 60 if found else None

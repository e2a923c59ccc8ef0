"""Every mutant and rewrite of the Azure subscription and its tenant."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.azure_entra import entra_changes
from mutations.azure_rewrites import azure_rewrites
from mutations.azure_sampling import AzureTrial
from mutations.azure_state import GROUP, AzureState
from mutations.records import JUDGED, Kind, Mutant, Mutants
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, AzureState]
_ABOVE = "00000000-aaaa-4000-8000-000000000009"


def _kind(name: str, *must: str, **more: object) -> Kind:
    return Kind(name, frozenset(must), **more)  # type: ignore[arg-type]


_GIVES = frozenset({"AZURE-ASSIGN-007"})
_TWO = frozenset({"AZURE-ASSIGN-001", "AZURE-ASSIGN-007"})
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("exclusion removed", "AZURE-ROLE-001", access=True),
        _kind("exclusion narrowed", "AZURE-ROLE-001", access=True),
        _kind("data action added", "AZURE-ROLE-001", access=True),
        _kind("permissions block added", "AZURE-ROLE-001", access=True),
        _kind("action added", "AZURE-ROLE-001", access=True),
        _kind("assignable scope raised", "AZURE-ROLE-003"),
        _kind("undocumented custom role", "AZURE-ROLE-005"),
        _kind("role assigned", "AZURE-ASSIGN-001", may=_GIVES, access=True),
        _kind("role that gives out roles assigned", "AZURE-ASSIGN-001", "AZURE-ASSIGN-007", access=True),
        _kind("role assigned that adds nothing", "AZURE-ASSIGN-001", may=_GIVES),
        _kind("assignment raised", "AZURE-ASSIGN-001", may=_GIVES, access=True),
        _kind("eligible role", "AZURE-ASSIGN-003", may=_GIVES),
        _kind("role through a group", "AZURE-ASSIGN-004", may=_GIVES | {"AZURE-ASSIGN-002"}),
        _kind("directory role", "AZURE-ASSIGN-004"),
        _kind("other principal holds the role", "AZURE-ASSIGN-002", may=_TWO | {"AZURE-ASSIGN-003", "AZURE-APP-002"}),
        _kind("holder that is gone", "AZURE-ASSIGN-008"),
        _kind("subscription delegated to the vendor", "AZURE-ASSIGN-005"),
        _kind("subscription delegated elsewhere", "AZURE-ASSIGN-005", results=JUDGED),
        _kind("application permission granted", "AZURE-GRAPH-001"),
        _kind("application permission granted, not requested", "AZURE-GRAPH-001", "AZURE-GRAPH-002"),
        _kind("application permission requested only", "AZURE-GRAPH-002"),
        _kind("delegated permission", "AZURE-GRAPH-003"),
        _kind("permission of another application of the API's name", "AZURE-GRAPH-001"),
        _kind("second secret", any_of=frozenset({"AZURE-SECRET-003", "AZURE-SECRET-004"})),
        _kind("secret of more than a year", "AZURE-SECRET-002", may=frozenset({"AZURE-SECRET-004"})),
        _kind("secret without end", "AZURE-SECRET-002", may=frozenset({"AZURE-SECRET-004"})),
        _kind("secret about to end", "AZURE-SECRET-001", may=frozenset({"AZURE-SECRET-004"})),
        _kind("expired secret", "AZURE-SECRET-001", may=frozenset({"AZURE-SECRET-004"})),
        _kind("secret against the document", "AZURE-SECRET-004"),
        _kind("credential on the service principal", "AZURE-SECRET-005"),
        _kind("certificate", "AZURE-SECRET-005"),
        _kind("federated credential added", "AZURE-FED-001"),
        _kind("federated subject changed", "AZURE-FED-001", may=frozenset({"AZURE-FED-002"})),
        _kind("federated issuer changed", "AZURE-FED-001", may=frozenset({"AZURE-FED-002"})),
        _kind("federated audience changed", "AZURE-FED-001", may=frozenset({"AZURE-FED-002"})),
        _kind("federated credential of another project", "AZURE-FED-001", results=JUDGED),
        _kind("owner added", "AZURE-OWNER-001"),
        _kind("second application of the vendor's name", "AZURE-APP-002", may=frozenset({"AZURE-APP-003"})),
        _kind("managed identity of the vendor's name", "AZURE-APP-002", may=frozenset({"AZURE-FED-001"})),
        _kind("managed identity takes the vendor's tokens", "AZURE-FED-001"),
        _kind("deny assignment", "AZURE-DENY-001", results=JUDGED),
        _kind("provider unregistered", "AZURE-PROV-001"),
        _kind("documented grant removed", "AZURE-ROLE-004"),
        _kind(
            "role of another name",
            *("AZURE-ASSIGN-001", "AZURE-ROLE-002"),
            may=frozenset({"AZURE-ASSIGN-006", "AZURE-ASSIGN-007"}),
        ),
        _kind("role and application of another name", "AZURE-ROLE-005", results=JUDGED),
        _kind("double of the role", "AZURE-ROLE-005", results=JUDGED),
        _kind(
            "role of a managed identity of the vendor's name",
            *("AZURE-ASSIGN-001", "AZURE-APP-002"),
            may=_GIVES | {"AZURE-FED-001"},
        ),
        _kind("assignment removed", "AZURE-ASSIGN-006"),
    )
}
_GIVING = ("Owner", "User Access Administrator")


class AzureMutations:
    """Makes every mutant of one subscription and its tenant."""

    def __init__(self, state: AzureState) -> None:
        self._state = state

    def mutants(self) -> Mutants:
        """Yield every mutant and rewrite."""
        state = self._state
        for kind, where, after in (*_definition(state), *self._assignments()):
            trial = AzureTrial(state, after, (GROUP,))
            asks = KINDS[kind].access
            yield Mutant(
                *("azure", KINDS[kind], where, state.snapshot, after.snapshot),
                changed=trial.difference if asks else None,
                confirms=trial.confirms if asks else None,
            )
        for kind, where, after in (*_roles(state), *_holders(state), *_around(state), *entra_changes(state)):
            yield Mutant("azure", KINDS[kind], where, state.snapshot, after.snapshot)
        for kind, where, after in azure_rewrites(state):
            yield Mutant("azure", Kind(kind, rewrite=True), where, state.snapshot, after.snapshot)

    def _assignments(self) -> Iterator[Made]:
        state, me = self._state, self._state.principal["id"]
        sub = state.subscription
        scopes = (sub, GROUP, "/", f"{sub}/resourceGroups/rg", sub.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
        for role in state.rows(kinds.ROLE_DEFINITIONS):
            name = role["properties"]["roleName"]
            for scope in scopes:
                after = state.assigned(role["id"], me, scope)
                if name == state.role["properties"]["roleName"]:
                    if scope in (GROUP, "/"):
                        yield "assignment raised", f"{name} at {scope}", after
                    continue
                gives = "role that gives out roles assigned" if name in _GIVING else "role assigned"
                changes = AzureTrial(state, after, (GROUP,)).difference() is not None
                yield (gives if changes else "role assigned that adds nothing"), f"{name} at {scope}", after
                upper = state.assigned(role["id"].upper(), me.upper(), scope)
                yield (gives if changes else "role assigned that adds nothing"), f"{name} at {scope}, capitals", upper
            for scope in (sub, GROUP):
                eligible = state.assigned(role["id"], me, scope, eligible=True)
                yield "eligible role", f"{name} at {scope}", eligible
            group = {"@odata.type": "#microsoft.graph.group", "id": _ABOVE, "displayName": "operators"}
            joined = state.added(kinds.MEMBERSHIPS, group, of=me)
            yield "role through a group", name, joined.assigned(role["id"], _ABOVE, sub, kind="Group")
        yield from _directory(state)
        own = {**_custom(state, "data-reader"), "name": "f0000077"}
        own["properties"]["permissions"] = [{"actions": [], "dataActions": ["Microsoft.Storage/*"]}]
        after = state.added(kinds.ROLE_DEFINITIONS, own).assigned(own["id"], me, sub)
        yield "role assigned", "the customer's own role with data", after
        identities = f"{sub}/resourceGroups/MC_rg_gone_westeurope/providers/Microsoft.ManagedIdentity"
        row = {"id": f"{identities}/userAssignedIdentities/porter-ops", "name": "porter-ops"}
        made = state.added(
            kinds.MANAGED_IDENTITIES,
            {**row, "properties": {"principalId": _ABOVE}},
            "UserAssignedIdentities.ListBySubscription",
        )
        for name in ("Owner", "Contributor"):
            after = made.assigned(state.role_named(name)["id"], _ABOVE, sub)
            yield "role of a managed identity of the vendor's name", name, after


def _custom(state: AzureState, name: str) -> JsonObject:
    """Return a custom role of the customer's own."""
    properties = {**state.role["properties"], "roleName": name}
    head = f"{state.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    return {"id": f"{head}/f0000077", "name": "f0000077", "properties": properties}


def _definition(state: AzureState) -> Iterator[Made]:
    """Yield the role definition with its exclusions removed and narrowed, and with more granted."""
    block = state.block
    nots: list[str] = block["notActions"]
    for at, excluded in enumerate(nots):
        rest = nots[:at] + nots[at + 1 :]
        yield "exclusion removed", excluded, state.with_blocks({**block, "notActions": rest})
        for narrower in (f"{excluded}x", excluded.replace("/", "/*/", 1), f"{excluded}/*"):
            changed = {**block, "notActions": [*rest, narrower]}
            yield "exclusion narrowed", f"{excluded} -> {narrower}", state.with_blocks(changed)
        other: JsonObject = {"actions": [excluded], "notActions": [], "dataActions": [], "notDataActions": []}
        yield "permissions block added", excluded, state.with_blocks(block, other)
        yield "permissions block added", f"{excluded} first", state.with_blocks(other, block)
        head = excluded.partition("/")[0]
        yield "permissions block added", f"{head}/*", state.with_blocks(block, {**other, "actions": [f"{head}/*"]})
    for where, empty in (("empty", []), ("null", None)):
        yield "exclusion removed", where, state.with_blocks({**block, "notActions": empty})
    everything: JsonObject = {"actions": ["*"], "notActions": []}
    yield "permissions block added", "*", state.with_blocks(block, everything)
    for pattern in (
        "*",
        "Microsoft.KeyVault/vaults/secrets/*",
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "microsoft.storage/*",
        "*/read",
    ):
        yield "data action added", pattern, state.with_blocks({**block, "dataActions": [pattern]})
        excluded_too = {**block, "dataActions": [pattern], "notDataActions": ["Microsoft.Zz/*"]}
        yield "data action added", f"{pattern} but some", state.with_blocks(excluded_too)
        yield "data action added", f"{pattern}, own block", state.with_blocks(block, {"dataActions": [pattern]})
    for pattern in ("Microsoft.Authorization/*", "*/write", "Microsoft.Compute/virtualMachines/read"):
        yield "action added", pattern, state.with_blocks({**block, "actions": [*block["actions"], pattern]})


def _directory(state: AzureState) -> Iterator[Made]:
    for name in ("Global Administrator", "Application Administrator", "Directory Readers"):
        row = {"@odata.type": "#microsoft.graph.directoryRole", "id": _ABOVE, "displayName": name}
        yield "directory role", name, state.added(kinds.MEMBERSHIPS, row, of=state.principal["id"])


def _roles(state: AzureState) -> Iterator[Made]:
    sub, other = state.subscription, "/subscriptions/99999999-0000-4000-8000-000000000009"
    for scope in (GROUP, "/", other, f"{sub}/resourceGroups/rg"):
        yield "assignable scope raised", f"{scope} alone", state.with_role(assignableScopes=[scope])
        yield "assignable scope raised", f"{scope} too", state.with_role(assignableScopes=[sub, scope])
    for number, name in enumerate(("porter-break-glass", "Porter Reader", "my-porter-role", "PorterAKS")):
        row = {
            "id": f"{sub}/providers/Microsoft.Authorization/roleDefinitions/f000000{number}",
            "name": f"f000000{number}",
            "properties": {**state.role["properties"], "roleName": name, "permissions": [{"actions": ["*/read"]}]},
        }
        yield "undocumented custom role", name, state.added(kinds.ROLE_DEFINITIONS, row)
    fewer = {**state.block, "notActions": [*state.block["notActions"], "Microsoft.Network/*"]}
    yield "documented grant removed", "Microsoft.Network", state.with_blocks(fewer)
    for name in ("Contributor", "operations"):
        yield "role of another name", name, state.with_role(roleName=name)
        renamed = state.with_role(roleName=name).with_application(displayName=name).with_principal(displayName=name)
        yield "role and application of another name", name, renamed
    double = {**_custom(state, "operations"), "name": "f0000088"}
    double["id"] = double["id"].replace("f0000077", "f0000088")
    swapped = {**state.block, "notActions": [n.swapcase() for n in reversed(state.block["notActions"])]}
    for where, block in (("as it is", state.block), ("in other words", swapped)):
        row = {**double, "properties": {**double["properties"], "permissions": [block]}}
        after = state.added(kinds.ROLE_DEFINITIONS, row).assigned(double["id"], _ABOVE, sub)
        yield "double of the role", where, after
    own = state.principal["id"]
    yield (
        "assignment removed",
        "all",
        state.edited(
            kinds.ROLE_ASSIGNMENTS, lambda rows: [r for r in rows if r["properties"]["principalId"] != own]
        ),
    )


def _holders(state: AzureState) -> Iterator[Made]:
    role, sub = state.role["id"], state.subscription
    for kind in ("User", "Group", "ForeignGroup", "Device"):
        for scope in (sub, GROUP, f"{sub}/resourceGroups/rg"):
            for eligible in (False, True):
                after = state.assigned(role, _ABOVE, scope, kind=kind, eligible=eligible)
                yield "other principal holds the role", f"{kind} at {scope}{', eligible' * eligible}", after
    for name, kind in (("billing-export", "Application"), ("prod-identity", "ManagedIdentity")):
        with_it = state.with_identity(name, 7, kind=kind, application=kind == "Application")
        holder = "b0000000-0000-4000-8000-000000000007"
        yield "other principal holds the role", name, with_it.assigned(role, holder, sub)
    gone = {"_call": {"operation": "GetServicePrincipal", "params": {"id": _ABOVE}, "error": {"code": "404"}}}
    looked = state.with_pages(kinds.SERVICE_PRINCIPALS, [*state.pages(kinds.SERVICE_PRINCIPALS), gone])
    yield "holder that is gone", sub, looked.assigned(role, _ABOVE, sub)


def _around(state: AzureState) -> Iterator[Made]:
    sub = state.subscription
    for name, kind in (
        ("Porter managed services", "subscription delegated to the vendor"),
        ("porter", "subscription delegated to the vendor"),
        ("Managed services", "subscription delegated elsewhere"),
    ):
        for role in ("Contributor", "Reader"):
            one = {"principalId": _ABOVE, "principalIdDisplayName": name, "roleDefinitionId": role}
            properties = {
                "registrationDefinitionName": name,
                "managedByTenantId": "99999999-0000-4000-8000-00000000000b",
                "authorizations": [{**one, "roleDefinitionId": state.role_named(role)["name"]}],
            }
            row = {
                "id": f"{sub}/providers/Microsoft.ManagedServices/registrationAssignments/1",
                "properties": {"registrationDefinition": {"properties": properties}},
            }
            yield kind, f"{name} {role}", state.added(kinds.LIGHTHOUSE, row)
    for action in ("*", "Microsoft.Network/*/delete"):
        for who in ("00000000-0000-0000-0000-000000000000", state.principal["id"]):
            properties = {
                "denyAssignmentName": "lock",
                "scope": sub,
                "permissions": [{"actions": [action], "notActions": [], "dataActions": [], "notDataActions": []}],
                "principals": [{"id": who, "type": "ServicePrincipal"}],
                "excludePrincipals": [],
            }
            row = {"id": f"{sub}/providers/Microsoft.Authorization/denyAssignments/1", "properties": properties}
            yield "deny assignment", f"{action} for {who}", state.added(kinds.DENY_ASSIGNMENTS, row)
    for provider in state.rows(kinds.PROVIDERS):
        name = provider["namespace"]
        after = state.edited(
            kinds.PROVIDERS,
            lambda rows, gone=name: [  # type: ignore[misc]
                {**r, "registrationState": "NotRegistered"} if r["namespace"] == gone else r for r in rows
            ],
        )
        if name not in ("Microsoft.KeyVault", "Microsoft.Authorization"):
            yield "provider unregistered", name, after

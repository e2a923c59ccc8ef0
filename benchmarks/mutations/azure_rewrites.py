"""Other text for the same subscription and tenant."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.azure_state import AzureState
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, AzureState]


def azure_rewrites(state: AzureState) -> Iterator[Made]:
    """Yield the same in other words, and with changes that do not concern the vendor."""
    yield from _definition(state)
    yield from _assignments(state)
    yield from _application(state)
    yield from _federation(state)
    yield from _of_others(state)
    yield from _pages(state)


def _definition(state: AzureState) -> Iterator[Made]:
    block = state.block
    nots: list[str] = block["notActions"]
    for change in (str.upper, str.lower, str.swapcase):
        changed = {**block, "notActions": [change(n) for n in nots]}
        yield "letter case of operations", change.__name__, state.with_blocks(changed)
    yield "exclusions in another order", "role", state.with_blocks({**block, "notActions": list(reversed(nots))})
    yield "exclusion said twice", "role", state.with_blocks({**block, "notActions": [*nots, nots[0]]})
    head = "Microsoft.Blueprint/blueprintAssignments"
    covered = {**block, "notActions": [*nots, f"{head}/write"]}
    yield "exclusion said twice", "in other letters", state.with_blocks(covered)
    yield "block twice", "role", state.with_blocks(block, dict(block))
    reader: JsonObject = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    yield "narrower block beside it", "*/read", state.with_blocks(block, reader)
    yield "narrower block beside it", "Microsoft.Network/*", state.with_blocks(
        {**reader, "actions": ["Microsoft.Network/*"]}, block
    )
    for action in ("*/read", "Microsoft.Compute/*", "**"):
        yield "action said redundantly", action, state.with_blocks({**block, "actions": ["*", action]})
    plain = {k: v for k, v in block.items() if v}
    yield "empty lists left out", "role", state.with_blocks(plain)
    yield "empty lists as null", "role", state.with_blocks({k: v or None for k, v in block.items()})
    yield "exclusion of nothing", "role", state.with_blocks({**block, "notDataActions": ["*"]})
    yield "description of the role", "role", state.with_role(description="Something else", createdOn="2026-01-01")
    name = state.role["properties"]["roleName"].title()
    yield "letter case of the role's name", "role", state.with_role(roleName=name)
    for scope in (state.subscription.upper(), f"{state.subscription}/"):
        yield "spelling of assignable scopes", scope, state.with_role(assignableScopes=[scope])


def _assignments(state: AzureState) -> Iterator[Made]:
    own = state.principal["id"]

    def edit(**facts: object) -> AzureState:
        return state.edited(
            kinds.ROLE_ASSIGNMENTS,
            lambda rows: [
                {**r, "properties": {**r["properties"], **facts}} if r["properties"]["principalId"] == own else r
                for r in rows
            ],
        )

    role = state.role["id"]
    yield "letter case of ids", "principal", edit(principalId=own.upper())
    yield "letter case of ids", "role", edit(roleDefinitionId=role.upper())
    yield "role named without the subscription", "role", edit(roleDefinitionId=role[role.index("/providers") :])
    for scope in (state.subscription.upper(), f"{state.subscription}/"):
        yield "spelling of the assignment's scope", scope, edit(scope=scope)
    yield "description of the assignment", "assignment", edit(description="made by the script", updatedOn="2026-01-01")
    yield "condition empty", "assignment", edit(condition="", conditionVersion="2.0")
    yield "assignments in another order", "all", state.edited(kinds.ROLE_ASSIGNMENTS, lambda r: list(reversed(r)))
    yield "definitions in another order", "all", state.edited(kinds.ROLE_DEFINITIONS, lambda r: list(reversed(r)))


def _application(state: AzureState) -> Iterator[Made]:
    app, own = state.application, state.principal["id"]
    access = app["requiredResourceAccess"]
    one = access[0]["resourceAccess"]
    split = [{**access[0], "resourceAccess": [r]} for r in one]
    reverse = [{**access[0], "resourceAccess": list(reversed(one))}]
    scope = {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}
    yield "requested permissions split", "application", state.with_application(requiredResourceAccess=split)
    order = "requested permissions in another order"
    yield order, "application", state.with_application(requiredResourceAccess=reverse)
    upper = [{**access[0], "resourceAccess": [{**r, "id": r["id"].upper()} for r in one]}]
    yield "letter case of ids", "permissions", state.with_application(requiredResourceAccess=upper)
    more = [{**access[0], "resourceAccess": [*one, scope]}]
    yield "delegated permission requested only", "application", state.with_application(requiredResourceAccess=more)
    yield "consents in another order", "principal", state.edited(
        kinds.APP_ROLE_ASSIGNMENTS, lambda rows: list(reversed(rows)), of=own
    )
    facts = {"tags": ["x"], "createdDateTime": "2020-01-01T00:00:00Z", "notes": "by the script"}
    yield "facts of the registration", "application", state.with_application(**facts)
    yield "facts of the registration", "principal", state.with_principal(tags=["x"], notes="n")
    secrets = [{**s, "displayName": "another name", "hint": "abc"} for s in app["passwordCredentials"]]
    if secrets:
        yield "name of the secret", "application", state.with_application(passwordCredentials=secrets)


def _federation(state: AzureState) -> Iterator[Made]:
    own = state.application["id"]
    for credential in state.rows(kinds.FEDERATED_CREDENTIALS):
        for kind, facts in (
            ("name of the federated credential", {"name": "porter-project-99", "description": "d"}),
            ("spelling of the issuer", {"issuer": f"{credential['issuer']}/"}),
        ):
            changed = {**credential, **facts}
            yield kind, "application", state.edited(
                kinds.FEDERATED_CREDENTIALS, lambda rows, new=changed: [new], of=own  # type: ignore[misc]
            )


def _of_others(state: AzureState) -> Iterator[Made]:
    sub = state.subscription
    somebody = "dddddddd-0000-4000-8000-0000000000bb"
    for role in ("Owner", "Reader", "Contributor"):
        for kind in ("User", "Group"):
            after = state.assigned(state.role_named(role)["id"], somebody, sub, kind=kind)
            yield "somebody else's role", f"{role} {kind}", after
            eligible = state.assigned(state.role_named(role)["id"], somebody, sub, kind=kind, eligible=True)
            yield "somebody else's role", f"{role} {kind}, eligible", eligible
    row = {
        "id": f"{sub}/providers/Microsoft.Authorization/roleDefinitions/f0000009",
        "name": "f0000009",
        "properties": {**state.role["properties"], "roleName": "transporter operations"},
    }
    yield "somebody else's custom role", "transporter", state.added(kinds.ROLE_DEFINITIONS, row)
    yield "somebody else's application", "billing-export", state.with_identity("billing-export", 5)
    yield "somebody else's application", "transporter", state.with_identity("transporter", 6)
    provider = {"namespace": "Microsoft.Web", "registrationState": "NotRegistered"}
    yield "another provider", "Microsoft.Web", state.added(kinds.PROVIDERS, provider)
    scope = f"{sub}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop"
    identity = {"id": scope, "name": "shop", "properties": {"principalId": somebody}}
    yield "somebody else's managed identity", "shop", state.added(kinds.MANAGED_IDENTITIES, identity)


def _pages(state: AzureState) -> Iterator[Made]:
    for kind in (kinds.ROLE_DEFINITIONS, kinds.ROLE_ASSIGNMENTS, kinds.PROVIDERS):
        page = state.pages(kind)[0]
        single = [{**page, "value": [row]} for row in page["value"]]
        yield "answer in more pages", kind, state.with_pages(kind, single)
    own = state.principal["id"]
    pages = state.pages(kinds.APP_ROLE_ASSIGNMENTS)
    page = next(p for p in pages if p["_call"]["params"].get("id") == own)
    halves = [{**page, "value": page["value"][:3]}, {**page, "value": page["value"][3:]}]
    rest = [p for p in pages if p is not page]
    yield "answer in more pages", "app roles", state.with_pages(kinds.APP_ROLE_ASSIGNMENTS, [*rest, *halves])

"""What can change in the tenant: permissions, secrets, certificates, federation, owners, other applications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mutations.azure_state import AzureState
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, AzureState]
GRAPH = "00000003-0000-0000-c000-000000000000"
PERMISSIONS = (
    "06b708a9-e830-4db3-a914-8e69da51d44f",
    "df021288-bdef-4463-88db-98f22de89214",
    "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
    "75359482-378d-4052-8f01-80520e7db3cd",
)
_SOMEBODY = "dddddddd-0000-4000-8000-000000000011"


def entra_changes(state: AzureState) -> Iterator[Made]:
    """Yield (kind, where, the tenant after it)."""
    yield from _permissions(state)
    yield from _secrets(state)
    yield from _federation(state)
    yield from _people(state)
    yield from _identities(state)


def granted(state: AzureState, role_id: str, resource: str = "Microsoft Graph") -> AzureState:
    """Return the tenant with one more application permission consented to."""
    own = state.principal["id"]
    row = {"id": f"grant-{role_id}", "appRoleId": role_id, "principalId": own, "resourceDisplayName": resource}
    return state.added(kinds.APP_ROLE_ASSIGNMENTS, row, of=own)


def requested(state: AzureState, role_id: str, kind: str = "Role") -> AzureState:
    """Return the tenant with one more permission declared in the registration."""
    declared = state.application["requiredResourceAccess"]
    more = {"resourceAppId": GRAPH, "resourceAccess": [{"id": role_id, "type": kind}]}
    return state.with_application(requiredResourceAccess=[*declared, more])


def _permissions(state: AzureState) -> Iterator[Made]:
    for role_id in PERMISSIONS:
        for spelled in (role_id, role_id.upper()):
            both = requested(granted(state, spelled), spelled)
            yield "application permission granted", spelled, both
            yield "application permission granted, not requested", spelled, granted(state, spelled)
        yield "application permission requested only", role_id, requested(state, role_id)
    own = state.principal["id"]
    for number, grant in enumerate(state.rows(kinds.APP_ROLE_ASSIGNMENTS)[:2]):
        other = {**grant, "id": f"other{number}", "resourceId": "feedfeed-0000-4000-8000-000000000000"}
        yield "permission of another application of the API's name", grant["appRoleId"], state.added(
            kinds.APP_ROLE_ASSIGNMENTS, other, of=own
        )
    for scopes, consent in (("Mail.ReadWrite", "AllPrincipals"), ("User.Read offline_access", "Principal")):
        row = {"id": "g1", "clientId": own, "scope": scopes, "consentType": consent}
        yield "delegated permission", f"{scopes} {consent}", state.added(kinds.DELEGATED_GRANTS, row, of=own)


def _secret(number: int, starts: str, ends: str | None, name: str = "second") -> JsonObject:
    key = f"5ec00000-0000-4000-8000-00000000000{number}"
    return {"keyId": key, "displayName": name, "startDateTime": starts, "endDateTime": ends}


def _secrets(state: AzureState) -> Iterator[Made]:
    had = state.application["passwordCredentials"]
    if had:
        for number, (starts, ends) in enumerate((("2026-05-01", "2026-12-01"), ("2026-05-30", "2026-06-05"))):
            both = [*had, _secret(number, f"{starts}T00:00:00Z", f"{ends}T00:00:00Z")]
            yield "second secret", ends, state.with_application(passwordCredentials=both)
    else:
        for ends in ("2026-12-01", "2026-06-02", "2026-01-01"):
            one = [_secret(0, "2025-12-01T00:00:00Z", f"{ends}T00:00:00Z")]
            yield "secret against the document", ends, state.with_application(passwordCredentials=one)
    for kind, starts, last in (
        ("secret of more than a year", "2026-05-01T00:00:00Z", "2027-05-05T00:00:00Z"),
        ("secret of more than a year", "2026-05-01T00:00:00Z", "2036-05-01T00:00:00Z"),
        ("secret without end", "2026-05-01T00:00:00Z", None),
        ("secret about to end", "2025-06-10T00:00:00Z", "2026-06-10T00:00:00Z"),
        ("secret about to end", "2025-06-20T00:00:00Z", "2026-06-20T00:00:00Z"),
        ("expired secret", "2025-05-01T00:00:00Z", "2026-04-30T00:00:00Z"),
        ("expired secret", "2025-06-01T00:00:00Z", "2026-06-01T11:59:00Z"),
    ):
        one = [_secret(1, starts, last)]
        yield kind, f"{starts} to {last}", state.with_application(passwordCredentials=one)
    key = {**_secret(2, "2026-05-01T00:00:00Z", "2026-12-01T00:00:00Z"), "type": "AsymmetricX509Cert"}
    yield "certificate", "application", state.with_application(keyCredentials=[key])
    yield "credential on the service principal", "secret", state.with_principal(passwordCredentials=[key])
    yield "credential on the service principal", "certificate", state.with_principal(keyCredentials=[key])


_AUDIENCE = "api://AzureADTokenExchange"
_STRANGERS: tuple[tuple[str, str], ...] = (
    ("https://token.actions.githubusercontent.com", "repo:somebody/tools:ref:refs/heads/main"),
    ("https://accounts.google.com", "112233445566778899"),
    ("https://evil.example/", "arn:aws:iam::108458755588:role/porter-azure-fic-7"),
    ("https://0f0f.tokens.sts.global.api.aws.evil.example", "arn:aws:iam::108458755588:role/porter-azure-fic-7"),
    ("https://evil.example?x=.tokens.sts.global.api.aws", "arn:aws:iam::108458755588:role/porter-azure-fic-7"),
    ("https://evil.example#.tokens.sts.global.api.aws", "arn:aws:iam::108458755588:role/porter-azure-fic-7"),
    ("https://0f0f.tokens.sts.global.api.aws", "arn:aws:iam::108458755588:role/other"),
)


def _federation(state: AzureState) -> Iterator[Made]:
    own = state.application["id"]
    operation = "ListFederatedIdentityCredentials"
    for issuer, subject in _STRANGERS:
        row: JsonObject = {"name": "ci", "issuer": issuer, "subject": subject, "audiences": [_AUDIENCE]}
        yield "federated credential added", f"{issuer} {subject}", state.added(
            kinds.FEDERATED_CREDENTIALS, row, operation, own
        )
    expression = {"value": "claims['sub'] matches 'repo:*'", "languageVersion": 1}
    row = {"name": "x", "issuer": _STRANGERS[0][0], "audiences": [_AUDIENCE], "claimsMatchingExpression": expression}
    yield "federated credential added", "expression", state.added(kinds.FEDERATED_CREDENTIALS, row, operation, own)
    for credential in state.rows(kinds.FEDERATED_CREDENTIALS):
        for project in ("8", "71"):
            subject = f"{credential['subject'].removesuffix('7')}{project}"
            other = {**credential, "name": f"porter-project-{project}", "subject": subject}
            yield "federated credential of another project", subject, state.added(
                kinds.FEDERATED_CREDENTIALS, other, operation, own
            )
        for key, values in _OTHERS.items():
            for value in values(credential):
                changed = {**credential, key: value}
                after = state.edited(
                    kinds.FEDERATED_CREDENTIALS, lambda rows, new=changed: [new], operation, own  # type: ignore[misc]
                )
                kind = {"audiences": "audience"}.get(key, key)
                yield f"federated {kind} changed", f"{value}", after


_OTHERS: dict[str, Callable[[JsonObject], tuple[Any, ...]]] = {
    "subject": lambda c: (
        c["subject"].replace("porter-azure-fic-7", "admin"),
        c["subject"].replace("porter-azure-fic-7", "porter-azure-fic-7/x"),
        c["subject"].replace("arn:aws:", "arn:aws-cn:"),
        c["subject"].replace("108458755588", "*"),
        c["subject"].replace("108458755588", "999999999999"),
        f"x{c['subject']}",
        f"{c['subject']}*",
        "",
    ),
    "issuer": lambda c: (
        c["issuer"].replace("api.aws", "api.aws.example"),
        c["issuer"].replace("https://", "https://a/"),
        c["issuer"].replace("https:", "http:"),
        "https://token.actions.githubusercontent.com",
    ),
    "audiences": lambda c: (["api://Other"], [_AUDIENCE, "api://Other"], [], [_AUDIENCE.lower()]),
}


def _people(state: AzureState) -> Iterator[Made]:
    owner = {"@odata.type": "#microsoft.graph.user", "id": _SOMEBODY, "displayName": "Mallory"}
    app, principal = state.application["id"], state.principal["id"]
    for operation, of in (("ListApplicationOwners", app), ("ListServicePrincipalOwners", principal)):
        for name in ("Mallory", ""):
            row = {**owner, "displayName": name}
            yield "owner added", f"{operation} {name}", state.added(kinds.OWNERS, row, operation, of)


def _identities(state: AzureState) -> Iterator[Made]:
    kind = "second application of the vendor's name"
    for number, name in enumerate(("porter-debug", "Azure Porter", "my_porter", state.application["displayName"])):
        yield kind, name, state.with_identity(name, number)
        yield kind, f"{name}, principal only", state.with_identity(name, number, application=False)
    scope = f"{state.subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    for name in ("porter-agent", "porter"):
        row = {"id": f"{scope}/{name}", "name": name, "properties": {"principalId": _SOMEBODY}}
        yield "managed identity of the vendor's name", name, state.added(
            kinds.MANAGED_IDENTITIES, row, "UserAssignedIdentities.ListBySubscription"
        )
    shop = f"{scope}/shop"
    token: JsonObject = {"issuer": "https://0f0f.tokens.sts.global.api.aws", "audiences": [_AUDIENCE]}
    expression = {"value": "claims['sub'] matches 'arn:aws:iam::*:role/porter-*'", "languageVersion": 1}
    for taken in (
        {"subject": "arn:aws:iam::108458755588:role/porter-azure-fic-9"},
        {"subject": "arn:aws:iam::222233334444:role/PorterOther"},
        {"subject": "porter:azure:7"},
        {"claimsMatchingExpression": expression},
    ):
        credential = {
            "id": f"{shop}/federatedIdentityCredentials/x",
            "name": "x",
            "properties": {**token, **taken},
        }
        asked = state.with_pages(
            kinds.MANAGED_IDENTITIES,
            [
                *state.pages(kinds.MANAGED_IDENTITIES),
                {
                    "_call": {"operation": "FederatedIdentityCredentials.List", "params": {"id": shop}},
                    "value": [credential],
                },
            ],
        )
        row = {"id": shop, "name": "shop", "properties": {"principalId": _SOMEBODY}}
        yield "managed identity takes the vendor's tokens", f"{taken}", asked.added(
            kinds.MANAGED_IDENTITIES, row, "UserAssignedIdentities.ListBySubscription"
        )

"""Whose an Azure or Entra thing is once Porter should be gone: by documented name, role, or federated credential."""

from __future__ import annotations

import re

from scanner.baseline.records_azure import AzureBaseline
from scanner.model.common import NotObserved
from scanner.model.inventory_azure import (
    AzureManagedIdentity,
    AzureRoleDefinition,
    EntraApplication,
    EntraServicePrincipal,
    FederatedCredential,
)
from scanner.rules.azure._federation import takes_vendors_tokens
from scanner.rules.azure_context import OF_APPLICATIONS, AzureContext
from scanner.rules.words import quote


def application_by_name(baseline: AzureBaseline, name: str) -> str | None:
    """Return why a display name is one of the vendor's applications, in words. Case does not matter."""
    folded = name.lower()
    for page in baseline.applications:
        if _like(page.name_pattern, folded):
            return f"it is documented as {quote(page.key)}"
    for extra in baseline.known_extras:
        if extra.kind == "application" and _like(extra.name_pattern, folded):
            return f"other material of Porter names it ({extra.source})"
    return None


def definition_by_name(baseline: AzureBaseline, definition: AzureRoleDefinition) -> bool:
    """Return whether a custom role definition has a documented name."""
    folded = definition.name.lower()
    patterns = [pattern for page in baseline.role_definitions for pattern in page.name_patterns]
    return definition.kind != "BuiltInRole" and any(_like(pattern, folded) for pattern in patterns)


def _like(pattern: str, name: str) -> bool:
    return re.fullmatch(".+".join(map(re.escape, pattern.lower().split("*"))), name, re.DOTALL) is not None


def credential_reason(baseline: AzureBaseline, credential: FederatedCredential) -> str | None:
    """Return why a federated credential takes the vendor's tokens, in words; None: nothing says so."""
    if not takes_vendors_tokens(baseline, credential):
        return None
    return f"its federated credential {quote(credential.name)} takes tokens of " + quote(
        credential.subject or credential.expression
    )


def application_reason(ctx: AzureContext, application: EntraApplication) -> str | None:
    """Return why an app registration is the vendor's."""
    named = application_by_name(ctx.baseline, application.name)
    return named or next((r for c in application.federated if (r := credential_reason(ctx.baseline, c))), None)


def principal_reason(ctx: AzureContext, principal: EntraServicePrincipal) -> str | None:
    """Return why a service principal is the vendor's: its name, its app registration, or the role it holds."""
    if principal.kind not in OF_APPLICATIONS:
        return None
    named = application_by_name(ctx.baseline, principal.name)
    registered = next((a for a in ctx.account.applications if a.app_id == principal.app_id), None)
    if named or (registered is not None and application_reason(ctx, registered)):
        return named or "its app registration is Porter's"
    roles = vendor_roles(ctx)
    held = next(
        (a for a in ctx.account.assignments if a.principal_id == principal.object_id and a.role_id in roles), None
    )
    return f"it holds {quote(roles[held.role_id])}" if held else None


def vendor_roles(ctx: AzureContext) -> dict[str, str]:
    """Return the role definitions of documented names: id to name."""
    return {d.role_id: d.name for d in ctx.account.definitions if definition_by_name(ctx.baseline, d)}


def identity_reason(ctx: AzureContext, identity: AzureManagedIdentity) -> str | None:
    """Return why a managed identity can be used by the vendor."""
    credentials = () if isinstance(identity.credentials, NotObserved) else identity.credentials
    return next((r for c in credentials if (r := credential_reason(ctx.baseline, c))), None)


def vendor_principals(ctx: AzureContext) -> dict[str, str]:
    """Return the vendor's service principals, alive or in the bin: object id to what it is, in words."""
    found = {p.object_id: f"{quote(p.name)}" for p in ctx.account.principals if principal_reason(ctx, p)}
    for one in ctx.account.deleted:
        if one.is_principal and application_by_name(ctx.baseline, one.name):
            found[one.object_id] = f"{quote(one.name)}, which is deleted and can be restored"
    return found

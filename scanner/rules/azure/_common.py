"""What the Azure rules share: subjects, references, expectations."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import SourceRef
from scanner.baseline.records_azure import DocumentedApplication
from scanner.model.finding import Expected, Outcome, Reference, Result, Subject
from scanner.model.inventory_azure import AzureRoleDefinition, EntraApplication, EntraServicePrincipal
from scanner.rules.azure_context import AzureContext

PORTER_CONNECT = Reference(
    "Porter: connecting a cloud account", "https://docs.porter.run/cloud-accounts/connecting-a-cloud-account"
)
_LEARN = "https://learn.microsoft.com/"
ROLE_DEFINITIONS_PAGE = Reference(
    "Azure: role definitions", _LEARN + "azure/role-based-access-control/role-definitions"
)
ROLE_ASSIGNMENTS_PAGE = Reference(
    "Azure: role assignments", _LEARN + "azure/role-based-access-control/role-assignments"
)
DENY_PAGE = Reference("Azure: deny assignments", _LEARN + "azure/role-based-access-control/deny-assignments")
GRAPH_PERMISSIONS_PAGE = Reference("Microsoft Graph: permissions", _LEARN + "graph/permissions-reference")
CREDENTIALS_PAGE = Reference(
    "Entra: security of applications", _LEARN + "entra/identity-platform/security-best-practices-for-app-registration"
)
FEDERATION_PAGE = Reference(
    "Entra: workload identity federation", _LEARN + "entra/workload-id/workload-identity-federation"
)
LIGHTHOUSE_PAGE = Reference("Azure Lighthouse: delegation", _LEARN + "azure/lighthouse/concepts/architecture")
PROVIDERS_PAGE = Reference(
    "Azure: resource providers", _LEARN + "azure/azure-resource-manager/management/resource-providers-and-types"
)


def subscription_subject(ctx: AzureContext) -> Subject:
    """Return the subscription as a subject."""
    account = ctx.account
    return Subject("azure.subscription", account.subscription_id, account.scope.name or account.subscription_id)


def definition_subject(definition: AzureRoleDefinition) -> Subject:
    """Return a role definition as a subject."""
    return Subject("azure.role_definition", definition.id, definition.name, definition.role_id)


def principal_subject(ctx: AzureContext, principal_id: str) -> Subject:
    """Return a principal as a subject, by name where it could be read."""
    names = {i.principal_id: i.name for i in ctx.account.identities}
    names |= {p.object_id: p.name for p in ctx.account.principals}
    return Subject("entra.service_principal", principal_id, names.get(principal_id, principal_id))


def application_subject(application: EntraApplication) -> Subject:
    """Return an app registration as a subject."""
    return Subject("entra.application", application.object_id, application.name, application.app_id)


def not_applicable(ctx: AzureContext, reason: str, code: str = "NO_SUBJECT") -> Outcome:
    """Return the one outcome of a rule that has nothing to judge here."""
    return Outcome(subject_or(ctx), Result.NOT_APPLICABLE, reason, code)


def subject_or(ctx: AzureContext) -> Subject:
    """Return the subject of results about the whole."""
    return subscription_subject(ctx)


def no_principal(ctx: AzureContext) -> Outcome:
    """Return the outcome where no service principal is the vendor's."""
    return not_applicable(ctx, "No service principal is named like Porter's or holds a role named like Porter's.")


def no_application(ctx: AzureContext) -> Outcome:
    """Return the outcome where no app registration is the vendor's."""
    return not_applicable(ctx, "No app registration is named like Porter's, nor is that of a principal with its role.")


def documented_applications(ctx: AzureContext) -> Iterator[tuple[EntraApplication, DocumentedApplication]]:
    """Yield the vendor's app registrations, each with what the document says of it.

    One that the document does not name is held to the first documented application: it has what that one may have,
    at most.
    """
    for application in ctx.applications:
        page = ctx.documented_application(application.name) or next(iter(ctx.baseline.applications), None)
        if page is not None:
            yield application, page


def documented_principals(ctx: AzureContext) -> Iterator[tuple[EntraServicePrincipal, DocumentedApplication]]:
    """Yield the vendor's service principals, each with what the document says of its application."""
    for principal in ctx.principals:
        page = ctx.documented_application(principal.name) or next(iter(ctx.baseline.applications), None)
        if page is not None:
            yield principal, page


def expectation(ctx: AzureContext, value: object, source: SourceRef | None = None) -> Expected:
    """Return what the document says, with the place."""
    if source is None:
        return Expected(value=value)
    parts = [source.document, source.heading, f"line {source.line}" if source.line else ""]
    url = next((d.url for d in ctx.baseline.documents if d.name == source.document), None)
    said = ", ".join(part for part in parts if part)
    return Expected(value=value, source=said, doc_url=url if url and url.startswith("https://") else None)



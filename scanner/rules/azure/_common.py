"""What the Azure rules share: subjects, quoting, expectations, differences."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from scanner.access.records import Comparison, Piece, Request
from scanner.baseline.records import SourceRef
from scanner.baseline.records_azure import DocumentedApplication
from scanner.model.common import JsonObject
from scanner.model.finding import Diff, DiffEntry, Expected, Outcome, Reference, Result, Subject, Witness
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
_LONGEST_VALUE = 200


def quote(value: str) -> str:
    """Return a value from the cloud for a sentence: in backticks, on one line, without control or direction marks."""
    plain = "".join("?" if unicodedata.category(c)[0] == "C" or c in "`\u2028\u2029" else c for c in value)
    return f"`{plain if len(plain) <= _LONGEST_VALUE else plain[:_LONGEST_VALUE] + '...'}`"


def listed(items: Iterable[str], most: int = 5) -> str:
    """Return items quoted and joined; above `most`, the rest is counted."""
    unique = list(dict.fromkeys(items))
    more = f" and {len(unique) - most} more" if len(unique) > most else ""
    return ", ".join(quote(i) for i in unique[:most]) + more


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 role`, `2 roles`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def subscription_subject(ctx: AzureContext) -> Subject:
    """Return the subscription as a subject."""
    account = ctx.account
    return Subject("azure.subscription", account.subscription_id, account.scope.name or account.subscription_id)


def definition_subject(definition: AzureRoleDefinition) -> Subject:
    """Return a role definition as a subject."""
    return Subject("azure.role_definition", definition.id, definition.name, definition.role_id)


def principal_subject(ctx: AzureContext, principal_id: str) -> Subject:
    """Return a principal as a subject, by name where it could be read."""
    found = next((p for p in ctx.account.principals if p.object_id == principal_id), None)
    return Subject("entra.service_principal", principal_id, found.name if found else principal_id)


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


def witness_of(request: Request | None) -> Witness | None:
    """Return the engine's request as the finding's example; the engine has run it on the second evaluator."""
    if request is None:
        return None
    context: JsonObject = dict(request.context)
    return Witness(request.principal, request.action, request.resource, context, replayed=True)


def entry(piece: Piece) -> DiffEntry:
    """Return a piece of access as a line of the difference."""
    return DiffEntry(
        kind=piece.kind,
        statement=f"{piece.document}: {piece.statement}",
        actions=piece.actions,
        resources=piece.resources,
        conditions=piece.conditions,
        principals=piece.principals,
        latent=piece.latent,
        witness=witness_of(piece.witness),
    )


def difference(comparison: Comparison, excess: Sequence[Piece] | None = None) -> Diff:
    """Return documented versus live, whole or for some of the excess."""
    added = comparison.excess if excess is None else excess
    return Diff(
        added=tuple(entry(p) for p in added),
        removed=tuple(entry(p) for p in comparison.missing),
        undecided=tuple(f"{u.document}: {u.statement}: {u.reason}" for u in comparison.undecided),
    )

"""Show the GCP and Azure parts of a documented version as data and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.baseline.records_azure import AzureBaseline, DocumentedApplication, DocumentedRoleDefinition
from scanner.baseline.records_gcp import DocumentedServiceAccount, GcpBaseline
from scanner.baseline.show import SCHEMA, document_lines, note_lines, place, printable, wrapped
from scanner.model.common import JsonObject


def show_other_json(baseline: GcpBaseline | AzureBaseline) -> JsonObject:
    """Return plain JSON: the records with their field names, lists in file order."""
    plain: dict[str, Any] = msgspec.to_builtins(baseline)
    cloud = "gcp" if isinstance(baseline, GcpBaseline) else "azure"
    return {"schema": SCHEMA, "id": baseline.id, "cloud": cloud, **plain}


def show_other_text(baseline: GcpBaseline | AzureBaseline) -> str:
    """Return the version for a person: what it is, where it comes from, each identity, then what is at odds."""
    body = _gcp(baseline) if isinstance(baseline, GcpBaseline) else _azure(baseline)
    lines = [*document_lines(baseline), *body, *note_lines(baseline)]
    return "\n".join(printable(line) for line in lines) + "\n"


def _gcp(baseline: GcpBaseline) -> Iterator[str]:
    yield from ("", "Google APIs to enable")
    yield from (f"  {api.name} ({place(api.source)})" for api in baseline.apis)
    for account in baseline.service_accounts:
        yield from _account(account)


def _account(account: DocumentedServiceAccount) -> Iterator[str]:
    example = ", an example: the customer may choose another" if account.name_is_example else ""
    yield ""
    yield f"{account.key}{' (optional)' if account.optional else ''}"
    yield from wrapped(account.purpose, 2)
    yield from wrapped(f"Created by {account.created_by}; name {account.name_pattern}{example}", 2)
    yield "  Roles"
    for grant in account.grants:
        words = [f"on the {grant.scope}", f"granted by the {grant.granted_by}", grant.standing]
        words += ["optional"] if grant.optional else []
        yield from wrapped(f"{grant.role} ({', '.join(words)}; {place(grant.source)})", 4)
    if account.open_list is not None:
        yield from wrapped(f"and more: {account.open_list.summary} {place(account.open_list.source)}", 4)
    limit = f", at most {account.keys.at_most}" if account.keys.at_most else ""
    yield from wrapped(f"Keys: {account.keys.user_managed}{limit}. {account.keys.reason}", 2)
    claim = account.federation
    if claim is not None:
        yield "  Federation"
        yield from wrapped(f"pool {claim.pool_pattern}, provider {claim.provider_pattern}", 4)
        yield from wrapped(f"AWS account {claim.aws_account}", 4)
        yield from (line for conjunct in claim.conjuncts for line in wrapped(f"only if {conjunct}", 4))
        yield from wrapped(f"{claim.member_role} for {claim.member}", 4)
    yield from (line for note in account.notes for line in wrapped(note, 2))


def _azure(baseline: AzureBaseline) -> Iterator[str]:
    yield from ("", "Resource providers to register")
    yield from wrapped(
        ", ".join(item.namespace + (" (optional)" if item.optional else "") for item in baseline.providers), 2
    )
    for definition in baseline.role_definitions:
        yield from _definition(definition)
    for application in baseline.applications:
        yield from _application(application)


def _definition(item: DocumentedRoleDefinition) -> Iterator[str]:
    yield ""
    yield f"{item.key} ({item.kind}, {place(item.source)})"
    yield from wrapped(f"Names: {', '.join(item.name_patterns)}; on {', '.join(item.assignable_scopes)}", 2)
    for block in item.permissions:
        yield from wrapped(f"actions {', '.join(block.actions) or 'none'}", 4)
        yield from wrapped(f"without {', '.join(block.not_actions) or 'nothing'}", 6)
        yield from wrapped(f"data actions {', '.join(block.data_actions) or 'none'}", 4)
        yield from wrapped(f"without {', '.join(block.not_data_actions) or 'nothing'}", 6)
    yield from (line for note in item.notes for line in wrapped(note, 2))


def _application(item: DocumentedApplication) -> Iterator[str]:
    yield ""
    yield f"{item.key}{' (optional)' if item.optional else ''}"
    yield from wrapped(item.purpose, 2)
    yield from wrapped(f"Created by {item.created_by}. {place(item.source)}", 2)
    yield from (f"  Role {claim.role} on {claim.scope}" for claim in item.role_assignments)
    yield "  Application permissions"
    yield from (f"    {role.value} of {role.resource} ({role.id}, {place(role.source)})" for role in item.app_roles)
    limit = f", at most {item.secrets.max_age_days} days" if item.secrets.max_age_days else ""
    yield from wrapped(f"Client secret: {item.secrets.client_secret}{limit}. {item.secrets.reason}", 2)
    for credential in item.federated_credentials:
        yield "  Federated credential"
        yield from wrapped(f"name {credential.name_pattern}, issuer {credential.issuer_pattern}", 4)
        yield from wrapped(f"subject {credential.subject_pattern}, audience {credential.audience}", 4)
    yield from (line for note in item.notes for line in wrapped(note, 2))

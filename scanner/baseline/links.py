"""Check what ties the GCP and Azure files together: sources, names, and variables that must be declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from scanner.baseline.fields import shown
from scanner.baseline.records import SourceRef
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.errors import BaselineError

_BRACES = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# Prose is for people: braces in it are not variables.
_PROSE = frozenset({"documents", "variables", "title", "publication", "contradictions", "risk_notes", "known_extras"})


def check_gcp(baseline: GcpBaseline, where: str) -> None:
    """Raise `BaselineError` at the first reference that resolves nowhere and the first name used twice."""
    names = [account.key for account in baseline.service_accounts]
    _check_common(baseline, where, set(names), "service account")
    unique((account.name_pattern for account in baseline.service_accounts), f"{where}: two accounts have the name")
    unique((api.name for api in baseline.apis), f"{where}: duplicate API")
    for account in baseline.service_accounts:
        place = f"{where}: service account `{account.key}`"
        unique((f"{grant.role} on {grant.scope}" for grant in account.grants), f"{place}: duplicate grant")
        if account.federation is not None and account.keys.user_managed == "expected":
            raise BaselineError(f"{place}: `federation` is given but `keys` expects a key")


def check_azure(baseline: AzureBaseline, where: str) -> None:
    """Raise `BaselineError` at the first reference that resolves nowhere and the first name used twice."""
    definitions = {definition.key for definition in baseline.role_definitions}
    applications = {application.key for application in baseline.applications}
    _check_common(baseline, where, definitions | applications, "identity")
    unique((provider.namespace.lower() for provider in baseline.providers), f"{where}: duplicate provider")
    for application in baseline.applications:
        place = f"{where}: application `{application.key}`"
        unique((role.id for role in application.app_roles), f"{place}: duplicate app role")
        for claim in application.role_assignments:
            if claim.role not in definitions:
                raise BaselineError(f"{place}: role assignment: unknown role definition `{shown(claim.role)}`")
        if application.federated_credentials and application.secrets.client_secret == "expected":
            raise BaselineError(f"{place}: `federated_credentials` is given but `secrets` expects a client secret")


def _check_common(baseline: GcpBaseline | AzureBaseline, where: str, names: set[str], noun: str) -> None:
    documents = {document.name for document in baseline.documents}
    for source in sources_in(baseline):
        if source.document not in documents:
            raise BaselineError(f"{where}: source: unknown document `{shown(source.document)}`")
    notes = [(f"risk note `{shown(note.id)}`", note.roles) for note in baseline.risk_notes]
    notes += [(f"contradiction `{shown(item.id)}`", item.roles) for item in baseline.contradictions]
    for place, listed in notes:
        for name in listed:
            if name not in names:
                raise BaselineError(f"{where}: {place}: unknown {noun} `{shown(name)}`")
    declared = {variable.name for variable in baseline.variables}
    for name in sorted(_used(baseline)):
        if name not in declared:
            raise BaselineError(f"{where}: variable `{name}` is used but not declared")


def sources_in(record: object) -> Iterator[SourceRef]:
    """Yield every source inside records, in field order."""
    if isinstance(record, SourceRef):
        yield record
    elif isinstance(record, msgspec.Struct):
        for field in record.__struct_fields__:
            yield from sources_in(getattr(record, field))
    elif isinstance(record, tuple):
        for item in record:
            yield from sources_in(item)


def _used(baseline: GcpBaseline | AzureBaseline) -> set[str]:
    """Return the variables that claims use."""
    claims = {field: getattr(baseline, field) for field in baseline.__struct_fields__ if field not in _PROSE}
    return {name for text in texts_in(msgspec.to_builtins(claims)) for name in _BRACES.findall(text)}


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in plain data, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)


def unique(names: Iterable[str], message: str) -> None:
    """Raise `BaselineError` at the first name that stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BaselineError(f"{message} `{shown(name)}`")
        seen.add(name)

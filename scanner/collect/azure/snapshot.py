"""From Azure units as they were read to a snapshot that may be stored: without secrets' traces, in one order."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Any

import msgspec

from scanner import __version__
from scanner.collect.azure.allowlist import azure_apis_of
from scanner.collect.unit import UnitResult
from scanner.model.kinds_azure import AZURE_UNIT_KINDS, ENTRA_UNIT_KINDS, azure_unit_id
from scanner.model.snapshot import SNAPSHOT_SCHEMA, ApiCall, Caller, Scope, Snapshot, SourceKind, Unit

_ORDER = {kind.kind: place for place, kind in enumerate((*AZURE_UNIT_KINDS, *ENTRA_UNIT_KINDS))}
_REQUIRED = {kind.kind: kind.required for kind in (*AZURE_UNIT_KINDS, *ENTRA_UNIT_KINDS)}
SECRET_TRACES = ("hint", "secretText", "key", "customKeyIdentifier")
"""Fields of a credential that show a part, or all, of what is secret; only dates and ids are kept."""
_SDKS = ("azure-core", "azure-identity", "azure-mgmt-authorization", "azure-mgmt-msi", "azure-mgmt-resource")


class ScopedResult(msgspec.Struct, frozen=True):
    """A unit with the subscription or tenant it was read of."""

    scope_id: str
    result: UnitResult


class AzureRun(msgspec.Struct, frozen=True):
    """What one collection brought."""

    collected_at: datetime
    cloud: str
    tenant: str
    scopes: tuple[Scope, ...]
    results: tuple[ScopedResult, ...]
    reader: str


def assemble(run: AzureRun) -> Snapshot:
    """Return the snapshot. The pages of `run` lose the traces of secrets in place."""
    results = sorted(run.results, key=lambda found: (found.scope_id == run.tenant, found.scope_id, _place(found)))
    removed = sum(without_traces(page) for found in results for page in found.result.pages)
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version=__version__,
        collected_at=run.collected_at,
        scopes=run.scopes,
        units=tuple(_unit(found) for found in results),
        calls=tuple(call for found in results for call in _calls(found)),
        callers=tuple(Caller("azure", scope.id, run.reader) for scope in run.scopes),
        sdk_versions=tuple((name, version(name)) for name in _SDKS),
        redactions=removed,
    )


def _place(found: ScopedResult) -> int:
    return _ORDER[found.result.kind]


def without_traces(node: Any) -> int:
    """Remove from every credential what shows a part of its secret; return how many fields went."""
    removed = 0
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("passwordCredentials", "keyCredentials") and isinstance(value, list):
                for credential in (one for one in value if isinstance(one, dict)):
                    removed += sum(credential.pop(field, None) is not None for field in SECRET_TRACES)
            else:
                removed += without_traces(value)
    elif isinstance(node, list):
        removed += sum(without_traces(item) for item in node)
    return removed


def _unit(found: ScopedResult) -> Unit:
    result = found.result
    return Unit(
        unit_id=azure_unit_id(found.scope_id, result.kind),
        kind=result.kind,
        cloud="azure",
        scope_id=found.scope_id,
        region=result.region,
        required=_REQUIRED[result.kind],
        status=result.status,
        apis=azure_apis_of(result.kind),
        pages=result.pages,
        items=result.items,
        error=result.error,
        started=result.started,
        ended=result.ended,
    )


def _calls(found: ScopedResult) -> list[ApiCall]:
    unit_id = azure_unit_id(found.scope_id, found.result.kind)
    return [msgspec.structs.replace(call, unit_id=unit_id) for call in found.result.calls]

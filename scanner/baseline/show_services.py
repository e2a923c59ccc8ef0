"""Show the services part of a documented version as data and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.baseline.records_services import DocumentedConnection, ServicesBaseline
from scanner.baseline.show import SCHEMA, document_lines, note_lines, place, printable, wrapped
from scanner.model.common import JsonObject


def show_services_json(baseline: ServicesBaseline) -> JsonObject:
    """Return plain JSON: the records with their field names, lists in file order."""
    plain: dict[str, Any] = msgspec.to_builtins(baseline)
    return {"schema": SCHEMA, "id": baseline.id, "cloud": "services", **plain}


def show_services_text(baseline: ServicesBaseline) -> str:
    """Return the part for a person: connections, the identities behind them, advice, then what is at odds."""
    body = [line for item in baseline.connections for line in _connection(item)]
    lines = [*document_lines(baseline), *body, *_identities(baseline), *_advice(baseline), *note_lines(baseline)]
    return "\n".join(printable(line) for line in lines) + "\n"


def _connection(item: DocumentedConnection) -> Iterator[str]:
    yield ""
    yield f"{item.key} (at most {item.at_most} per service)"
    yield from wrapped(item.purpose, 2)
    yield from (f"  {field.name}: {field.form} ({place(field.source)})" for field in item.fields)
    yield from (line for note in item.notes for line in wrapped(note, 2))


def _identities(baseline: ServicesBaseline) -> Iterator[str]:
    aws, azure, gcp = baseline.aws, baseline.azure, baseline.gcp
    yield from ("", "Behind a connection")
    yield from wrapped(f"AWS: only {aws.principal} with {' and '.join(aws.actions)} ({place(aws.source)})", 2)
    each = f"{azure.credentials_per_service} federated credential per service, subject {azure.subject}"
    yield from wrapped(f"Azure: {each}, audience {azure.audience} ({place(azure.source)})", 2)
    yield from wrapped(f"GCP: {gcp.role} for {gcp.member} ({place(gcp.source)}), nodes with {gcp.metadata_mode}", 2)


def _advice(baseline: ServicesBaseline) -> Iterator[str]:
    yield from ("", "Advice")
    for item in baseline.advice:
        yield from wrapped(f"{item.key}: {item.summary} ({place(item.source)})", 2)
    yield from wrapped(f"No static credentials: {', '.join(baseline.static_credentials)}", 2)

"""Show a documented version as data and as text for a terminal: ARNs as on the page, variables in braces."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, assert_never

import msgspec

from scanner.baseline.records import AwsBaseline, DocumentedRole, DocumentedStatement, DocumentedTrust, SourceRef
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.model.common import JsonObject

SCHEMA = "porter-audit/baseline-show/v1"
_WIDTH = 100
AnyPart: TypeAlias = AwsBaseline | GcpBaseline | AzureBaseline | ServicesBaseline


def show_json(baseline: AwsBaseline) -> JsonObject:
    """Return plain JSON: `roles` maps each role's name to its trust and statements, lists in page order."""
    return {
        "schema": SCHEMA,
        "id": baseline.id,
        "cloud": "aws",
        "title": baseline.title,
        "publication": baseline.publication,
        "digest": baseline.digest,
        "same_as": baseline.same_as,
        "documents": _plain(baseline.documents),
        "variables": _plain(baseline.variables),
        "vendor_accounts": dict(baseline.vendor_accounts),
        "stack": _plain(baseline.stack),
        "aliases": _plain(baseline.aliases),
        "known_extras": _plain(baseline.known_extras),
        "contradictions": _plain(baseline.contradictions),
        "risk_notes": _plain(baseline.risk_notes),
        "roles": {role.key: _role(role) for role in baseline.roles},
    }


def _role(role: DocumentedRole) -> JsonObject:
    return {
        "name_pattern": role.name_pattern,
        "created_by": role.created_by,
        "purpose": role.purpose,
        "assumable_from_outside": role.assumable_from_outside,
        "optional": role.optional,
        "optional_reason": role.optional_reason,
        "source": _plain(role.source),
        "trust": _trust(role.trust),
        "managed_policies": _plain(role.managed_policies),
        "statements": [_statement(statement) for statement in role.statements],
    }


def _trust(trust: DocumentedTrust) -> JsonObject:
    return {
        "external_id": trust.external_id,
        "external_id_reason": trust.external_id_reason,
        "external_id_source": _plain(trust.external_id_source),
        "statements": _plain(trust.statements),
        "notes": list(trust.notes),
    }


def _statement(statement: DocumentedStatement) -> JsonObject:
    return {
        "sid": statement.sid,
        "effect": statement.effect,
        "actions": list(statement.actions),
        "resources": list(statement.resources),
        "conditions": statement.conditions,
        "source": _plain(statement.source),
        "same_as": statement.same_as,
        "permissive": statement.permissive,
        "settled_by": statement.settled_by,
        "as_printed": statement.as_printed,
    }


def _plain(record: object) -> Any:
    """Return records as JSON data with their field names."""
    return msgspec.to_builtins(record)


def show_text(baseline: AwsBaseline) -> str:
    """Return the version for a person: what it is, where it comes from, then each role with trust and statements."""
    parts = (_head(baseline), *(_role_lines(role) for role in baseline.roles), note_lines(baseline))
    lines = [line for part in parts for line in part]
    return "\n".join(printable(line) for line in lines) + "\n"


def _head(baseline: AwsBaseline) -> Iterator[str]:
    statements = [statement for role in baseline.roles for statement in role.statements]
    actions = [action for statement in statements for action in statement.actions]
    conditions = sum(bool(statement.conditions) for statement in statements)
    return document_lines(
        baseline,
        f"{len(baseline.roles)} roles, {len(statements)} statements, {len(actions)} actions "
        f"({len({action.lower() for action in actions})} different), {conditions} statements with conditions",
    )


def cloud_name(baseline: AnyPart) -> str:
    """Return the cloud's name as people write it."""
    match baseline:
        case AwsBaseline():
            return "AWS"
        case GcpBaseline():
            return "GCP"
        case AzureBaseline():
            return "Azure"
        case ServicesBaseline():
            return "services"
        case _:
            assert_never(baseline)


def document_lines(baseline: AnyPart, totals: str = "") -> Iterator[str]:
    """Yield what a version is, its totals, its documents and its variables."""
    yield f"{baseline.id} ({cloud_name(baseline)}): {baseline.title}"
    if baseline.same_as is not None:
        yield f"The same as {baseline.same_as}"
    yield from wrapped(baseline.publication, 0)
    if totals:
        yield totals
    yield f"sha256 {baseline.digest}"
    yield ""
    yield "Documents"
    for document in baseline.documents:
        yield from wrapped(f"{document.name} ({document.retrieved}): {document.title}. {document.publication}", 2)
    if baseline.variables:
        yield "Variables"
    for variable in baseline.variables:
        default = f" Default {variable.default}, {variable.source}." if variable.default is not None else ""
        yield from wrapped(f"{{{variable.name}}}: {variable.description}{default}", 2)


def note_lines(baseline: AnyPart) -> Iterator[str]:
    """Yield what is at odds, what is dangerous, and what else is read beside the inventory."""
    if baseline.contradictions:
        yield from ("", "Where the documents disagree")
    for item in baseline.contradictions:
        yield from wrapped(f"{item.id}: {item.summary} Settled: {item.settled}", 2)
    if baseline.risk_notes:
        yield from ("", "Documented and still dangerous")
    for note in baseline.risk_notes:
        yield from wrapped(f"{note.id} ({note.severity}; {', '.join(note.roles)}): {note.summary}", 2)
    aliases = baseline.aliases if isinstance(baseline, AwsBaseline) else ()
    if aliases or baseline.known_extras:
        yield from ("", "Read beside the inventory")
    for alias in aliases:
        yield from wrapped(f"{alias.printed} means {alias.means}: {alias.reason}", 2)
    for extra in baseline.known_extras:
        kind = f"{extra.kind} " if extra.kind else ""
        yield from wrapped(f"{kind}{extra.name_pattern} ({extra.severity}): {extra.reason} {extra.source}.", 2)


def _role_lines(role: DocumentedRole) -> Iterator[str]:
    yield ""
    yield f"{role.key}{' (optional)' if role.optional else ''}"
    yield from wrapped(role.purpose, 2)
    yield from wrapped(f"Created by {role.created_by}. {place(role.source)}", 2)
    yield "  May be assumed by"
    for trust in role.trust.statements:
        for kind, names in trust.principals.items():
            yield from wrapped(f"{trust.effect} {kind} {', '.join(names)}: {', '.join(trust.actions)}", 4)
        yield from _conditions(trust.conditions, 6)
    yield f"    ExternalId: {role.trust.external_id.replace('-', ' ')}"
    if role.managed_policies:
        yield "  AWS-managed policies"
        yield from (f"    {policy.arn}" for policy in role.managed_policies)
    yield f"  Statements ({len(role.statements)})"
    for statement in role.statements:
        yield from _statement_lines(statement)


def _statement_lines(statement: DocumentedStatement) -> Iterator[str]:
    origin = f", as {statement.same_as}" if statement.same_as else ""
    yield f"    {statement.sid} ({statement.effect}, {place(statement.source)}{origin})"
    yield from wrapped("on " + " ".join(statement.resources), 6)
    yield from wrapped(" ".join(statement.actions), 6)
    yield from _conditions(statement.conditions, 6)


def _conditions(conditions: JsonObject, indent: int) -> Iterator[str]:
    for operator, block in conditions.items():
        for key, values in block.items():
            yield from wrapped(f"if {operator} {key} = {json.dumps(values, ensure_ascii=False)}", indent)


def place(source: SourceRef) -> str:
    """Return where a claim was read, as short as it can be found again."""
    parts = [source.document]
    if source.row is not None:
        parts.append(f"row {source.row}")
    if source.line is not None:
        parts.append(f"line {source.line}")
    return " ".join(parts)


def wrapped(text: str, indent: int) -> Iterable[str]:
    """Return lines of at most 100 columns; long names are never broken."""
    pad = " " * indent
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=pad,
        subsequent_indent=pad + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def printable(line: str) -> str:
    """Return a line without control characters: a file of a stranger is shown too."""
    return "".join(char if char.isprintable() else "?" for char in line)

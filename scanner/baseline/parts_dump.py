"""Write what the files of every cloud share as plain data for `dump_yaml`."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.baseline.records import Contradiction, KnownExtra, RiskNote, SourceDocument, SourceRef, Variable
from scanner.baseline.yaml_dump import Plain

Mapping = dict[str, Plain]


def given(**items: Plain) -> Mapping:
    """Return the items that say something: null, empty text and empty lists are the reader's defaults."""
    return {key: value for key, value in items.items() if value is not None and value != "" and value != []}


def source(ref: SourceRef) -> Mapping:
    """Return a source."""
    return given(document=ref.document, heading=ref.heading, row=ref.row, line=ref.line, quote=ref.quote)


def documents(items: Iterable[SourceDocument]) -> Mapping:
    """Return documents by name."""
    return {
        item.name: given(
            title=item.title,
            url=item.url,
            retrieved=item.retrieved,
            sha256=item.sha256,
            publication=item.publication,
        )
        for item in items
    }


def variables(items: Iterable[Variable]) -> Mapping:
    """Return variables by name."""
    return {
        item.name: given(
            description=item.description,
            default=item.default,
            kind=None if item.kind == "text" else item.kind,
            sensitive=item.sensitive or None,
            source=item.source,
        )
        for item in items
    }


def known_extras(items: Iterable[KnownExtra]) -> list[Plain]:
    """Return known extras in order."""
    return [
        given(
            kind=item.kind,
            name_pattern=item.name_pattern,
            severity=item.severity,
            reason=item.reason,
            source=item.source,
        )
        for item in items
    ]


def contradictions(items: Iterable[Contradiction], names: str) -> Mapping:
    """Return contradictions by id; `names` is the key of the identities concerned."""
    return {
        item.id: given(
            summary=item.summary,
            settled=item.settled,
            **{names: list(item.roles)},
            sources=[source(ref) for ref in item.sources],
        )
        for item in items
    }


def risk_notes(items: Iterable[RiskNote], names: str) -> Mapping:
    """Return risk notes by id; `names` is the key of the identities concerned."""
    return {item.id: given(severity=item.severity, **{names: list(item.roles)}, summary=item.summary) for item in items}


def written(top: Mapping) -> Mapping:
    """Return the parts of a file that are not empty."""
    return {key: value for key, value in top.items() if value not in (None, [], {})}

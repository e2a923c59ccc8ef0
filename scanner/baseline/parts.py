"""Read what the files of every cloud share: documents, sources, variables, contradictions, risk notes."""

from __future__ import annotations

import re

from scanner.baseline.fields import Fields, shown
from scanner.baseline.records import Contradiction, KnownExtra, RiskNote, SourceDocument, SourceRef, Variable

SEVERITIES = "info low medium high critical"
SOURCE = "document heading row line quote"
NAME_PATTERN = re.compile(r"[A-Za-z0-9_+=,.@*{}-]{1,128}\Z")
"""A live name: literal, with `*` for a part that the document leaves open, or with a variable in braces."""

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*\Z")


def read_documents(top: Fields, *, required: bool = True) -> tuple[SourceDocument, ...]:
    """Return the pages the file rests on. Raises `BaselineError` if there are none, unless not required."""
    known = "title url retrieved sha256 publication"
    documents = tuple(
        SourceDocument(
            name=name,
            title=fields.text("title"),
            url=fields.optional_text("url"),
            retrieved=fields.text("retrieved"),
            sha256=matching(fields, fields.text("sha256"), _SHA256, "a sha256") if fields.has("sha256") else None,
            publication=fields.text("publication"),
        )
        for name, fields in top.entries("documents", known, "document")
    )
    if required and not documents:
        raise top.error("missing key `documents`")
    return documents


def read_variables(top: Fields, kinds: str) -> tuple[Variable, ...]:
    """Return the variables; `kinds` are the words that `kind` may be, `text` among them."""
    entries = top.entries("variables", "description default source sensitive kind", "variable")
    return tuple(_variable(name, fields, kinds) for name, fields in entries)


def _variable(name: str, fields: Fields, kinds: str) -> Variable:
    if not _VARIABLE.match(name):
        raise fields.error("a variable's name is lower-case letters, digits and underscores")
    return Variable(
        name=name,
        description=fields.text("description"),
        default=fields.optional_text("default"),
        source=fields.text("source", ""),
        sensitive=fields.flag("sensitive", False),
        kind=fields.choice("kind", kinds, "text"),
    )


def read_known_extras(top: Fields, kinds: str = "") -> tuple[KnownExtra, ...]:
    """Return what other material of the vendor names; with `kinds`, each says what kind of thing it is."""
    known = "name_pattern severity reason source" + (" kind" if kinds else "")
    return tuple(
        KnownExtra(
            name_pattern=matching(fields, fields.text("name_pattern"), NAME_PATTERN, "a name"),
            severity=fields.choice("severity", SEVERITIES),
            reason=fields.text("reason"),
            source=fields.text("source"),
            kind=fields.choice("kind", kinds) if kinds else "",
        )
        for fields in top.items("known_extras", known, "known extra")
    )


def read_contradictions(top: Fields, names: str) -> tuple[Contradiction, ...]:
    """Return the contradictions; `names` is the key that lists the identities concerned."""
    return tuple(
        Contradiction(
            id=name,
            summary=fields.text("summary"),
            settled=fields.text("settled"),
            sources=tuple(read_source_ref(item) for item in fields.items("sources", SOURCE, "source")),
            roles=fields.texts(names, required=False),
        )
        for name, fields in top.entries("contradictions", f"summary settled sources {names}", "contradiction")
    )


def read_risk_notes(top: Fields, names: str) -> tuple[RiskNote, ...]:
    """Return the risk notes; `names` is the key that lists the identities concerned."""
    return tuple(
        RiskNote(
            id=name,
            roles=fields.texts(names),
            summary=fields.text("summary"),
            severity=fields.choice("severity", SEVERITIES),
        )
        for name, fields in top.entries("risk_notes", f"{names} summary severity", "risk note")
    )


def read_source(fields: Fields) -> SourceRef:
    """Return the required source of a claim."""
    return read_source_ref(fields.fields("source", SOURCE))


def read_source_ref(fields: Fields) -> SourceRef:
    """Return a source from its own mapping."""
    return SourceRef(
        document=fields.text("document"),
        heading=fields.text("heading", ""),
        row=fields.optional_number("row"),
        line=fields.optional_number("line"),
        quote=fields.text("quote", ""),
    )


def matching(fields: Fields, text: str, pattern: re.Pattern[str], noun: str) -> str:
    """Return the text if the pattern matches it; raises `BaselineError` otherwise."""
    if not pattern.match(text):
        raise fields.error(f"`{shown(text)}` is not {noun}")
    return text

"""Compare access documents that a caller already holds, in the language of one cloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanner.access.records import Comparison, NamedDocument
from scanner.errors import UsageError
from scanner.model.common import JsonObject

CLOUDS: Final = ("aws", "azure", "gcp")
KINDS: Final = ("identity", "trust", "resource")
"""Kinds of AWS policies; the other clouds' documents say themselves what they are."""


def compare_documents(
    live: Sequence[JsonObject], documented: Sequence[JsonObject], *, cloud: str = "aws", kind: str = "identity"
) -> Comparison:
    """Return the comparison of two unions of documents; they are called `live[0]`, `documented[0]` and so on.

    Raises `PolicyError` for a document, `UsageError` for an unknown cloud or kind.
    """
    return compare_named(_named("live", live), _named("documented", documented), cloud=cloud, kind=kind)


def compare_named(
    live: Sequence[NamedDocument], documented: Sequence[NamedDocument], *, cloud: str, kind: str
) -> Comparison:
    """Return the comparison of two unions of named documents. Raises as `compare_documents`."""
    if kind not in KINDS:
        raise UsageError(f"unknown kind of policy `{kind}`", advice=f"one of {', '.join(KINDS)}")
    match cloud:
        case "aws":
            from scanner.access.compare import compare
            from scanner.app.catalogue import load_catalogue

            return compare(live, documented, kind=kind, catalogue=load_catalogue())
        case "azure":
            from scanner.access.azure.compare import compare_azure

            return compare_azure(live, documented)
        case "gcp":
            from scanner.access.gcp.compare import compare_gcp

            return compare_gcp(live, documented)
    raise UsageError(f"unknown cloud `{cloud}`", advice=f"one of {', '.join(CLOUDS)}")


def _named(side: str, documents: Sequence[JsonObject]) -> list[NamedDocument]:
    return [NamedDocument(f"{side}[{i}]", body) for i, body in enumerate(documents)]

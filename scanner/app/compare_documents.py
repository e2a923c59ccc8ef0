"""Compare access documents that a caller already holds."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.compare import compare
from scanner.access.records import Comparison, NamedDocument
from scanner.app.catalogue import load_catalogue
from scanner.errors import UsageError
from scanner.model.common import JsonObject

AWS_KINDS = ("identity", "trust", "resource")


def compare_documents(
    live: Sequence[JsonObject], documented: Sequence[JsonObject], *, cloud: str = "aws", kind: str = "identity"
) -> Comparison:
    """Return the comparison of two unions of documents; they are called `live[0]`, `documented[0]` and so on.

    Raises `PolicyError` for a document, `UsageError` for an unknown cloud or kind.
    """
    if cloud != "aws":
        raise UsageError(f"unknown cloud `{cloud}`")
    if kind not in AWS_KINDS:
        raise UsageError(f"unknown kind of policy `{kind}`", advice=f"one of {', '.join(AWS_KINDS)}")
    return compare(_named("live", live), _named("documented", documented), kind=kind, catalogue=load_catalogue())


def _named(side: str, documents: Sequence[JsonObject]) -> list[NamedDocument]:
    return [NamedDocument(f"{side}[{i}]", body) for i, body in enumerate(documents)]

"""Decide whether one set of policy documents is inside another, exactly, with witness and certificate."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.catalogue import Catalogue, EmptyCatalogue
from scanner.access.records import Answer, Comparison, NamedDocument, Question


def compare(
    live: Sequence[NamedDocument],
    documented: Sequence[NamedDocument],
    *,
    kind: str = "identity",
    catalogue: Catalogue | None = None,
    account_id: str | None = None,
    region: str = "us-east-1",
    partition: str = "aws",
) -> Comparison:
    """Compare the union of `live` with the union of `documented`; kind is `identity`, `trust` or `resource`.

    Raises `PolicyError` if a document is not valid.
    """
    raise NotImplementedError


def ask(
    documents: Sequence[NamedDocument],
    question: Question,
    *,
    kind: str = "identity",
    catalogue: Catalogue | None = None,
    account_id: str | None = None,
    region: str = "us-east-1",
    partition: str = "aws",
) -> Answer:
    """Return whether the union of `documents` allows any request of the question.

    Raises `PolicyError` if a document or the question is not valid.
    """
    raise NotImplementedError


__all__ = ["Answer", "Comparison", "EmptyCatalogue", "ask", "compare"]

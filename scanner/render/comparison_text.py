"""A comparison of two sets of policy documents, for people and in the schema `porter-audit/comparison/v1`."""

from __future__ import annotations

from typing import Any

from scanner.access.records import Comparison, Piece, Request, Undecided
from scanner.render.terminal_layout import Page
from scanner.render.text import compact_json, count, one_line
from scanner.render.words import EXCESS_WORDS, MISSING_WORD, UNDECIDED_WORD

COMPARISON_SCHEMA = "porter-audit/comparison/v1"

_SENTENCES = {
    "equal": "✓ equal: live allows exactly what is documented.",
    "narrower": "✓ narrower: live allows only what is documented, and not all of it.",
    "broader": "✗ broader: live allows all that is documented, and more.",
    "different": "✗ different: live allows more than is documented, and not all that is.",
    "undecided": "… undecided: nothing more was found, but not everything could be decided. This is not a pass.",
}
_TONES = {"equal": "good", "narrower": "good", "undecided": "open"}


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return `comparison` in the schema `porter-audit/comparison/v1`; a statement is named by Sid, else by index."""
    return {
        "schema": COMPARISON_SCHEMA,
        "verdict": comparison.verdict,
        "excess": [_piece(piece) for piece in comparison.excess],
        "missing": [_piece(piece) for piece in comparison.missing],
        "undecided": [{"statement": _statement(u), "reason": u.reason} for u in comparison.undecided],
        "certificate": comparison.certificate,
    }


def _piece(piece: Piece) -> dict[str, Any]:
    return {
        "statement": _statement(piece),
        "actions": list(piece.actions),
        "resources": list(piece.resources),
        "conditions": piece.conditions,
        "kind": piece.kind,
        "latent": piece.latent,
        "witness": _witness(piece.witness),
    }


def _statement(piece: Piece | Undecided) -> str | int:
    # Digits may be an index within one document; the index over all documents of the side says the same without doubt.
    return piece.index if piece.statement.isdigit() or not piece.statement else piece.statement


def _witness(request: Request) -> dict[str, Any]:
    return {
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
        "context": dict(request.context),
    }


def render_comparison(comparison: Comparison, *, width: int = 100, color: bool = False) -> str:
    """Return `comparison` as text of at most `width` columns: the verdict, then each piece with its example request."""
    page = Page(width, color)
    verdict = comparison.verdict
    page.flow(_SENTENCES.get(verdict, f"… {one_line(verdict, 40)}"), "", _TONES.get(verdict, "bad"))
    _pieces(page, "Allowed live, not documented", comparison.excess, "+")
    _pieces(page, "Documented, not allowed live", comparison.missing, "−")
    if comparison.undecided:
        page.heading("Not decided", count(len(comparison.undecided), "piece"), "head")
    for open_piece in comparison.undecided:
        page.labelled(f"… {UNDECIDED_WORD}", _where(open_piece.document, open_piece.statement))
        page.labelled("Reason", one_line(open_piece.reason, 600), indent=4)
        for request in open_piece.witnesses:
            _example(page, request)
    return page.text()


def _pieces(page: Page, title: str, pieces: tuple[Piece, ...], mark: str) -> None:
    if pieces:
        page.heading(title, count(len(pieces), "piece"), "head")
    for piece in pieces:
        page.blank()
        word = EXCESS_WORDS.get(piece.kind, "EXCESS") if mark == "+" else MISSING_WORD
        latent = " (no action published today matches)" if piece.latent else ""
        page.item(
            f"{mark} {word}",
            _where(piece.document, piece.statement) + latent,
            lead_style="bad" if mark == "+" else "dim",
            style="strong",
        )
        page.labelled("Actions", _list(piece.actions), indent=4)
        page.labelled("Resources", _list(piece.resources), indent=4)
        if piece.conditions:
            page.labelled("Conditions", one_line(compact_json(piece.conditions), 600), indent=4)
        _example(page, piece.witness)


def _where(document: str, statement: str) -> str:
    place = f"statement {one_line(statement, 120)}" if statement else "the document"
    return f"{one_line(document, 200)}, {place}" if document else place


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(one_line(value, 200) for value in values) or "none"


def _example(page: Page, request: Request) -> None:
    what = f"{one_line(request.action, 200)} on {one_line(request.resource, 300)}"
    page.labelled("Example request", what, indent=4)
    if request.principal:
        page.labelled("", f"by {one_line(request.principal, 300)}", indent=4)
    if request.context:
        page.labelled("", f"with {one_line(compact_json(request.context), 600)}", indent=4)

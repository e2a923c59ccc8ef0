"""What goes into the engine and what comes out of it."""

from __future__ import annotations

import msgspec

from scanner.model.common import JsonObject


class NamedDocument(msgspec.Struct, frozen=True):
    """An access document with the name people know it by."""

    name: str
    body: JsonObject


class Request(msgspec.Struct, frozen=True):
    """One concrete request. A context value is a string, or a list of strings for a multivalued key."""

    principal: str | None
    action: str
    resource: str
    context: dict[str, str | list[str]] = {}


class Piece(msgspec.Struct, frozen=True):
    """One (statement, action, resource) of one side that the other side does not cover."""

    document: str
    """Name of the document the statement stands in."""
    statement: str
    """Sid, or the 0-based index as text."""
    index: int
    """0-based index of the statement over all documents of its side, in order."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: JsonObject
    principals: JsonObject
    kind: str
    """`action`, `principal`, `resource` or `condition`: the first dimension in which nothing covers the witness."""
    latent: bool
    """No action published today matches; it will when the provider adds one."""
    witness: Request


class Undecided(msgspec.Struct, frozen=True):
    """A piece that could not be decided exactly."""

    document: str
    statement: str
    index: int
    reason: str
    """Starts with `reading: ` where documented meanings differ (a MANUAL, not an INCOMPLETE)."""
    direction: str = "excess"
    """`excess`: live inside documented is open; `missing`: documented inside live is open."""
    witnesses: tuple[Request, ...] = ()
    """One per reading that allows one."""


class Comparison(msgspec.Struct, frozen=True):
    """The answer: `equal`, `narrower`, `broader`, `different` or `undecided`."""

    verdict: str
    excess: tuple[Piece, ...]
    missing: tuple[Piece, ...]
    undecided: tuple[Undecided, ...]
    certificate: JsonObject
    """Which documented statement discharges which live piece, and how."""

    @property
    def contained(self) -> bool | None:
        """Return whether live is inside documented; None when that is not decided."""
        if self.excess:
            return False
        if any(u.direction == "excess" for u in self.undecided):
            return None
        return True


class Question(msgspec.Struct, frozen=True):
    """A set of requests: "may any of these happen?" Empty `principals` means any principal."""

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    """IAM resource patterns; `*` is every resource."""
    conditions: JsonObject = {}
    """IAM condition block that the request must satisfy, for example StringNotEquals of an ExternalId."""
    principals: JsonObject = {}
    """IAM Principal block that the request's principal must match."""


class Answer(msgspec.Struct, frozen=True):
    """`possible` (with a witness), `impossible` or `undecided` (with the reason)."""

    outcome: str
    witness: Request | None = None
    reason: str = ""
    statements: tuple[str, ...] = ()
    """`document: Sid or #index` of each statement that alone makes it possible, all of them."""

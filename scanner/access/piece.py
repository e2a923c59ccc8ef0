"""Pieces of Allow statements, and what can be said of a piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.access.principal import show
from scanner.access.records import Request
from scanner.access.statement import PrincipalElement, Statement


class PieceOf(NamedTuple):
    """One action, resource and principal of an Allow statement; None stands for the whole of a Not... element."""

    statement: Statement
    action: int | None
    """Index into the statement's actions; None: NotAction."""
    resource: int | None
    """Index into the statement's resources; None: NotResource, or no Resource element."""
    principal: PrincipalElement | None

    @property
    def place(self) -> tuple[int, int, int]:
        """Return where the piece stands, for sorting."""
        return self.statement.index, self.action or 0, self.resource or 0

    def literal_action(self) -> str | None:
        """Return the action, lower-cased, or None if it has wildcards or is a NotAction."""
        if self.action is None:
            return None
        action = self.statement.actions[self.action]
        return None if "*" in action or "?" in action else action

    def printed_actions(self) -> tuple[str, ...]:
        """Return the action as printed, or `NotAction: a, b`."""
        printed = self.statement.printed_actions
        return (printed[self.action],) if self.action is not None else (f"NotAction: {', '.join(printed)}",)

    def printed_resources(self) -> tuple[str, ...]:
        """Return the resource as printed, `NotResource: ...`, or nothing where there is no Resource element."""
        printed = self.statement.printed_resources
        if self.resource is not None:
            return (printed[self.resource],)
        return (f"NotResource: {', '.join(printed)}",) if printed else ()


def pieces_of(statements: Sequence[Statement]) -> Iterator[PieceOf]:
    """Yield the pieces of every Allow statement, in order."""
    for s in statements:
        if not s.allow:
            continue
        actions: Sequence[int | None] = [None] if s.not_actions else range(len(s.actions))
        resources: Sequence[int | None] = [None] if s.not_resources else range(len(s.resources))
        principals: Sequence[PrincipalElement | None] = (
            s.principals if s.principals and not s.not_principals else [None]
        )
        for action in actions:
            for resource in resources:
                for principal in principals:
                    yield PieceOf(s, action, resource, principal)


class Discharged(NamedTuple):
    """Nothing of the piece is beyond: one statement covers it, its own side denies it, or a search found nothing."""

    by: tuple[str, ...]
    how: str


class Excess(NamedTuple):
    """A request of the piece that the other side does not allow."""

    action: str
    resource: str
    principal: PrincipalElement | None
    context: dict[str, str | list[str]]
    latent: bool
    tentative: bool = False
    """A policy variable was given a value: a request only if the second evaluator says so."""

    def request(self) -> Request:
        """Return the witness."""
        return Request(show(self.principal), self.action, self.resource, self.context)


class Open(NamedTuple):
    """Not decided."""

    reason: str


Verdict = Discharged | Excess | Open

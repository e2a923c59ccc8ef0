"""The answer of `can`, the same for every cloud."""

from __future__ import annotations

import msgspec

from scanner.access.evaluator.authorize import ALLOWED, UNDECIDED, Decision
from scanner.access.records import Request
from scanner.app.exit_codes import CLEAN, FINDINGS, INCOMPLETE


class CanOutcome(msgspec.Struct, frozen=True):
    """The answer, and what it does not take into account."""

    request: Request
    decision: Decision
    not_evaluated: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 for allowed, 1 for denied, 2 for undecided."""
        return {ALLOWED: CLEAN, UNDECIDED: INCOMPLETE}.get(self.decision.effect, FINDINGS)

"""One finding of the lint of a documented version."""

from __future__ import annotations

import msgspec

from scanner.baseline.records import SourceRef


class LintFinding(msgspec.Struct, frozen=True):
    """Something in a documented version that its author should look at."""

    code: str
    """`unknown-action`, `inert-grant`, `adds-nothing`, `contradiction`, `over-wide`, `open-list`, `too-large`,
    `dangling-reference` or `stale`."""
    severity: str
    """`critical`, `high`, `medium`, `low` or `info`."""
    identity: str
    """Key of the role, service account or application; several joined by commas; empty: the version as a whole."""
    item: str
    """Statement, or id of a contradiction, risk note or document."""
    source: SourceRef | None
    """Where the claim was read."""
    message: str
    also: tuple[SourceRef, ...] = ()
    """Further places."""

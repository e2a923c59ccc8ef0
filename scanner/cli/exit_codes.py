"""From a failure to an exit code and one line. The codes themselves are in `scanner.app.exit_codes`."""

from __future__ import annotations

from scanner.app.exit_codes import INTERNAL, MEANINGS, USAGE
from scanner.errors import DisagreementError, ForbiddenCallError, PorterAuditError, RenderError

INTERNAL_ERRORS = (DisagreementError, ForbiddenCallError, RenderError)
"""Errors that the user cannot mend by typing something else."""


def code_for(error: PorterAuditError) -> int:
    """Return 4 for our own faults and for output that could not be written, else 3."""
    return INTERNAL if isinstance(error, INTERNAL_ERRORS) else USAGE


def table() -> str:
    """Return the table of exit codes as printed in the help of a scan."""
    return "\n".join(f"  {code}  {meaning}" for code, meaning in MEANINGS)

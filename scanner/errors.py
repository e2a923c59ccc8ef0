"""The one tree of errors that a user may meet; each edge has its own base.

Messages are one line, lower case, without final period; advice goes into `advice`.
"""

from __future__ import annotations


class PorterAuditError(Exception):
    """Base of every error this program raises on purpose; the command line turns it into one line and exit 3."""

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.advice = advice


class UsageError(PorterAuditError):
    """An option, parameter or combination of options that cannot be used."""


class InputError(PorterAuditError):
    """A file given by the user that is not what it says, is too large, or cannot be read."""


class PolicyError(PorterAuditError):
    """An access document that is not valid in its provider's language (names file, statement and key)."""


class BaselineError(PorterAuditError):
    """A documented version that cannot be found, or is not valid (names file, identity and key)."""


class CollectError(PorterAuditError):
    """Reading from the cloud could not start at all: no credentials, no such profile, wrong partition."""


class ForbiddenCallError(CollectError):
    """A call that is not on the read-only allow-list was about to be sent."""


class HistoryError(PorterAuditError):
    """A history that is damaged, newer than this program, or cannot be written; a scan goes on without it."""


class NotifyError(PorterAuditError):
    """A message could not be delivered; names channel and host, never a secret."""


class RenderError(PorterAuditError):
    """A report could not be produced or written."""


class DisagreementError(PorterAuditError):
    """The two evaluators disagree about a witness: an internal error, exit 4, never a verdict."""

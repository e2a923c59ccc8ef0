"""After off-boarding: read an account, project or subscription, and say whether anything of Porter is left."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.app.scan import OnRuleError, ScanOptions, ScanOutcome, scan
from scanner.app.sources.aws import Progress
from scanner.errors import UsageError
from scanner.model.question import Question
from scanner.model.snapshot import SourceKind


def verify_revoked(
    options: ScanOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> ScanOutcome:
    """Return what is left of the vendor: exit code 0 nothing, 1 something, 2 not proven.

    Names of every documented version that ships count, whichever was chosen. What a file does not carry is not proven
    to be gone. Raises `UsageError` for a template, and any of the edges' errors.
    """
    asked = replace(options, question=Question.REVOKED, require_live=True, presence="absent")
    outcome = scan(asked, progress=progress, on_rule_error=on_rule_error)
    if outcome.snapshot.source is SourceKind.TEMPLATE:
        raise UsageError(
            f"`{options.source}` says what will be made, not what is left",
            advice="give a snapshot of `porter-audit collect`, or read what is live",
        )
    return outcome

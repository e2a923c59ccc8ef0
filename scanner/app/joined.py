"""Several clouds' reports as one, with the exit code that wins."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.app.exit_codes import strongest
from scanner.assess.joined import join_reports
from scanner.model.report import Report


def joined(reports: Sequence[Report]) -> Report:
    """Return one report of runs on several clouds with the strongest exit code; a single one is returned as it is."""
    if len(reports) == 1:
        return reports[0]
    return join_reports(reports, strongest([r.summary.exit_code for r in reports]))

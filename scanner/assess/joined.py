"""Several clouds' reports as one: every part stands in it once, and the verdict is drawn over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.assess.identity import sha256_of
from scanner.assess.verdict import summary, verdict
from scanner.model.report import Report, Run


def join_reports(reports: Sequence[Report], exit_code: int) -> Report:
    """Return one report of runs on several clouds, judged by one documented version; the first one's run leads."""
    findings = tuple(f for r in reports for f in r.findings)
    reviews = tuple(v for r in reports for v in r.reviews)
    units = tuple(u for r in reports for u in r.units)
    counted = summary(findings, units, sum(r.summary.rules_evaluated for r in reports))
    first = reports[0]
    return msgspec.structs.replace(
        first,
        run=_run([r.run for r in reports]),
        verdict=verdict(findings, reviews, units, first.run.source),
        summary=msgspec.structs.replace(counted, exit_code=exit_code),
        scopes=tuple(s for r in reports for s in r.scopes),
        units=units,
        calls=tuple(c for r in reports for c in r.calls),
        populations=tuple(p for r in reports for p in r.populations),
        tie_outs=tuple(t for r in reports for t in r.tie_outs),
        reviews=reviews,
        findings=findings,
        baseline_documents=tuple({str(d["name"]): d for r in reports for d in r.baseline_documents}.values()),
        errors=tuple(e for r in reports for e in r.errors),
    )


def _run(runs: Sequence[Run]) -> Run:
    return msgspec.structs.replace(
        runs[0],
        started=min(r.started for r in runs),
        ended=max(r.ended for r in runs),
        baseline_digest=sha256_of([r.baseline_digest for r in runs]),
        rules_digest=sha256_of([r.rules_digest for r in runs]),
        callers=tuple(c for r in runs for c in r.callers),
        parameters=tuple(dict(p for r in runs for p in r.parameters).items()),
        sdk_versions=tuple(dict(v for r in runs for v in r.sdk_versions).items()),
    )

"""report.json: the canonical form of a report, and the JSON Schema it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from scanner.model import finding as model
from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.history import HistoryNote
from scanner.model.pages import Excerpt
from scanner.model.report import Report, RoleReview, StatementRow
from scanner.model.snapshot import ApiCall, Scope, Unit
from scanner.model.waiver import WaiverRow
from scanner.render import json_finding as found
from scanner.render import json_types as out
from scanner.render.calls import Ledger, command
from scanner.render.json_order import review_key
from scanner.render.json_sources import Sources, arn_path, clock_skew_s
from scanner.render.text import encodable, stamp
from scanner.render.words import in_order

SCHEMA_ID = "urn:porter-audit:schema:report:v1"


def render_json(report: Report) -> bytes:
    """Return `report` as canonical JSON: sorted keys, UTF-8, no blanks, one final line feed; same report, same bytes.

    A lone surrogate, which has no UTF-8 form, becomes U+FFFD.
    """
    plain = msgspec.to_builtins(report_document(report))
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return encodable(text).encode() + b"\n"


def report_schema() -> bytes:
    """Return the JSON Schema (2020-12) of `render_json`'s output, as it is shipped."""
    made = msgspec.json.schema(out.ReportDocument)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "porter-audit report, version 1",
    }
    return json.dumps({**head, **made}, sort_keys=True, ensure_ascii=False, indent=2).encode() + b"\n"


def report_document(report: Report) -> out.ReportDocument:
    """Return the machine's view of `report`; findings, reviews and populations in a fixed order."""
    sources = Sources(report)
    clouds = {unit.unit_id: unit.cloud for unit in report.units}
    return out.ReportDocument(
        schema="porter-audit/report/v1",
        schema_version=report.schema_version,
        run=_run(report),
        verdict=_verdict(report),
        summary=msgspec.convert(report.summary, out.Summary, from_attributes=True),
        scopes=[_scope(s) for s in sorted(report.scopes, key=lambda s: (s.cloud, s.kind, s.id))],
        units=[_unit(u, sources) for u in sorted(report.units, key=lambda u: u.unit_id)],
        calls=[_call(c, clouds.get(c.unit_id, "")) for c in report.calls],
        populations=[
            msgspec.convert(p, out.Population, from_attributes=True)
            for p in sorted(report.populations, key=lambda p: (p.scope_id, p.name))
        ],
        tie_outs=[
            msgspec.convert(t, out.TieOut, from_attributes=True)
            for t in sorted(report.tie_outs, key=lambda t: (t.scope_id, t.name))
        ],
        reviews=[_review(r) for r in sorted(report.reviews, key=review_key)],
        services=[msgspec.convert(msgspec.to_builtins(s), out.Service) for s in report.services],
        findings=[_finding(f, report, sources) for f in in_order(report.findings)],
        excerpts=[_excerpt(e) for e in report.excerpts],
        waivers=[_waiver(row) for row in report.waivers],
        history=_history(report.history) if report.history else None,
        errors=list(report.errors),
    )


def _run(report: Report) -> out.Run:
    run = report.run
    return out.Run(
        run_id=run.run_id,
        started=stamp(run.started),
        ended=stamp(run.ended),
        as_of=stamp(run.as_of),
        collected_at=stamp(run.collected_at),
        tool="porter-audit",
        version=run.tool_version,
        source=run.source,
        planned=run.planned,
        baseline=out.Baseline(
            id=run.baseline_id,
            digest=run.baseline_digest,
            docs_snapshot_date=_newest(report.baseline_documents),
            documents=[dict(d) for d in report.baseline_documents],
        ),
        rules_digest=run.rules_digest,
        controls_digest=run.controls_digest,
        waivers_digest=run.waivers_digest,
        config_digest=run.config_digest,
        catalogue=run.catalogue,
        principal=[msgspec.convert(c, out.Caller, from_attributes=True) for c in run.callers],
        parameters=[out.Parameter(name=name, value=value) for name, value in sorted(run.parameters)],
        sdk_versions=[out.Sdk(name=name, version=version) for name, version in sorted(run.sdk_versions)],
        python=run.python,
        argv_redacted=list(run.argv),
        host=run.host,
        clock_skew_s=clock_skew_s(report.calls),
        previous_run=report.history.previous_run_id if report.history else None,
        question=msgspec.convert(run.question.value, Literal["documented", "revoked"]),
    )


def _newest(documents: Iterable[JsonObject]) -> str | None:
    return max((str(d["retrieved"]) for d in documents if d.get("retrieved")), default=None)


def _verdict(report: Report) -> out.Verdict:
    verdict = report.verdict
    return msgspec.convert(
        {
            "as_documented": verdict.as_documented,
            "headline": verdict.headline,
            "allows": verdict.allows,
            "unread": list(verdict.unread),
        },
        out.Verdict,
    )


def _waiver(row: WaiverRow) -> out.Waiver:
    return msgspec.convert({**msgspec.to_builtins(row), "created": stamp(row.created)}, out.Waiver)


def _history(note: HistoryNote) -> out.History:
    return out.History(
        source=msgspec.convert(note.source, Literal["history", "report"]),
        previous_run_id=note.previous_run_id,
        previous_as_of=_time(note.previous_as_of),
        deltas=note.deltas,
        gone=[
            msgspec.convert(
                {
                    **msgspec.to_builtins(gone),
                    "first_seen": stamp(gone.first_seen),
                    "last_seen": stamp(gone.last_seen),
                },
                out.Gone,
            )
            for gone in note.gone
        ],
        remembered=[msgspec.to_builtins(state) for state in note.remembered],
        facts=note.facts,
        other_baseline=note.other_baseline,
    )


def _scope(scope: Scope) -> found.Scope:
    return msgspec.convert(scope, found.Scope, from_attributes=True)


def _unit(unit: Unit, sources: Sources) -> out.Unit:
    calls = sources.ledger.calls(unit.unit_id)
    error = None
    if unit.error:
        error = out.UnitError(code=unit.error.code, message_redacted=unit.error.message, http=unit.error.http_status)
    return out.Unit(
        unit_id=unit.unit_id,
        kind=unit.kind,
        cloud=unit.cloud,
        scope_id=unit.scope_id,
        region=unit.region,
        required=unit.required,
        status=unit.status,
        api=sorted(unit.apis),
        pages=len(calls),
        items=unit.items,
        attempts=sum(call.attempts for call in calls),
        error=error,
        started=_time(unit.started),
        ended=_time(unit.ended),
        request_ids=[call.request_id for call in calls if call.request_id],
        server_date=next((call.server_date for call in reversed(calls) if call.server_date), None),
        raw=[out.RawFile(path=f.path, sha256=f.sha256, bytes=f.bytes) for f in sources.pages(unit.unit_id)],
    )


def _call(call: ApiCall, cloud: str) -> out.Call:
    return out.Call(
        unit_id=call.unit_id,
        service=call.service,
        operation=call.operation,
        region=call.region,
        params=dict(call.params),
        page=call.page,
        items=call.items,
        outcome=call.outcome,
        attempts=call.attempts,
        started=stamp(call.started),
        ended=stamp(call.ended),
        request_id=call.request_id,
        http_status=call.http_status,
        error_code=call.error_code,
        endpoint_host=call.endpoint_host,
        server_date=call.server_date,
        command=command(call, cloud),
    )


def _review(review: RoleReview) -> out.Review:
    same: dict[str, Any] = {
        name: getattr(review, name)
        for name in (
            "cloud", "scope_id", "name", "arn", "documented_as", "present", "optional", "verdict", "trust_verdict",
            "external_id", "excess", "missing", "undecided", "documented_risks", "matched_statements",
            "documented_statements", "live_actions", "live_trust", "documented_trust", "boundary", "nearest",
        )
    }  # fmt: skip
    return out.Review(
        **same,
        external_principals=sorted(review.external_principals),
        diff=_diff(review.diff),
        trust_diff=_diff(review.trust_diff),
        live=[_row(row) for row in review.live],
        documented=[_row(row) for row in review.documented],
        certificate=dict(review.certificate) if review.certificate is not None else None,
        layers=list(review.layers),
        last_used_at=_time(review.last_used_at),
        created_at=_time(review.created_at),
    )


def _row(row: StatementRow) -> out.StatementRow:
    return out.StatementRow(ref=row.ref, json=row.json, marks=list(row.marks))


def _diff(diff: model.Diff) -> found.Diff:
    added = [_entry(e) for e in diff.added]
    return found.Diff(
        added=added,
        removed=[_entry(e) for e in diff.removed],
        widened=[e for e in added if e.kind == "resource"],
        weakened_conditions=[e for e in added if e.kind == "condition"],
        undecided=list(diff.undecided),
    )


def _entry(entry: model.DiffEntry) -> found.DiffEntry:
    return found.DiffEntry(
        kind=entry.kind,
        statement=entry.statement,
        actions=list(entry.actions),
        resources=list(entry.resources),
        conditions=dict(entry.conditions),
        principals=dict(entry.principals),
        latent=entry.latent,
        witness=_witness(entry.witness),
    )


def _witness(witness: model.Witness | None) -> found.Witness | None:
    if witness is None:
        return None
    return found.Witness(
        principal=witness.principal,
        action=witness.action,
        resource=witness.resource,
        context=dict(witness.context),
        path=list(witness.path),
        evaluated_by="access.compare, access.authorize" if witness.replayed else "access.compare",
        replayable=witness.replayed,
    )


def _finding(finding: model.Finding, report: Report, sources: Sources) -> found.Finding:
    same: dict[str, Any] = {
        name: getattr(finding, name)
        for name in (
            "finding_id", "fingerprint", "content_hash", "rule_id", "rule_version", "rule_title", "axis", "severity",
            "severity_reason", "confidence", "result", "status", "reason_code", "message", "cloud", "region",
            "discriminator", "porter_role", "blocking", "waiver", "occurrences", "first_seen_source", "delta",
        )
    }  # fmt: skip
    history = ("first_seen", "last_seen", "last_changed", "resolved_at")
    times: dict[str, Any] = {name: _time(getattr(finding, name)) for name in history}
    return found.Finding(
        **same,
        **times,
        rule_digest=report.run.rules_digest,
        scope=_scope(finding.scope),
        subject=_subject(finding.subject, sources),
        expected=_expected(finding.expected, report),
        observed=_observed(finding.observed),
        diff=_diff(finding.diff) if finding.diff else None,
        witness=_witness(finding.witness),
        remediation=_remediation(finding.remediation),
        references=[found.Reference(title=r.title, url=r.url) for r in finding.references],
        claims=sorted(finding.claims),
        controls=[msgspec.convert(c, found.Control, from_attributes=True) for c in finding.controls],
        evidence=[_evidence(pointer, sources) for pointer in finding.evidence],
        requires_units=[_required(unit_id, sources.ledger) for unit_id in sorted(finding.requires_units)],
        evaluated_at=stamp(finding.evaluated_at),
        collected_at=stamp(report.run.collected_at),
        run_id=report.run.run_id,
    )


def _expected(expected: model.Expected | None, report: Report) -> found.Expected | None:
    if expected is None:
        return None
    return found.Expected(
        source=expected.baseline,
        baseline_digest=report.run.baseline_digest,
        doc_url=expected.doc_url,
        doc_locator=expected.source,
        statement_id=expected.statement_id,
        value=expected.value,
    )


def _observed(observed: model.ObservedValue | None) -> found.ObservedValue | None:
    if observed is None:
        return None
    return found.ObservedValue(value=observed.value, normalised=None, statement_ref=observed.statement_ref)


def _remediation(remediation: model.Remediation | None) -> found.Remediation | None:
    if remediation is None:
        return None
    return found.Remediation(
        summary=remediation.summary,
        owner=remediation.owner,
        steps=list(remediation.steps),
        cli=remediation.cli,
        terraform=None,
        risk_of_change=remediation.risk_of_change,
    )


def _subject(subject: model.Subject, sources: Sources) -> found.Subject:
    review = sources.review(subject.key)
    return found.Subject(
        type=subject.type,
        key=subject.key,
        id=subject.id,
        name=subject.name,
        path=arn_path(subject.key),
        created_at=_time(review.created_at) if review else None,
        last_used_at=_time(review.last_used_at) if review else None,
    )


def _evidence(pointer: EvidencePointer, sources: Sources) -> found.Evidence:
    source = sources.ledger.source(pointer)
    call, page, excerpt = source.call, sources.page(pointer), sources.excerpt(pointer)
    return found.Evidence(
        unit_id=pointer.unit_id,
        json_pointer=pointer.pointer,
        api=f"{call.service}:{call.operation}" if call else None,
        request_id=call.request_id if call else None,
        retrieved_at=stamp(call.ended) if call else None,
        command=command(call, source.unit.cloud) if call and source.unit else None,
        path=page.path if page else None,
        sha256=page.sha256 if page else None,
        redactions=list(excerpt.redactions) if excerpt else None,
    )


def _excerpt(excerpt: Excerpt) -> out.Excerpt:
    return out.Excerpt(
        unit_id=excerpt.unit_id,
        json_pointer=excerpt.pointer,
        text=excerpt.text,
        chars=excerpt.chars,
        redactions=list(excerpt.redactions),
    )


def _required(unit_id: str, ledger: Ledger) -> found.RequiredUnit:
    unit = ledger.unit(unit_id)
    return found.RequiredUnit(unit_id=unit_id, status=unit.status if unit else None)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)

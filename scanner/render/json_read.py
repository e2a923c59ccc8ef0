"""report.json back into a report, so that any other format can be made of it later, elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from scanner.errors import InputError
from scanner.model import finding as model
from scanner.model import report as records
from scanner.model.common import EvidencePointer, check_moments
from scanner.model.history import HistoryNote
from scanner.model.pages import Excerpt, PageFile
from scanner.model.question import Question
from scanner.model.services import ServiceReview
from scanner.model.snapshot import ApiCall, Caller, Scope, Unit, UnitError
from scanner.model.waiver import WaiverRow
from scanner.render import json_finding as found
from scanner.render import json_types as out
from scanner.render.json_order import ordered
from scanner.render.json_report import render_json


def read_report(data: bytes, where: str) -> records.Report:
    """Return the report that `data`, a report.json, is of.

    Raises `InputError` starting with `where` if it is none, or if this version of the program would not write it so:
    another version wrote it, or somebody changed it.
    """
    try:
        value = json.loads(data)
        report = _report(msgspec.convert(value, out.ReportDocument))
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise InputError(f"{where}: not a report.json of this version: {problem[:1].lower()}{problem[1:]}") from error
    report = ordered(report)
    if json.loads(render_json(report)) != value:
        version = value["run"]["version"][:40]
        raise InputError(
            f"{where}: what this version makes of it is not the same; it says that porter-audit {version} wrote it",
            advice="use the version that wrote it, or scan again with --from BUNDLE",
        )
    return report


def _report(document: out.ReportDocument) -> records.Report:
    return records.Report(
        schema=document.schema,
        schema_version=document.schema_version,
        run=_run(document.run),
        verdict=msgspec.convert(document.verdict, records.Verdict, from_attributes=True),
        summary=msgspec.convert(document.summary, records.Summary, from_attributes=True),
        scopes=tuple(_scope(scope) for scope in document.scopes),
        units=tuple(_unit(unit) for unit in document.units),
        calls=tuple(msgspec.convert(_without(call, "command"), ApiCall) for call in document.calls),
        populations=_all(document.populations, records.Population),
        tie_outs=_all(document.tie_outs, records.TieOut),
        reviews=tuple(_review(review) for review in document.reviews),
        services=_all(document.services, ServiceReview),
        findings=tuple(_finding(finding) for finding in document.findings),
        baseline_documents=tuple(document.run.baseline.documents),
        errors=tuple(document.errors),
        waivers=_all(document.waivers, WaiverRow),
        history=_history(document.history),
        pages=tuple(
            PageFile(unit.unit_id, number, raw.path, raw.sha256, raw.bytes)
            for unit in document.units
            for number, raw in enumerate(unit.raw, 1)
        ),
        excerpts=tuple(
            Excerpt(e.unit_id, e.json_pointer, e.text, e.chars, tuple(e.redactions)) for e in document.excerpts
        ),
    )


def _run(run: out.Run) -> records.Run:
    return records.Run(
        run_id=run.run_id,
        started=_moment(run.started),
        ended=_moment(run.ended),
        as_of=_moment(run.as_of),
        collected_at=_moment(run.collected_at),
        tool_version=run.version,
        source=run.source,
        baseline_id=run.baseline.id,
        baseline_digest=run.baseline.digest,
        rules_digest=run.rules_digest,
        catalogue=run.catalogue,
        callers=_all(run.principal, Caller),
        parameters=tuple((parameter.name, parameter.value) for parameter in run.parameters),
        sdk_versions=tuple((sdk.name, sdk.version) for sdk in run.sdk_versions),
        python=run.python,
        argv=tuple(run.argv_redacted),
        host=run.host,
        question=Question(run.question),
        planned=run.planned,
        config_digest=run.config_digest,
        controls_digest=run.controls_digest,
        waivers_digest=run.waivers_digest,
    )


def _unit(unit: out.Unit) -> Unit:
    error = unit.error
    return Unit(
        unit_id=unit.unit_id,
        kind=unit.kind,
        cloud=unit.cloud,
        scope_id=unit.scope_id,
        region=unit.region,
        required=unit.required,
        status=unit.status,
        apis=tuple(unit.api),
        items=unit.items,
        error=UnitError(error.code, error.message_redacted, error.http) if error else None,
        started=_optional(unit.started),
        ended=_optional(unit.ended),
    )


def _review(review: out.Review) -> records.RoleReview:
    same = {name: getattr(review, name) for name in records.RoleReview.__struct_fields__}
    changed: dict[str, Any] = {
        "external_principals": tuple(review.external_principals),
        "diff": _diff(review.diff),
        "trust_diff": _diff(review.trust_diff),
        "live": tuple(_row(row) for row in review.live),
        "documented": tuple(_row(row) for row in review.documented),
        "layers": tuple(review.layers),
        "last_used_at": _optional(review.last_used_at),
        "created_at": _optional(review.created_at),
    }
    return records.RoleReview(**{**same, **changed})


def _row(row: out.StatementRow) -> records.StatementRow:
    return records.StatementRow(row.ref, row.json, tuple(row.marks))


def _diff(diff: found.Diff) -> model.Diff:
    return model.Diff(
        added=tuple(_entry(entry) for entry in diff.added),
        removed=tuple(_entry(entry) for entry in diff.removed),
        undecided=tuple(diff.undecided),
    )


def _entry(entry: found.DiffEntry) -> model.DiffEntry:
    return model.DiffEntry(
        kind=entry.kind,
        statement=entry.statement,
        actions=tuple(entry.actions),
        resources=tuple(entry.resources),
        conditions=entry.conditions,
        principals=entry.principals,
        latent=entry.latent,
        witness=_witness(entry.witness),
    )


def _witness(witness: found.Witness | None) -> model.Witness | None:
    if witness is None:
        return None
    return model.Witness(
        principal=witness.principal,
        action=witness.action,
        resource=witness.resource,
        context=witness.context,
        path=tuple(witness.path),
        replayed=witness.replayable,
    )


def _finding(finding: found.Finding) -> model.Finding:
    same = {name: getattr(finding, name) for name in model.Finding.__struct_fields__}
    history = ("first_seen", "last_seen", "last_changed", "resolved_at")
    subject = finding.subject
    changed: dict[str, Any] = {
        **{name: _optional(getattr(finding, name)) for name in history},
        "scope": _scope(finding.scope),
        "subject": model.Subject(subject.type, subject.key, subject.name, subject.id),
        "expected": _expected(finding.expected),
        "observed": _observed(finding.observed),
        "diff": _diff(finding.diff) if finding.diff else None,
        "witness": _witness(finding.witness),
        "remediation": _remediation(finding.remediation),
        "references": _all(finding.references, model.Reference),
        "claims": tuple(finding.claims),
        "controls": _all(finding.controls, model.ControlLink),
        "evidence": tuple(EvidencePointer(e.unit_id, e.json_pointer) for e in finding.evidence),
        "requires_units": tuple(unit.unit_id for unit in finding.requires_units),
        "evaluated_at": _moment(finding.evaluated_at),
    }
    return model.Finding(**{**same, **changed})


def _expected(expected: found.Expected | None) -> model.Expected | None:
    if expected is None:
        return None
    return model.Expected(
        value=expected.value,
        source=expected.doc_locator,
        statement_id=expected.statement_id,
        baseline=expected.source,
        doc_url=expected.doc_url,
    )


def _observed(observed: found.ObservedValue | None) -> model.ObservedValue | None:
    return None if observed is None else model.ObservedValue(observed.value, observed.statement_ref)


def _remediation(remediation: found.Remediation | None) -> model.Remediation | None:
    if remediation is None:
        return None
    return model.Remediation(
        summary=remediation.summary,
        owner=remediation.owner,
        steps=tuple(remediation.steps),
        cli=remediation.cli,
        risk_of_change=remediation.risk_of_change,
    )


def _history(history: out.History | None) -> HistoryNote | None:
    return None if history is None else msgspec.convert(msgspec.to_builtins(history), HistoryNote)


def _scope(scope: found.Scope) -> Scope:
    return msgspec.convert(scope, Scope, from_attributes=True)


def _all(rows: Iterable[msgspec.Struct], kind: type[Any]) -> tuple[Any, ...]:
    return tuple(msgspec.convert(msgspec.to_builtins(row), kind) for row in rows)


def _without(record: msgspec.Struct, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record)
    del fields[name]
    return fields


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    check_moments(moment)
    return moment


def _optional(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)

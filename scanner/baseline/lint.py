"""What a documented version's author should look at: findings, each with the place of the claim it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeAlias

import msgspec

from scanner.baseline.links import sources_in
from scanner.baseline.lint_aws import LintCatalogue, lint_roles
from scanner.baseline.lint_records import LintFinding
from scanner.baseline.load import AnyBaseline
from scanner.baseline.records import AwsBaseline, SourceDocument, SourceRef
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline

AnyPart: TypeAlias = AnyBaseline | ServicesBaseline
SCHEMA = "porter-audit/baseline-lint/v1"
SEVERITIES = ("critical", "high", "medium", "low", "info")
# Older pages of this vendor were changed several times within half a year.
MAX_AGE_DAYS = 180
_MONTH_LENGTH = 7
_FULL_POWER = {"roles/owner", "roles/editor"}


def lint(
    baseline: AnyBaseline, catalogue: LintCatalogue, *, as_of: date, max_age_days: int = MAX_AGE_DAYS
) -> tuple[LintFinding, ...]:
    """Return what is worth a look, most severe first, then in the order of the file. Pure."""
    found = [*_of_cloud(baseline, catalogue), *_contradictions(baseline), *_risks(baseline)]
    found += _unused_documents(baseline)
    found += _stale(baseline, as_of, max_age_days)
    return tuple(sorted(found, key=lambda item: SEVERITIES.index(item.severity)))


def lint_services(
    baseline: ServicesBaseline, *, as_of: date, max_age_days: int = MAX_AGE_DAYS
) -> tuple[LintFinding, ...]:
    """Return what is worth a look in the part on services' own identities, as `lint` does. Pure."""
    found = [*_contradictions(baseline), *_unused_documents(baseline), *_stale(baseline, as_of, max_age_days)]
    return tuple(sorted(found, key=lambda item: SEVERITIES.index(item.severity)))


def at_or_above(findings: Sequence[LintFinding], gate: str) -> bool:
    """Return whether a finding is of the gate's severity or above; `none` is never reached."""
    if gate == "none":
        return False
    worst = SEVERITIES.index(gate)
    return any(SEVERITIES.index(finding.severity) <= worst for finding in findings)


def _of_cloud(baseline: AnyBaseline, catalogue: LintCatalogue) -> Iterator[LintFinding]:
    match baseline:
        case AwsBaseline():
            yield from lint_roles(baseline, catalogue)
        case GcpBaseline():
            yield from _gcp(baseline)
        case AzureBaseline():
            yield from _azure(baseline)


def _gcp(baseline: GcpBaseline) -> Iterator[LintFinding]:
    for account in baseline.service_accounts:
        for grant in account.grants:
            if grant.role in _FULL_POWER or grant.scope != "project":
                what = f"documents `{grant.role}` on the {grant.scope}"
                yield LintFinding("over-wide", "high", account.key, "", grant.source, what)
        if account.open_list is not None:
            what = f"the list of roles is open: {account.open_list.summary}"
            yield LintFinding("open-list", "medium", account.key, "", account.open_list.source, what)


def _azure(baseline: AzureBaseline) -> Iterator[LintFinding]:
    for definition in baseline.role_definitions:
        for block in definition.permissions:
            if "*" in block.actions:
                what = f"grants every operation but {len(block.not_actions)}"
                yield LintFinding("over-wide", "high", definition.key, "", definition.source, what)
            if "*" in block.data_actions:
                what = "grants every data operation"
                yield LintFinding("over-wide", "critical", definition.key, "", definition.source, what)
        if "/" in definition.assignable_scopes:
            what = "may be assigned on the whole tenant"
            yield LintFinding("over-wide", "high", definition.key, "", definition.source, what)


def _contradictions(baseline: AnyPart) -> Iterator[LintFinding]:
    for item in baseline.contradictions:
        sources = item.sources or (None,)
        message = f"{item.summary} Settled: {item.settled}"
        first, *others = sources
        yield LintFinding(
            "contradiction",
            "medium",
            ", ".join(item.roles),
            item.id,
            first,
            message,
            tuple(source for source in others if source is not None),
        )


def _risks(baseline: AnyBaseline) -> Iterator[LintFinding]:
    places = _places(baseline)
    for note in baseline.risk_notes:
        found = [places[name] for name in note.roles if name in places]
        first = found[0] if found else None
        yield LintFinding(
            "over-wide", note.severity, ", ".join(note.roles), note.id, first, note.summary, tuple(found[1:])
        )


def _places(baseline: AnyBaseline) -> dict[str, SourceRef]:
    match baseline:
        case AwsBaseline(roles=roles):
            return {role.key: role.source for role in roles}
        case GcpBaseline(service_accounts=accounts):
            return {account.key: account.source for account in accounts}
        case AzureBaseline(role_definitions=definitions, applications=applications):
            places = {definition.key: definition.source for definition in definitions}
            return places | {application.key: application.source for application in applications}


def _unused_documents(baseline: AnyPart) -> Iterator[LintFinding]:
    """Yield documents that no claim points at: what they were read for is not recorded."""
    used = {source.document for source in sources_in(baseline)}
    # A claim's own words may name a document too, as notes and contradictions do.
    prose = str({f: msgspec.to_builtins(getattr(baseline, f)) for f in baseline.__struct_fields__ if f != "documents"})
    words = set(re.findall(r"[A-Za-z0-9_-]+", prose))
    for document in baseline.documents:
        if document.name not in used and document.name not in words:
            where = SourceRef(document=document.name)
            yield LintFinding(
                "dangling-reference", "low", "", document.name, where, "no claim was read from this document"
            )


def _stale(baseline: AnyPart, as_of: date, max_age_days: int) -> Iterator[LintFinding]:
    dated = [(document, _day(document.retrieved)) for document in baseline.documents]
    for document, day in dated:
        if day is None:
            yield _dated(document, "low", f"`{document.retrieved}` is no date: the age of the document is not known")
    known = [(day, document) for document, day in dated if day is not None]
    if not known:
        return
    newest, document = max(known, key=lambda pair: pair[0])
    age = (as_of - newest).days
    if age > max_age_days:
        yield _dated(document, "medium", f"the newest document is {age} days old, more than {max_age_days}")
    elif age < 0:
        yield _dated(
            document, "medium", f"the newest document is of {newest.isoformat()}, later than {as_of.isoformat()}"
        )


def _dated(document: SourceDocument, severity: str, message: str) -> LintFinding:
    return LintFinding("stale", severity, "", document.name, SourceRef(document=document.name), message)


def _day(text: str) -> date | None:
    """Return a date, or the first day of a month where only that is known."""
    try:
        return date.fromisoformat(text if len(text) > _MONTH_LENGTH else f"{text}-01")
    except ValueError:
        return None

"""The words and signs that every format for people uses, and the order in which results are told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.model.finding import SEVERITY_ORDER, Axis, Finding, Result, Severity
from scanner.model.history import HistoryNote
from scanner.model.question import LEADS, Question
from scanner.model.report import Report, RoleReview, Verdict
from scanner.model.snapshot import SourceKind, Unit, UnitStatus
from scanner.model.waiver import WaiverRow, WaiverState
from scanner.render.text import count, one_line, when

RESULT_SIGN = {
    Result.PASS: "✓",
    Result.FAIL: "✗",
    Result.MANUAL: "?",
    Result.INCOMPLETE: "…",
    Result.NOT_APPLICABLE: "–",
    Result.ERROR: "‼",
}
VERDICT_SIGN = {"yes": "✓", "no": "✗", "not proven": "…"}

PERMISSION_WORDS = {
    "equal": ("✓", "as documented", "good"),
    "narrower": ("✓", "narrower", "good"),
    "broader": ("✗", "broader", "bad"),
    "different": ("✗", "different", "bad"),
    "undecided": ("…", "not proven", "open"),
    "undocumented": ("✗", "not documented", "bad"),
    "absent": ("–", "absent", "none"),
    "not applicable": ("–", "not applicable", "none"),
}
"""Comparison verdict -> sign, words, tone."""

CLOUD_NAMES = {"aws": "AWS", "gcp": "GCP", "azure": "Azure"}


def cloud_name(cloud: str) -> str:
    """Return a cloud as people write it."""
    return CLOUD_NAMES.get(cloud, cloud)


EXCESS_WORDS = {
    "action": "EXCESS",
    "resource": "WIDENED",
    "condition": "CONDITION LOST",
    "principal": "EXCESS PRINCIPAL",
    "data": "EXCESS DATA ACCESS",
    "scope": "WIDENED SCOPE",
}
MISSING_WORD = "DOCUMENTED, NOT GRANTED"
UNDECIDED_WORD = "NOT PROVEN"

EXIT_WORDS = {
    0: "nothing at or above the gates, everything required was read",
    1: "findings at or above the gates",
    2: "incomplete: something required was not read or not proven",
    3: "usage or configuration",
    4: "internal error: a rule failed, its subjects are not judged",
    5: "verification or replay mismatch",
}
OWNER_WORDS = {"customer": "You", "porter": "Porter"}

_READ_OR_OUT_OF_REACH = {UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT}
_RANK = {severity: rank for rank, severity in enumerate(SEVERITY_ORDER)}


class Group(msgspec.Struct, frozen=True):
    """Findings that are told together."""

    slug: str
    title: str
    explanation: str
    tone: str
    """`bad`, `risk`, `open`, `good` or `none`."""
    findings: tuple[Finding, ...]


_GROUPS = (
    ("not-documented", "Not as documented", "Live access or trust that differs from the documented version.", "bad"),
    ("errors", "Rule errors", "The rule itself failed; nothing is known about these subjects.", "open"),
    ("manual", "For a person to judge", "The document has more than one reading, or does not enumerate.", "open"),
    ("not-proven", "Not proven", "Something needed was not read or could not be decided. This is not a pass.", "open"),
    ("risks", "Documented risks", "As documented, and still a risk worth knowing.", "risk"),
    ("housekeeping", "Coverage and housekeeping", "About what was read and about waivers, not about access.", "risk"),
    ("waived", "Waived", "Deviations that somebody accepted; each still counts here.", "none"),
    ("passed", "Passed", "Checked against everything the rule needs.", "good"),
    ("not-applicable", "Not applicable", "No subject here, or the input does not carry what the rule needs.", "none"),
)

_REVOKED_GROUPS = {
    "not-documented": ("Left", "Porter's, or open to Porter, and still there; with what removes it."),
    "manual": ("For a person to judge", "It may be Porter's: the name or the account does not say."),
}
"""How groups are told where the question is what is left: title and explanation."""


def group_slug(finding: Finding) -> str:
    """Return the slug of the one group `finding` belongs to."""
    if finding.status == "WAIVED":
        return "waived"
    match finding.result:
        case Result.FAIL:
            return {Axis.CONFORMANCE: "not-documented", Axis.POSTURE: "risks"}.get(finding.axis, "housekeeping")
        case Result.ERROR:
            return "errors"
        case Result.MANUAL:
            return "manual"
        case Result.INCOMPLETE:
            return "not-proven"
        case Result.PASS:
            return "passed"
        case Result.NOT_APPLICABLE:
            return "not-applicable"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by severity, rule, subject and discriminator."""
    return sorted(
        findings,
        key=lambda f: (_RANK[f.severity], f.rule_id, f.subject.key, f.region, f.discriminator, f.finding_id),
    )


def groups(report: Report) -> tuple[Group, ...]:
    """Return the groups that have findings, in the order they are told; every finding is in exactly one."""
    members: dict[str, list[Finding]] = {}
    for finding in report.findings:
        members.setdefault(group_slug(finding), []).append(finding)
    other = _REVOKED_GROUPS if report.run.question is Question.REVOKED else _explained(report, members)
    return tuple(
        Group(slug, *other.get(slug, (title, explanation)), tone=tone, findings=tuple(in_order(members[slug])))
        for slug, title, explanation, tone in _GROUPS
        if slug in members
    )


def _explained(report: Report, members: dict[str, list[Finding]]) -> dict[str, tuple[str, str]]:
    """Return how groups are told where live access goes beyond the documents: title and explanation."""
    told = {slug: (title, explanation) for slug, title, explanation, _ in _GROUPS}
    title, explanation = told["not-documented"]
    told["not-documented"] = (title, f"{explanation} {less_words(members.get('not-documented', ()))}".rstrip())
    if report.verdict.as_documented == "no":
        told["risks"] = ("Documented risks and posture", "Worth knowing of what is live, whether documented or not.")
    return told


def less_words(found: Iterable[Finding]) -> str:
    """Return how many of the results that are not as documented the verdict does not count, and why; or nothing."""
    less = sum(f.severity is Severity.INFO for f in found)
    who = "1 of them says" if less == 1 else f"{less:,} of them say"
    return f"{who} (info) that something documented is missing: no deviation, and no gate counts it." if less else ""


def excess_words(review: RoleReview) -> str:
    """Return how many pieces go beyond the documents; where no document names the identity, all that it has."""
    if review.verdict == "undocumented" and not review.excess:
        return "all"
    return f"{review.excess}, {review.undecided} open" if review.undecided else str(review.excess)


def verdict_lines(verdict: Verdict) -> tuple[str, str]:
    """Return the two lines without their lead words: what follows `As documented:` and what follows the second lead."""
    headline, allows = one_line(verdict.headline, 1000), one_line(verdict.allows, 1000)
    for lead, allows_lead in LEADS.values():
        headline, allows = _without_lead(headline, lead), _without_lead(allows, allows_lead)
    if headline.lower().startswith(verdict.as_documented):
        headline = headline[len(verdict.as_documented) :].lstrip(" .,:;—–-")
    return headline, allows


def leads(report: Report) -> tuple[str, str]:
    """Return what stands before the answer and before the second line: what the run asked, and of which vendor."""
    name = vendor_name(report)
    first, second = LEADS[report.run.question]
    return first.replace("Porter", name), second.replace("Porter", name)


def vendor_name(report: Report) -> str:
    """Return whom the documented version is of, as people write it."""
    vendor = report.run.baseline_id.partition("@")[0]
    return " ".join(part.capitalize() for part in one_line(vendor, 60).replace("_", "-").split("-"))


def _without_lead(text: str, lead: str) -> str:
    return text[len(lead) :].lstrip() if text.startswith(lead) else text


def unread_required(report: Report) -> tuple[Unit, ...]:
    """Return required units that were asked for and not completely read."""
    return tuple(u for u in report.units if u.required and u.status not in _READ_OR_OUT_OF_REACH)


def unread_other(report: Report) -> tuple[Unit, ...]:
    """Return the other units that are not complete: named, never the cause of an open verdict."""
    required = {u.unit_id for u in unread_required(report)}
    return tuple(u for u in report.units if u.status is not UnitStatus.COMPLETE and u.unit_id not in required)


def unread_words(report: Report) -> tuple[str, ...]:
    """Return what was not read and is no cause of an open verdict: one phrase each, one for all a file cannot hold."""
    other = unread_other(report)
    absent = sorted({one_line(u.kind, 80) for u in other if u.status is UnitStatus.NOT_IN_INPUT})
    phrases = tuple(
        f"{unit_phrase(u)}; no effect on the verdict" for u in other if u.status is not UnitStatus.NOT_IN_INPUT
    )
    held = f"not in this input, so that nothing that needs it is decided: {', '.join(absent)}"
    return (*phrases, held) if absent else phrases


def not_evaluated(report: Report) -> tuple[str, ...]:
    """Return what no rule looked at, one phrase each: a clean answer does not speak of it."""
    head = "not evaluated: "
    found = ((review.cloud, layer) for review in report.reviews for layer in review.layers)
    layers = {(cloud, layer.removeprefix(head)) for cloud, layer in found if layer.startswith(head)}
    many = len({cloud for cloud, _ in layers}) > 1
    return tuple(one_line(f"{cloud_name(cloud)}: {what}" if many else what, 1_000) for cloud, what in sorted(layers))


def open_points(report: Report) -> tuple[str, ...]:
    """Return what keeps the verdict open, one phrase each; empty where everything required was read and decided."""
    unread = report.verdict.unread or tuple(unit_phrase(u) for u in unread_required(report))
    phrases = [one_line(phrase) for phrase in unread] if unread_required(report) or not report.units else []
    blocking = [f for f in report.findings if f.blocking]
    errors = sum(f.result is Result.ERROR for f in blocking)
    if len(blocking) > errors:
        phrases.append(f"{count(len(blocking) - errors, 'result')} could not be proven")
    if errors:
        phrases.append(f"{count(errors, 'rule')} failed on a subject")
    phrases += [one_line(error) for error in report.errors]
    acknowledged = [row for row in report.waivers if row.units]
    phrases += [f"{count(len(row.units), 'gap')} acknowledged: {waiver_phrase(row)}" for row in acknowledged]
    if not phrases and report.verdict.as_documented == "not proven":
        phrases = [one_line(phrase) for phrase in report.verdict.unread] or ["the verdict is not proven"]
    return tuple(phrases)


_DELTAS = {
    "waiver_expired": "waiver over",
    "reappeared": "back",
    "rule_changed": "judged by a changed rule",
    "unknown_incomplete": "not known tonight",
}


def delta_words(delta: str) -> str:
    """Return what became of a finding since the run before, in words."""
    return _DELTAS.get(delta, one_line(delta, 40))


def night_before(note: HistoryNote) -> str:
    """Return which run a report is compared with."""
    return f"compared with {when(note.previous_as_of)}" if note.previous_run_id else "the first one known"


def other_document(note: HistoryNote) -> str:
    """Return what to keep in mind where the run before was judged by another documented version; else nothing."""
    if note.other_baseline is None:
        return ""
    other = one_line(note.other_baseline, 80)
    return f"The run before was judged by {other}: what is new or fixed may be the document's change."


def waiver_phrase(row: WaiverRow) -> str:
    """Return who answers for a waiver, and until when."""
    return one_line(f"waiver {row.id} of {row.owner} until {row.expires}", 200)


def waiver_state(row: WaiverRow) -> tuple[str, str]:
    """Return how a waiver stands, in words, and its tone."""
    match row.state:
        case WaiverState.EXPIRED:
            return "expired", "bad"
        case WaiverState.NOT_YET:
            return "not yet in force", "open"
        case WaiverState.IN_FORCE:
            if row.beyond:
                return "broken", "bad"
            return ("needs attention", "risk") if row.notes else ("in force", "none")


def waiver_extent(row: WaiverRow) -> str:
    """Return what a waiver covers tonight, in words."""
    covered = [count(len(row.matched), "finding")] if row.matched else []
    covered += [count(len(row.units), "collection gap")] if row.units else []
    covered += [f"{len(row.beyond)} not covered"] if row.beyond else []
    return ", ".join(covered) or "nothing"


def unit_phrase(unit: Unit) -> str:
    """Return what was not read and why, in words."""
    where = unit.scope_id if unit.region == "global" else f"{unit.scope_id}, {unit.region}"
    why = unit.status.value.replace("_", " ")
    code = f" ({unit.error.code})" if unit.error else ""
    return one_line(f"{unit.kind} of {where}: {why}{code}")


def permission_words(verdict: str) -> tuple[str, str, str]:
    """Return sign, words and tone of a comparison verdict; an unknown verdict is shown as it is, and open."""
    return PERMISSION_WORDS.get(verdict, ("…", one_line(verdict, 40), "open"))


def reviews_in_order(report: Report) -> list[RoleReview]:
    """Return reviews: deviating first, then documented order by name."""
    tones = {"bad": 0, "open": 1, "good": 2, "none": 3}

    def key(review: RoleReview) -> tuple[int, str, str, str, str]:
        tone = min(tones[permission_words(v)[2]] for v in (review.verdict, review.trust_verdict))
        if not review.present:
            tone = tones["none"]
        return tone, review.cloud, review.scope_id, review.name, review.arn or ""

    return sorted(report.reviews, key=key)


def next_steps(report: Report) -> tuple[str, ...]:
    """Return the commands that lead on from a report that has something to mend."""
    told = {group.slug: group for group in groups(report)}
    to_mend = [told[slug] for slug in ("errors", "not-documented", "not-proven", "manual") if slug in told]
    first = [f for group in to_mend for f in group.findings if f.severity is not Severity.INFO]
    steps = []
    if unread_required(report) and report.run.source is SourceKind.LIVE:
        clouds = sorted({one_line(unit.cloud, 20) for unit in unread_required(report)})
        steps += [f"porter-audit doctor {cloud}: who reads, and what lets it read the rest" for cloud in clouds]
    if first:
        worst = min(first, key=lambda f: (_RANK[f.severity], first.index(f)))
        rule = one_line(worst.rule_id, 40)
        steps.append(f"porter-audit rules show {rule}: why it matters and what mends it; so for every rule named here")
    return tuple(steps)


class Duty(msgspec.Struct, frozen=True):
    """One thing somebody must do, and the findings it mends."""

    owner: str
    summary: str
    severity: Severity
    findings: tuple[Finding, ...]


_TO_ACT = {"not-documented", "errors", "manual", "not-proven", "risks", "housekeeping"}


def duties(report: Report) -> list[Duty]:
    """Return what must be done, by owner, most severe first; deviations before documented risks.

    Of what was not decided nobody must mend anything yet: it has to be read. What is about reading is here.
    """
    collected: dict[tuple[str, str], list[Finding]] = {}
    for finding in in_order(report.findings):
        if finding.result is Result.INCOMPLETE and finding.axis is not Axis.COVERAGE:
            continue
        if finding.remediation and group_slug(finding) in _TO_ACT and finding.severity is not Severity.INFO:
            key = (finding.remediation.owner, finding.remediation.summary)
            collected.setdefault(key, []).append(finding)
    made = [
        Duty(owner=owner, summary=summary, severity=found[0].severity, findings=tuple(found))
        for (owner, summary), found in collected.items()
    ]
    return sorted(made, key=lambda d: (d.owner != "customer", _documented_only(d), _RANK[d.severity], d.summary))


def _documented_only(duty: Duty) -> bool:
    return all(group_slug(f) in {"risks", "housekeeping"} for f in duty.findings)

"""The report on a terminal: verdict first, then identities, deviations, what is open, documented risks, run facts."""

from __future__ import annotations

from scanner.model.finding import SEVERITY_ORDER, Diff, Finding, Result, Severity, Witness
from scanner.model.question import Question
from scanner.model.report import Report, RoleReview
from scanner.model.snapshot import UnitStatus
from scanner.render.terminal_layout import Page
from scanner.render.terminal_services import add_services
from scanner.render.text import NO_BREAK, compact_json, count, one_line, when
from scanner.render.words import (
    EXCESS_WORDS,
    EXIT_WORDS,
    MISSING_WORD,
    OWNER_WORDS,
    RESULT_SIGN,
    UNDECIDED_WORD,
    VERDICT_SIGN,
    Group,
    cloud_name,
    delta_words,
    excess_words,
    groups,
    leads,
    next_steps,
    night_before,
    not_evaluated,
    open_points,
    other_document,
    permission_words,
    reviews_in_order,
    unread_words,
    verdict_lines,
    waiver_extent,
    waiver_state,
)

_VERDICT_TONE = {"yes": "good", "no": "bad", "not proven": "open"}
_SEVERITY_TONE = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.MEDIUM: "risk",
    Severity.LOW: "strong",
    Severity.INFO: "dim",
}
_PIECES_SHOWN = 4
_TEXT_LIMIT = 600
_GONE_SHOWN = 8


def render_terminal(report: Report, *, width: int = 100, color: bool = False, verbose: bool = False) -> str:
    """Return the report as text of at most `width` columns.

    Signs and words carry the meaning; `color` only repeats it. `verbose` adds steps, every piece and every pass.
    """
    page = Page(width, color)
    _open_box(page, report)
    _verdict(page, report)
    _roles(page, report)
    add_services(page, report)
    for group in groups(report):
        _group(page, group, verbose, steps=verbose or report.run.question is Question.REVOKED)
    _nights(page, report)
    _register(page, report)
    _facts(page, report)
    return page.text()


def _open_box(page: Page, report: Report) -> None:
    points = open_points(report)
    if points:
        lines = [f"• {point}" for point in points] + ["What was not read or not decided is never counted as a pass."]
        page.box("INCOMPLETE", lines, "bad")
        page.blank()


def _verdict(page: Page, report: Report) -> None:
    documented, allows = verdict_lines(report.verdict)
    answer = report.verdict.as_documented
    sign = VERDICT_SIGN.get(answer, "…")
    lead = f"{sign} {leads(report)[0]} {one_line(answer, 40)}"
    page.flow(f"{lead}." if documented else lead, documented, _VERDICT_TONE.get(answer, "open"))
    page.flow(f"! {leads(report)[1]}", allows, "strong")
    page.blank()
    run = report.run
    scopes = ", ".join(_scope(s.cloud, s.kind, s.id, s.name) for s in report.scopes) or "no scope"
    page.paragraph(
        f"{scopes} · judged by {one_line(run.baseline_id, 60)} · {when(run.as_of)}"
        + (" · a template: this access does not exist yet" if run.planned else ""),
        indent=2,
        style="dim",
    )


def _scope(cloud: str, kind: str, key: str, name: str | None) -> str:
    words = f"{cloud_name(cloud)} {kind} {key}"
    return one_line(f"{words} ({name})" if name else words, 120)


def _roles(page: Page, report: Report) -> None:
    reviews = reviews_in_order(report)
    if not reviews:
        return
    present = sum(r.present for r in reviews)
    versus = f"{present} present, compared with {one_line(report.run.baseline_id, 60)}"
    page.heading("Identities", versus, "head")
    head = ("Identity", "Permissions", "Trust", "ExternalId", "Excess", "Missing", "Risks")
    rows = [_role_row(review) for review in reviews]
    page.table(head, rows, [_role_tone(review) for review in reviews], {4, 5, 6})


def _role_row(review: RoleReview) -> tuple[str, ...]:
    return (
        one_line(review.name, 80),
        _compared(review.verdict),
        _compared(review.trust_verdict),
        one_line(review.external_id, 80) or "–",
        excess_words(review),
        str(review.missing),
        str(review.documented_risks),
    )


def _compared(verdict: str) -> str:
    word = {"undecided": "unproven", "undocumented": "unlisted"}.get(verdict, one_line(verdict, 40))
    return f"{permission_words(verdict)[0]}{NO_BREAK}{word}"


def _role_tone(review: RoleReview) -> str:
    tones = {permission_words(review.verdict)[2], permission_words(review.trust_verdict)[2]}
    if not review.present:
        return "none"
    return next((tone for tone in ("bad", "open") if tone in tones), "")


def _group(page: Page, group: Group, verbose: bool, *, steps: bool) -> None:
    page.heading(group.title, f"{len(group.findings)}", "head")
    match group.slug:
        case "passed" | "not-applicable" if not verbose:
            _counts(page, group)
        case "risks" | "housekeeping" | "passed" | "not-applicable":
            _by_rule(page, group, verbose)
        case _:
            page.paragraph(group.explanation, style="dim")
            for severity in SEVERITY_ORDER:
                for finding in (f for f in group.findings if f.severity is severity):
                    _finding(page, finding, verbose, steps=steps)


def _counts(page: Page, group: Group) -> None:
    per_axis: dict[str, int] = {}
    for finding in group.findings:
        per_axis[finding.axis.value] = per_axis.get(finding.axis.value, 0) + 1
    rules = len({finding.rule_id for finding in group.findings})
    words = ", ".join(f"{number} {axis}" for axis, number in sorted(per_axis.items()))
    sign = RESULT_SIGN[group.findings[0].result]
    page.paragraph(f"{sign} {words}; {count(rules, 'rule')} (--verbose lists them)")


def _by_rule(page: Page, group: Group, verbose: bool) -> None:
    members: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in group.findings:
        key = (finding.severity.value, finding.rule_id, finding.rule_title)
        members.setdefault(key, []).append(finding)
    for (severity, rule_id, title), found in members.items():
        mark = "!" if group.tone == "risk" else RESULT_SIGN[found[0].result]
        tone = _SEVERITY_TONE[found[0].severity] if group.tone == "risk" else "good"
        head = f"{one_line(rule_id, 40)} {one_line(title, 160)}"
        page.item(f"{mark} {severity:<8}", head, lead_style=tone, style="strong")
        if verbose:
            for finding in found:
                page.paragraph(f"{_subject(finding)}: {one_line(finding.message, _TEXT_LIMIT)}", indent=14, style="dim")
        elif len(found) == 1:
            page.paragraph(one_line(found[0].message, _TEXT_LIMIT), indent=14, style="dim")
        else:
            page.paragraph(_subjects(found), indent=14, style="dim")


def _subjects(found: list[Finding]) -> str:
    names = sorted({_subject(finding) for finding in found})
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{len(found)}: {', '.join(names[:6])}{more}"


def _subject(finding: Finding) -> str:
    return one_line(finding.subject.name or finding.subject.key, 120)


def _finding(page: Page, finding: Finding, verbose: bool, *, steps: bool) -> None:
    page.blank()
    deviates = finding.result.value == "FAIL"
    sign = "−" if deviates and finding.severity is Severity.INFO else RESULT_SIGN[finding.result]
    page.item(
        f"{sign} {finding.severity.value.upper():<8}",
        f"{one_line(finding.rule_id, 40)} {_subject(finding)}",
        lead_style=_SEVERITY_TONE[finding.severity] if deviates else "open",
        style="strong",
        end=one_line(finding.finding_id, 40),
    )
    page.paragraph(one_line(finding.message, _TEXT_LIMIT), indent=4)
    if finding.diff:
        _pieces(page, finding.diff, verbose)
    if finding.witness:
        _witness(page, finding.witness)
    if finding.remediation:
        owner = OWNER_WORDS.get(finding.remediation.owner, finding.remediation.owner)
        is_open = finding.result is Result.INCOMPLETE
        label = "If it fails" if is_open else "Who acts"
        page.labelled(label, one_line(f"{owner}: {finding.remediation.summary}", _TEXT_LIMIT), indent=4)
        if steps and not is_open:
            for step in finding.remediation.steps:
                page.labelled("", f"– {one_line(step)}", indent=4)
            if finding.remediation.cli:
                page.labelled("By hand", one_line(finding.remediation.cli, _TEXT_LIMIT), indent=4)


def _pieces(page: Page, diff: Diff, verbose: bool) -> None:
    rows = [(EXCESS_WORDS.get(e.kind, "EXCESS"), e, "+") for e in diff.added]
    rows += [(MISSING_WORD, e, "−") for e in diff.removed]
    shown = len(rows) if verbose else _PIECES_SHOWN
    for word, entry, mark in rows[:shown]:
        what = _some(entry.actions, shown)
        latent = " (no published action matches yet)" if entry.latent else ""
        where = f" on {_some(entry.resources, shown)}" if entry.resources else ""
        page.labelled(f"{mark} {word}", f"{what}{where}{latent}", indent=4, column=max(20, len(word) + 4))
    if len(rows) > shown:
        page.labelled("", f"… {count(len(rows) - shown, 'more piece')}; the report has all", indent=4, style="dim")
    for reason in diff.undecided[:shown]:
        page.labelled(f"… {UNDECIDED_WORD}", one_line(reason), indent=4)


def _some(values: tuple[str, ...], shown: int) -> str:
    more = f" and {len(values) - shown} more" if len(values) > shown else ""
    return ", ".join(one_line(value, 160) for value in values[:shown]) + more


def _witness(page: Page, witness: Witness) -> None:
    page.labelled("Example request", f"{one_line(witness.action, 160)} on {one_line(witness.resource, 200)}", indent=4)
    if witness.principal:
        page.labelled("", f"by {one_line(witness.principal, 200)}", indent=4)
    if witness.context:
        page.labelled("", f"with {one_line(compact_json(witness.context), 300)}", indent=4)
    for number, step in enumerate(witness.path, 1):
        page.labelled("", f"{number}. {one_line(step)}", indent=4)


def _nights(page: Page, report: Report) -> None:
    """Print what changed since the run before, and what is gone; only where somebody asked for it."""
    note = report.history
    if note is None:
        return
    page.heading("Since the run before", night_before(note), "head")
    if other := other_document(note):
        page.paragraph(other)
    page.paragraph(", ".join(f"{number} {delta_words(delta)}" for delta, number in note.deltas.items()) or "nothing")
    for gone in note.gone[:_GONE_SHOWN]:
        what = f"{one_line(gone.rule_id, 40)} {one_line(gone.subject, 120)}"
        page.labelled(delta_words(gone.delta), f"{what}; first seen {when(gone.first_seen)}", indent=4)
    if len(note.gone) > _GONE_SHOWN:
        page.labelled("", f"and {len(note.gone) - _GONE_SHOWN} more", indent=4, style="dim")


def _register(page: Page, report: Report) -> None:
    """Print every waiver that was given, whether it covers something or not."""
    if not report.waivers:
        return
    page.heading("Waivers", f"{len(report.waivers)}", "head")
    for row in report.waivers:
        words, tone = waiver_state(row)
        page.item(f"  {one_line(row.id, 30)}", f"{words}, covers {waiver_extent(row)}", lead_style=tone or "dim")
        who = f"{one_line(row.owner, 80)}, approved by {one_line(row.approved_by, 80)}; {row.kind.value}"
        page.labelled("Owner", f"{who}; until {one_line(row.expires, 40)}", indent=4)
        page.labelled("Reason", f"{one_line(row.reason, _TEXT_LIMIT)} ({one_line(row.ticket, 200)})", indent=4)
        for note in row.notes:
            page.labelled("Attention", one_line(note, _TEXT_LIMIT), indent=4)


def _facts(page: Page, report: Report) -> None:
    run = report.run
    page.heading("This run", "", "head")
    complete = sum(u.status is UnitStatus.COMPLETE for u in report.units)
    page.labelled("Run", f"{one_line(run.run_id, 60)}, porter-audit {one_line(run.tool_version, 40)}")
    page.labelled("Judged by", f"{one_line(run.baseline_id, 60)}, digest {one_line(run.baseline_digest, 12)}")
    for caller in run.callers:
        page.labelled("Read as", one_line(caller.principal, 200))
    seconds = (run.ended - run.started).total_seconds()
    page.labelled("Collected", f"{when(run.collected_at)} ({run.source.value}), run took {seconds:.1f} s")
    page.labelled(
        "Read",
        f"{complete} of {count(len(report.units), 'unit')} complete, {count(len(report.calls), 'call')}, "
        f"{count(report.summary.rules_evaluated, 'rule')}",
    )
    other = unread_words(report)
    for phrase in other[:6]:
        page.labelled("Also not read", phrase)
    if len(other) > 6:
        page.labelled("", f"and {len(other) - 6} more")
    for phrase in not_evaluated(report):
        page.labelled("Not evaluated", phrase)
    for tie in report.tie_outs:
        if tie.agrees is False:
            counts = f"{one_line(tie.name, 60)}: counted {tie.counted}, reported {tie.reported}"
            page.labelled("Count differs", f"{counts} ({one_line(tie.explanation, 200) or 'not explained'})")
    code = report.summary.exit_code
    page.labelled("Exit code", f"{code}: {EXIT_WORDS.get(code, 'unknown')}")
    page.labelled("Answer", f"{leads(report)[0]} {one_line(report.verdict.as_documented, 40)}")
    for number, step in enumerate(next_steps(report)):
        page.labelled("" if number else "Next", step)

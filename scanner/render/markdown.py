"""A summary in Markdown, for step summaries of CI, tickets and chat: verdict, counts, deviations, what is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scanner.model.finding import SEVERITY_ORDER, Finding, Result
from scanner.model.report import Report
from scanner.render.text import count, one_line, when
from scanner.render.words import (
    EXIT_WORDS,
    OWNER_WORDS,
    VERDICT_SIGN,
    cloud_name,
    duties,
    excess_words,
    group_slug,
    groups,
    in_order,
    leads,
    not_evaluated,
    open_points,
    permission_words,
    reviews_in_order,
    unread_words,
    verdict_lines,
)

_MARKS = re.compile(r"([\\`*_\[\]|~!#])")
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
_SHOWN = 20


def render_markdown(report: Report) -> bytes:
    """Return the summary; names of the audited account can neither format, link, mention nor break a table."""
    lines: list[str] = []
    _verdict(lines, report)
    _open(lines, report)
    _counts(lines, report)
    _reviews(lines, report)
    _deviations(lines, report)
    _duties(lines, report)
    _run(lines, report)
    return ("\n".join(lines) + "\n").encode()


def plain(text: str, limit: int = 300) -> str:
    """Return text on one line that Markdown shows as it is: no format, link, image, mention or channel call."""
    safe = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MARKS.sub(r"\\\1", safe)
    safe = _MENTION.sub("(at)", safe)
    # Written-out addresses become links by themselves in many places.
    return safe.replace("://", "&#58;//").replace("www.", "www&#46;")


def _verdict(lines: list[str], report: Report) -> None:
    documented, allows = verdict_lines(report.verdict)
    answer = report.verdict.as_documented
    lines += [f"# {VERDICT_SIGN.get(answer, '…')} {leads(report)[0]} {plain(answer, 40)}", ""]
    if documented:
        lines += [plain(documented, 1000), ""]
    if allows:
        lines += [f"**{leads(report)[1]}** {plain(allows, 1000)}", ""]
    scopes = ", ".join(plain(f"{cloud_name(s.cloud)} {s.kind} {s.id}") for s in report.scopes) or "no scope"
    lines += [f"{scopes} · judged by {plain(report.run.baseline_id)} · {when(report.run.as_of)}", ""]


def _open(lines: list[str], report: Report) -> None:
    points = open_points(report)
    if points:
        lines += ["> **INCOMPLETE.** What was not read or not decided is never counted as a pass.", ">"]
        lines += [f"> - {plain(point)}" for point in points[:_SHOWN]]
        lines += [f"> - {_more(len(points))}"] if len(points) > _SHOWN else []
        lines += [""]


def _counts(lines: list[str], report: Report) -> None:
    rows = []
    for group in groups(report):
        per_severity = [sum(f.severity is s for f in group.findings) for s in SEVERITY_ORDER]
        rows.append((group.title, str(len(group.findings)), *(str(n or "–") for n in per_severity)))
    lines += ["## Results", ""]
    lines += _table(("What", "Count", *(s.value for s in SEVERITY_ORDER)), rows, right=range(1, 7))


def _reviews(lines: list[str], report: Report) -> None:
    reviews = reviews_in_order(report)
    if not reviews:
        return
    rows = [
        (
            plain(r.name, 80),
            _words(r.verdict),
            _words(r.trust_verdict),
            plain(r.external_id, 80) or "–",
            excess_words(r),
            str(r.missing),
        )
        for r in reviews[:_SHOWN]
    ]
    lines += ["## Identities", ""]
    lines += _table(("Identity", "Permissions", "Trust", "ExternalId", "Excess", "Missing"), rows, right=(4, 5))
    if len(reviews) > _SHOWN:
        lines += [_more(len(reviews)), ""]


def _words(verdict: str) -> str:
    sign, words, _ = permission_words(verdict)
    return f"{sign} {plain(words, 40)}"


def _deviations(lines: list[str], report: Report) -> None:
    found = [f for f in in_order(report.findings) if group_slug(f) == "not-documented"]
    if not found:
        return
    lines += ["## Not as documented", ""]
    lines += [_deviation(f) for f in found[:_SHOWN]]
    lines += [f"- {_more(len(found))}"] if len(found) > _SHOWN else []
    lines += [""]


def _deviation(finding: Finding) -> str:
    name = plain(finding.subject.name or finding.subject.key, 120)
    head = f"- **{finding.severity.value}** {plain(finding.rule_id, 40)} {name}"
    witness = finding.witness
    example = f" Example: {plain(witness.action, 100)} on {plain(witness.resource, 160)}." if witness else ""
    return f"{head}: {plain(finding.message)}{example} ({plain(finding.finding_id, 40)})"


def _duties(lines: list[str], report: Report) -> None:
    todo = duties(report)
    if not todo:
        return
    lines += ["## Who acts", ""]
    for duty in todo[:_SHOWN]:
        owner = OWNER_WORDS.get(duty.owner, plain(duty.owner, 40))
        lines.append(f"- **{owner}**: {plain(duty.summary)} ({count(len(duty.findings), 'result')})")
    lines += [f"- {_more(len(todo))}"] if len(todo) > _SHOWN else []
    lines += [""]


def _run(lines: list[str], report: Report) -> None:
    run = report.run
    other = unread_words(report)
    lines += ["## This run", ""]
    lines += [f"- Run {plain(run.run_id)}, porter-audit {plain(run.tool_version, 40)}, {plain(run.source.value)} input"]
    lines += [f"- Collected {when(run.collected_at)}"]
    lines += [f"- Read as {plain(caller.principal)}" for caller in run.callers[:_SHOWN]]
    lines += [f"- Also not read: {plain(phrase)}" for phrase in other[:_SHOWN]]
    lines += [f"- Not evaluated: {plain(phrase)}" for phrase in not_evaluated(report)[:_SHOWN]]
    errors = sum(f.result is Result.ERROR for f in report.findings)
    lines += [f"- {count(errors, 'rule result')} in error"] if errors else []
    code = report.summary.exit_code
    lines += [f"- Exit code {code}: {EXIT_WORDS.get(code, 'unknown')}"]


def _more(total: int) -> str:
    return f"… and {total - _SHOWN} more; the report has all"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    numbers = set(right)
    rule = ["---:" if n in numbers else "---" for n in range(len(head))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)] + [""]

"""Every writer of the product, each given one text wherever the audited cloud or a file can put a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.policy import SMTP
from typing import Any

from msgspec.structs import replace

from scanner.app.fleet.rollup import roll_up
from scanner.app.outputs import Format, documents, terminal_text
from scanner.history.period import Known, period
from scanner.history.period_schedule import parse_schedule, span_of
from scanner.model.config import Presence
from scanner.model.finding import ControlLink
from scanner.model.fleet import (
    PLAN_SCHEMA,
    TARGET_SCHEMA,
    Approval,
    Asked,
    Deviation,
    FleetTarget,
    Gap,
    OpenPoint,
    Place,
    Plan,
    Reach,
    Rollup,
    Skipped,
    TargetResult,
)
from scanner.model.notice import Cause, Ending, Notice
from scanner.model.notice import Gap as Untold
from scanner.model.pages import Excerpt, PageFile
from scanner.model.period import Kept, KnownBundle, KnownDeviation, KnownReport, KnownRun, KnownWaiver, Period, Sighting
from scanner.model.report import Report
from scanner.notify.github import wanted_issues
from scanner.notify.mail import mail
from scanner.notify.message import message
from scanner.notify.slack import slack_body
from scanner.notify.teams import teams_body
from scanner.notify.webhook import webhook_body
from scanner.render.binder import BinderFacts, make_binder
from scanner.render.binder_html import render_covers, render_index
from scanner.render.fleet import render_rollup_json, render_rollup_text
from scanner.render.html.fleet import render_index as render_fleet_index
from scanner.render.html.fleet import render_target
from scanner.render.html.period import render_period_html
from scanner.render.html.print import print_html
from scanner.render.html.report import render_html_files
from scanner.render.period_binder import binder_files
from scanner.render.period_json import render_period_json
from scanner.render.text import encodable
from tests.render import sample_report as sample

Files = dict[str, bytes]
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)


def nested(levels: int, text: str) -> Any:
    """Return a value as deep as input may be."""
    made: Any = text
    for level in range(levels):
        made = [made] if level % 2 else {"a": made}
    return made


def report_of(text: str) -> Report:
    """Return a report in which a deviation, and everything around it, is called `text`."""
    base = sample.drifted()
    first = base.findings[0]
    subject = replace(first.subject, key=text, name=text, id=text)
    observed = replace(first.observed, value=nested(190, text)) if first.observed else None
    # Ids of controls and the seed are ours or were checked: they are text that can be written.
    written = encodable(text[:200])
    links = tuple(ControlLink("SOC 2", text, f"CC{n}{written}", text, text) for n in range(2))
    changed = replace(
        first, message=text, rule_title=text, subject=subject, observed=observed, controls=links, region=text,
        severity_reason=text, porter_role=text,
    )  # fmt: skip
    page = PageFile(sample.GAAD, 1, "evidence/aws/x/page-0001.json", "cd" * 32, 3)
    excerpt = Excerpt(sample.GAAD, "/0/RoleDetailList/3", '{"a":1}', 7)
    scopes = tuple(replace(scope, name=text) for scope in base.scopes)
    return replace(
        base, findings=(changed, *base.findings[1:]), scopes=scopes, pages=(page,), excerpts=(excerpt,),
        verdict=replace(base.verdict, headline=text, allows=text),
    )  # fmt: skip


def period_of(text: str) -> Period:
    """Return a period in which what deviates, its waiver, and what was not read are called `text`."""
    deviation = KnownDeviation(
        fingerprint="f" * 64, finding_id=text, rule_id=text, title=text, axis="conformance", severity="high",
        cloud=text, scope=text, subject=text,
    )  # fmt: skip
    runs = tuple(
        KnownRun(f"run-{n}", NOW + timedelta(days=n), text, "no", 1, n % 2, scopes=(text,), not_proven={text: n % 2})
        for n in range(4)
    )
    seen = tuple(Sighting(run.run_id, deviation.fingerprint, "FAIL", "high", "unchanged") for run in runs)
    waiver = KnownWaiver(text, "accept", "expired", text, text, text, text, NOW, text, (text,), (text,))
    known = Known(
        runs=runs,
        deviations={deviation.fingerprint: deviation},
        sightings=seen,
        clouds={text: text},
        bundles={runs[0].run_id: KnownBundle(runs[0].run_id, Kept.DAMAGED, text, text, text, text)},
        reports={runs[0].run_id: KnownReport(runs[0].run_id, text, text, text, text, text, text, (waiver,), (text,))},
    )
    slots = parse_schedule("nightly")
    span = span_of(date(2026, 6, 1), date(2026, 6, 5), slots)
    return period(known, span, slots, now=NOW + timedelta(days=5), tool_version="1")


def fleet_of(text: str) -> tuple[Rollup, TargetResult]:
    """Return a roll-up in which places, reasons and deviations are called `text`, and one of its targets."""
    deviation = Deviation("a" * 64, text, text, text, "conformance", "high", "FAIL", "FAIL", text, text, text)
    place = Place("aws", "account", text, text)
    row = TargetResult(
        schema=TARGET_SCHEMA, fleet_run_id="run", place=place, asked=text, approval=Approval.NO_LIST,
        presence=Presence.UNKNOWN, documented=text, reach=Reach.FAILED, exit_code=2, as_documented="not proven",
        headline=text, allows=text, why=text, advice=text, deviations=(deviation,),
        open_points=(OpenPoint(text, text),), conformance_fail={"high": 1}, posture_fail={"high": 0},
    )  # fmt: skip
    targets = (FleetTarget(place, text, Approval.NO_LIST, text, ()),)
    plan = Plan(
        PLAN_SCHEMA, "run", NOW, "1", "0" * 64, (Asked(text, 1, True),), targets, (Skipped(place, text, text),),
        (Gap(text, text),),
    )  # fmt: skip
    return roll_up(plan, [row]), row


def notice_of(text: str) -> Notice:
    """Return a notice whose change, gap and waiver are called `text`."""
    cause = Cause("new", "high", "conformance", text, text, text, ("aws",), (text,), 2, (text,), (text,))
    return Notice(
        schema="porter-audit/notice/v1", key="k" * 64, events=("changes", "incomplete", "digest"), as_of=NOW,
        runs=(text,), place="p", targets=1, clouds=("aws",), scopes=(text,), as_documented={"no": 1}, headline=text,
        counts={"new": 1}, causes=(cause,), gaps=(Untold("aws", text, (text,)),), open={"high": 1}, waived=0,
        ending=(Ending(text, text),), where=text,
    )  # fmt: skip


def _formats(text: str) -> Files:
    report = report_of(text)
    files = [one for one in Format if one not in (Format.PDF, Format.TERMINAL)]
    made = {name: data for one in files for name, data in documents(report, one).items()}
    return {**made, "wide.txt": terminal_text(report, width=200, color=False, verbose=True).encode()}


def _pages(text: str) -> Files:
    report = report_of(text)
    return {"print.html": print_html(report), **{f"split/{k}": v for k, v in render_html_files(report, 2).items()}}


def _binder(text: str) -> Files:
    report = report_of(text)
    binder = make_binder(report, BinderFacts("SOC 2", encodable(text[:200]), 2, "ab" * 32, "full"), lambda _: b"{}\n")
    index = render_index(report, binder, with_pdf=False, unspoken=(text,))
    return {**binder.files, **render_covers(report, binder), "index.html": index}


def _period(text: str) -> Files:
    made = period_of(text)
    return {"p.html": render_period_html(made), "p.json": render_period_json(made), **binder_files(made)}


def _fleet(text: str) -> Files:
    rollup, row = fleet_of(text)
    pages = {"i.html": render_fleet_index(rollup), "t.html": render_target(rollup, row, {"a" * 64: rollup.groups[0]})}
    return {**pages, "r.json": render_rollup_json(rollup), "r.txt": render_rollup_text(rollup).encode()}


def _messages(text: str) -> Files:
    notice = notice_of(text)
    told = message(notice)
    letter = mail(told, sender="a@example.com", to=("b@example.com",), now=NOW, key="k" * 64)
    issues = wanted_issues(notice)
    return {
        "slack.json": slack_body(told),
        "teams.json": teams_body(told),
        "webhook.json": webhook_body(notice),
        "mail.eml": letter.as_bytes(policy=SMTP),
        **{f"issue-{n}.json": json.dumps([one.title, one.body, one.news]).encode() for n, one in enumerate(issues)},
    }


WRITERS: dict[str, Callable[[str], Files]] = {
    "formats": _formats,
    "pages": _pages,
    "binder": _binder,
    "period": _period,
    "fleet": _fleet,
    "messages": _messages,
}

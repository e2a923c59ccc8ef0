"""Read from report.json what a message may tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from scanner.errors import InputError
from scanner.model.common import check_moments

REPORT_SCHEMA = "porter-audit/report/v1"


class ToldScope(msgspec.Struct, frozen=True):
    """An account, project or subscription."""

    cloud: str
    id: str
    name: str | None = None


class ToldSubject(msgspec.Struct, frozen=True):
    """The thing judged."""

    type: str
    key: str
    name: str = ""


class ToldDiff(msgspec.Struct, frozen=True):
    """What deviates, as the report has it."""

    added: tuple[Any, ...] = ()


class ToldFinding(msgspec.Struct, frozen=True):
    """One result."""

    finding_id: str
    fingerprint: str
    content_hash: str
    rule_id: str
    rule_title: str
    axis: str
    severity: str
    result: str
    status: str
    reason_code: str
    cloud: str
    scope: ToldScope
    subject: ToldSubject
    discriminator: str = ""
    diff: ToldDiff | None = None
    blocking: bool = False
    waiver: dict[str, Any] | None = None
    delta: str | None = None


class ToldGone(msgspec.Struct, frozen=True):
    """A deviation that tonight's results no longer name."""

    finding_id: str
    fingerprint: str
    rule_id: str
    rule_title: str
    severity: str
    scope_id: str
    subject: str
    delta: str


class ToldHistory(msgspec.Struct, frozen=True):
    """What is known of the nights before."""

    previous_run_id: str | None = None
    gone: tuple[ToldGone, ...] = ()


class ToldUnit(msgspec.Struct, frozen=True):
    """A collection unit."""

    unit_id: str
    kind: str
    cloud: str
    scope_id: str
    region: str
    required: bool
    status: str


class ToldWaiver(msgspec.Struct, frozen=True):
    """A line of the register."""

    id: str
    state: str
    expires: str
    units: tuple[str, ...] = ()


class ToldRun(msgspec.Struct, frozen=True):
    """Which run."""

    run_id: str
    as_of: datetime

    def __post_init__(self) -> None:
        check_moments(self.as_of)


class ToldVerdict(msgspec.Struct, frozen=True):
    """Its answer."""

    as_documented: str
    headline: str = ""
    unread: tuple[str, ...] = ()


class ToldSummary(msgspec.Struct, frozen=True):
    """How it ended."""

    exit_code: int


class ToldReport(msgspec.Struct, frozen=True):
    """The part of report.json that a message needs."""

    schema: str
    run: ToldRun
    verdict: ToldVerdict
    summary: ToldSummary
    scopes: tuple[ToldScope, ...]
    units: tuple[ToldUnit, ...]
    findings: tuple[ToldFinding, ...]
    waivers: tuple[ToldWaiver, ...] = ()
    history: ToldHistory | None = None


def read_report(data: bytes, where: str) -> ToldReport:
    """Return what the bytes of a report.json tell; raises `InputError` starting with `where`."""
    try:
        report = msgspec.json.decode(data, type=ToldReport)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{where}: not a report.json: {' '.join(str(error).split())[:200]}") from error
    if report.schema != REPORT_SCHEMA:
        raise InputError(f"{where}: schema `{report.schema[:60]}` is not `{REPORT_SCHEMA}`")
    return report

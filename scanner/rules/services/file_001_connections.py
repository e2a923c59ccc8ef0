"""SVC-FILE-001: Every connection in porter.yaml has the documented form.

## What it checks
Each connection of each service: a documented type, at most one of each type per service, the required fields in the
documented form (a role's name or ARN, an identity with its resource group, a full e-mail address, an instance as
`project:region:instance`, a port, a disk), and no field that is not documented.

## Why it matters
A connection that Porter does not take gives the service no identity. A connection whose value is filled in elsewhere
cannot be compared with the cloud, so nothing else here can be said of it.

## Remediation
Write the connection as the page on connections in porter.yaml has it.

## Limits
Values that a deployment fills in are not known: they are left open, never guessed. `apps` in one file is not read.

## References
- https://docs.porter.run/applications/configuration-as-code/services/connections
- https://docs.porter.run/applications/configure/secure-cloud-access
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.porter_yaml import PORTER_YAML, Problem
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    PORTER_CONNECTIONS,
    PORTER_WORKLOADS,
    connection_subject,
    expected,
    nothing,
    place_of,
    plain,
)
from scanner.rules.services_context import Declared, FilesContext
from scanner.rules.words import quote

OPEN = ("NOT_RESOLVED", "NOT_READ")
"""Problems that leave open what is meant."""
ELSEWHERE = "STATIC_CREDENTIAL"
"""Judged by SVC-ENV-001."""


def check(ctx: FilesContext) -> Iterator[Outcome]:
    """Yield one outcome per connection, and one for what is wrong outside of connections."""
    told = [p for p in ctx.account.file.problems if p.code != ELSEWHERE]
    claimed: set[int] = set()
    for place, declared in enumerate(ctx.connections):
        mine = [p for p in told if _stands_in(p, declared, ctx.connections[place + 1 :])]
        claimed.update(id(p) for p in mine)
        yield _judge(ctx, declared, mine)
    rest = [p for p in told if id(p) not in claimed and p.message]
    if rest:
        yield _of_file(ctx, rest)
    elif not ctx.connections:
        yield nothing(ctx, f"{plain(ctx.account.file.file)} declares no connection.")


def _stands_in(problem: Problem, declared: Declared, after: tuple[Declared, ...]) -> bool:
    """Return whether a problem's line is one of the connection's: from its own to that of what follows."""
    if problem.service != declared.service.name or problem.line < declared.connection.line:
        return False
    following = [d.connection.line for d in after if d.service == declared.service]
    names = [name.line for name in declared.service.env if name.line > declared.connection.line]
    return problem.line < min((*following, *names), default=problem.line + 1)


def _judge(ctx: FilesContext, declared: Declared, problems: list[Problem]) -> Outcome:
    page = next((c for c in ctx.baseline.connections if c.key == declared.type), None)
    wrong = [p for p in problems if p.code not in OPEN]
    result, code = Result.PASS, "AS_DOCUMENTED"
    if problems:
        result, code = (Result.FAIL, wrong[0].code) if wrong else (Result.INCOMPLETE, problems[0].code)
    fields = [field.name for field in page.fields] if page else [c.key for c in ctx.baseline.connections]
    harmless = bool(wrong) and all(p.code == "UNKNOWN_FIELD" for p in wrong)
    return Outcome(
        subject=connection_subject(declared),
        result=result,
        message=_said(declared.file.file, problems) or f"{plain(declared.where)}: as documented.",
        reason_code=code,
        severity=Severity.LOW if harmless else None,
        expected=expected(ctx.baseline, fields, page.source if page else None),
        observed=ObservedValue([f"line {p.line}: {p.message}" for p in problems]) if problems else None,
        evidence=(place_of(declared),),
    )


def _said(file: str, problems: list[Problem]) -> str:
    shown = [f"{plain(file)} line {p.line}: {p.message}" for p in problems[:3]]
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(shown) + more + "." if shown else ""


def _of_file(ctx: FilesContext, problems: list[Problem]) -> Outcome:
    file = ctx.account.file
    wrong = [p for p in problems if p.code not in OPEN]
    return Outcome(
        subject=Subject("porter.file", file.file, file.app or file.file),
        result=Result.FAIL if wrong else Result.INCOMPLETE,
        message=_said(file.file, problems),
        reason_code=(wrong or problems)[0].code,
        observed=ObservedValue([f"line {p.line}: {p.message}" for p in problems], quote(file.file)),
        evidence=(EvidencePointer(ctx.account.unit_id, "/0/problems"),),
    )


RULE = Rule(
    id="SVC-FILE-001",
    title="Every connection in porter.yaml has the documented form",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(PORTER_YAML,),
    check=check,
    remediation=Remediation(summary="Write the connection as the page on connections in porter.yaml has it."),
    references=(PORTER_CONNECTIONS, PORTER_WORKLOADS),
    claims=(85, 86, 87),
    cloud="files",
    services=True,
)

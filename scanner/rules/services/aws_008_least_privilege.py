"""SVC-AWS-008: A service's role has no wildcard action and no unlimited resource.

## What it checks
The Allow statements of every policy of each declared role, inline and attached: an action with a wildcard, `NotAction`,
the resource `*` or one that means the same, `NotResource`. Everything on everything is high.

## Why it matters
The page recommends both limits. A wildcard grants what AWS has not published yet; a resource without limit reaches the
data of every other service in the account.

## Remediation
Name the actions the service uses and the resources it uses them on.

## Limits
Some actions take no resource and need `*`; AWS's own policies hold wildcards. Both are reported, for the page makes no
exception. Boundaries and the organization's policies, which may take away again, are not subtracted.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from scanner.model.common import JsonObject, NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AttachedPolicy, AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.base import Rule
from scanner.rules.external_id import statements, values
from scanner.rules.services._common import (
    AWS_LEAST_PRIVILEGE,
    PORTER_WORKLOADS,
    advised,
    nothing,
    per_service,
    role_subject,
)
from scanner.rules.services_context import AwsServices, Declared
from scanner.rules.words import listed, quote

_UNLIMITED = re.compile(r"\*+|arn:[a-z*-]*:[*:]*")


class _Wide(msgspec.Struct, frozen=True):
    """What is too wide in one statement."""

    where: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def everything(self) -> bool:
        """Return whether the statement grants everything on everything."""
        return any(a.startswith("* but") or not a.strip("*:") for a in self.actions) and bool(self.resources)


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role that exists."""
    found = False
    for role, connections in ctx.roles():
        found = True
        yield _judge(ctx, role, connections)
    if not found:
        yield nothing(ctx, "No declared IAM role exists in this account.")


def _judge(ctx: AwsServices, role: AwsRole, connections: Sequence[Declared]) -> Outcome:
    wide = [found for policy in role.policies for found in _of_policy(policy)]
    unread = [f"{p.name}: {p.document.reason}" for p in role.policies if isinstance(p.document, NotObserved)]
    severity: Severity | None = None
    if wide:
        actions = [a for found in wide for a in found.actions]
        resources = [r for found in wide for r in found.resources]
        severity = Severity.HIGH if any(w.everything for w in wide) else None if actions else Severity.LOW
        result, code = Result.FAIL, "WILDCARD_ACTION" if actions else "UNLIMITED_RESOURCE"
        parts = [f"actions {listed(actions)}"] * bool(actions) + [f"resource {listed(resources)}"] * bool(resources)
        said = f"{quote(role.name)} holds {' and '.join(parts)} in {listed(w.where for w in wide)}."
    elif unread:
        result, code, said = Result.INCOMPLETE, "POLICY_UNREAD", f"Not read: {listed(unread, 3)}."
    else:
        result, code, said = Result.PASS, "NARROW", f"{quote(role.name)} names its actions and resources."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=said,
        reason_code=code,
        severity=severity,
        severity_reason="it grants everything on everything" if severity is Severity.HIGH else "",
        expected=advised(ctx.baseline, "aws-least-privilege"),
        observed=ObservedValue([msgspec.to_builtins(w) for w in wide]) if wide else None,
        evidence=(role.evidence, *(p.evidence for p in role.policies), *per_service(connections)),
    )


def _of_policy(policy: AttachedPolicy) -> Iterator[_Wide]:
    if isinstance(policy.document, NotObserved):
        return
    for number, statement in enumerate(statements(policy.document.value)):
        if statement.get("Effect") == "Allow":
            actions, resources = _actions(statement), _resources(statement)
            if actions or resources:
                yield _Wide(f"{policy.name}: {statement.get('Sid') or f'#{number}'}", actions, resources)


def _actions(statement: JsonObject) -> tuple[str, ...]:
    if "NotAction" in statement:
        return ("* but " + ", ".join(values(statement["NotAction"])),)
    return tuple(a for a in values(statement.get("Action", [])) if "*" in a or "?" in a)


def _resources(statement: JsonObject) -> tuple[str, ...]:
    if "NotResource" in statement:
        return ("* but " + ", ".join(values(statement["NotResource"])),)
    return tuple(r for r in values(statement.get("Resource", [])) if _UNLIMITED.fullmatch(r))


RULE = Rule(
    id="SVC-AWS-008",
    title="A service's role has no wildcard action and no unlimited resource",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Name the actions the service uses and the resources it uses them on.",
        risk_of_change="A service that loses an action it uses fails at that point.",
    ),
    references=(PORTER_WORKLOADS, AWS_LEAST_PRIVILEGE),
    claims=(77,),
    services=True,
)

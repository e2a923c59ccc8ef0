"""AWS-PERM-004: Porter roles use no wildcard actions and no unlimited resources.

## What it checks
The Allow statements that a documented role holds live: wildcards in actions, and actions that could be limited to
resources but are granted on every resource without a condition. What the document permits is reported here all the
same: it is a risk it states.

## Why it matters
A service-wide wildcard (`rds:*`) includes what AWS will publish next year. An unlimited resource includes what other
teams own.

## Remediation
Only Porter can narrow these policies. Ask for lists of actions and for ARNs or tags that limit them to Porter's own
resources.

## Limits
Whether an action can be limited is taken from the pinned action catalogue named in the report. Access beyond the
document is AWS-PERM-001 and AWS-PERM-003.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.model.common import JsonObject
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BEST_PRACTICES,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    not_applicable,
    role_subject,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.external_id import statements, values
from scanner.rules.judge import readable_documents
from scanner.rules.words import count, listed, quote


class _Breadth(msgspec.Struct, frozen=True):
    wildcards: tuple[str, ...]
    unlimited: tuple[str, ...]
    """Actions that could name a resource, granted on `*` without condition."""


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, page in documented_roles(ctx):
        found = True
        yield _judge(ctx, role, page.key)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, key: str) -> Outcome:
    documents, unread = readable_documents(role.policies)
    seen = _breadth([s for d in documents for s in statements(d.body)], ctx.catalogue)
    whole = [w for w in seen.wildcards if not w.partition(":")[2].strip("*")]
    if seen.wildcards or seen.unlimited:
        result, code = Result.FAIL, "WILDCARD"
        message = f"{quote(role.name)} holds {_words(seen)}."
    elif unread:
        result, code = Result.INCOMPLETE, "UNREAD"
        message = f"Not read: {listed(f'{name}: {reason}' for name, reason in unread)}."
    else:
        result, code, message = Result.PASS, "NARROW", f"{quote(role.name)} holds no wildcard action."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        severity=Severity.MEDIUM if whole else Severity.LOW,
        severity_reason="a whole service" if whole else "part of a service, or resources without limit",
        porter_role=key,
        observed=ObservedValue({"wildcards": seen.wildcards, "unlimited": seen.unlimited}),
        evidence=evidence_of(role),
    )


def _words(seen: _Breadth) -> str:
    parts = [f"{count(len(seen.wildcards), 'wildcard action')} ({listed(seen.wildcards, 8)})"] if seen.wildcards else []
    if seen.unlimited:
        actions = count(len(seen.unlimited), "action")
        parts.append(f"{actions} on every resource, though AWS can limit them ({listed(seen.unlimited, 3)})")
    return " and ".join(parts)


def _breadth(found: list[JsonObject], catalogue: Catalogue) -> _Breadth:
    wildcards: dict[str, str] = {}
    unlimited: dict[str, str] = {}
    for statement in found:
        if statement.get("Effect") != "Allow":
            continue
        actions = values(statement.get("Action", "*"))  # NotAction allows everything else
        _spell(wildcards, (a for a in actions if "*" in a or "?" in a))
        everywhere = "Resource" not in statement or "*" in values(statement["Resource"])
        if everywhere and not statement.get("Condition"):
            _spell(unlimited, (a for a in actions if catalogue.resource_templates(a)))
    return _Breadth(tuple(sorted(wildcards.values())), tuple(sorted(unlimited.values())))


def _spell(known: dict[str, str], actions: Iterable[str]) -> None:
    """Note actions once each: IAM ignores their letter case; of several spellings the first in order is shown."""
    for action in actions:
        known[action.lower()] = min(action, known.get(action.lower(), action))


RULE = Rule(
    id="AWS-PERM-004",
    title="Porter roles use no wildcard actions and no unlimited resources",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="wildcard",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to replace wildcards by actions, and `*` by ARNs or tag conditions.",
        owner="porter",
        risk_of_change="Narrowing without Porter breaks what its controllers do.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(40, 41),
)

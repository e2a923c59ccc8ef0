"""AZURE-ASSIGN-007: No Porter principal can give out roles by a role that is not documented.

## What it checks
Owner, User Access Administrator and every other role with which roles can be assigned, scheduled or edited, held by
Porter's principals: active, eligible or through a group. Decided by what the role grants, not by its name.

## Why it matters
Who gives out roles has every role. The documented role can do so too: AZURE-RISK-001 says that; this rule finds a
second way, which stays when the documented role is removed.

## Remediation
Delete the assignment.

## Limits
Conditions that narrow which roles may be given out are not evaluated: an assignment that carries one is still
reported.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    AzureRoleAssignment,
)
from scanner.rules.azure._assignments import (
    WRITE_ASSIGNMENTS,
    claim_for,
    may_write_assignments,
    of_vendor,
    role_name,
    through_groups,
)
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, principal_subject, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.differences import witness_of
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per assignment with such a role, else one PASS."""
    own = [(a, a.principal_id, "") for flag in (False, True) for a in of_vendor(ctx, eligible=flag)]
    found = False
    open_points: list[str] = []
    for assignment, principal_id, group in (*own, *through_groups(ctx)):
        if not group and claim_for(ctx, assignment) is not None:
            continue
        definition = ctx.definition(assignment.role_id)
        try:
            answer = may_write_assignments(definition) if definition else None
        except PolicyError:
            answer = None
        if answer is None or answer.outcome == "undecided":
            open_points.append(role_name(ctx, assignment))
        elif answer.outcome == "possible":
            found = True
            yield _holds(ctx, assignment, principal_id, group)
    if open_points:
        said = f"Not known whether {listed(open_points)} can give out roles: the definition could not be judged."
        yield Outcome(subscription_subject(ctx), Result.INCOMPLETE, said, "UNDECIDED")
    elif not found:
        said = "No Porter principal holds another role with which roles can be assigned."
        yield Outcome(subscription_subject(ctx), Result.PASS, said, "NONE")


def _holds(ctx: AzureContext, assignment: AzureRoleAssignment, principal_id: str, group: str) -> Outcome:
    definition = ctx.definition(assignment.role_id)
    subject = principal_subject(ctx, principal_id)
    name = role_name(ctx, assignment)
    way = f" through group {quote(group)}" if group else " as eligible" if assignment.eligible else ""
    answer = may_write_assignments(definition) if definition else None
    used = answer.witness.action if answer and answer.witness else WRITE_ASSIGNMENTS
    return Outcome(
        subject=subject,
        result=Result.FAIL,
        message=f"{quote(subject.name)} holds {quote(name)}{way} at {quote(assignment.scope)}, with which it can use "
        f"{quote(used)}.",
        reason_code="GIVES_OUT_ROLES",
        discriminator=f"{assignment.role_id}@{assignment.scope.lower()}{'#eligible' if assignment.eligible else ''}"
        f"{'#' + group if group else ''}",
        observed=ObservedValue({"role": name, "scope": assignment.scope}, name),
        witness=witness_of(answer.witness) if answer else None,
        evidence=(assignment.evidence,),
    )


RULE = Rule(
    id="AZURE-ASSIGN-007",
    title="No Porter principal can give out roles by a role that is not documented",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="escalation",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
        kinds.ELIGIBLE_ASSIGNMENTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the assignment.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    supplementary=(
        kinds.SERVICE_PRINCIPALS,
        kinds.MEMBERSHIPS,
    ),
    cloud="azure",
)

"""AZURE-COVER-001: As many role assignments were read as the subscription counts.

## What it checks
The assignments that were listed at and below the subscription against the service's own count.

## Why it matters
A list that lost a page looks like a list of less access.

## Remediation
Scan again; a difference that stays is a question for Azure's support.

## Limits
The count lags behind changes by some minutes. It does not cover assignments above the subscription.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, expectation, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome for the subscription."""
    below = f"/subscriptions/{ctx.account.subscription_id}".lower()
    read = [a for a in ctx.account.assignments if not a.eligible and f"{a.scope.lower()}/".startswith(below + "/")]
    told = ctx.account.reported_assignments
    if told is None:
        said = "The subscription's own count of role assignments was not read."
        yield Outcome(subscription_subject(ctx), Result.INCOMPLETE, said, "NO_COUNT")
        return
    same = len(read) == told
    yield Outcome(
        subject=subscription_subject(ctx),
        result=Result.PASS if same else Result.FAIL,
        message=f"{count(len(read), 'assignment')} read, {told} counted by the service.",
        reason_code="EQUAL" if same else "COUNT_DIFFERS",
        observed=ObservedValue(len(read)),
        expected=expectation(ctx, told),
    )


RULE = Rule(
    id="AZURE-COVER-001",
    title="As many role assignments were read as the subscription counts",
    severity=Severity.MEDIUM,
    axis=Axis.COVERAGE,
    family="completeness",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ASSIGNMENT_METRICS,
    ),
    check=check,
    remediation=Remediation(
        summary="Scan again.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    cloud="azure",
)

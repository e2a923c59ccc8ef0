"""GCP-SA-002: Porter's service account is there and enabled where Porter is expected.

## What it checks
Whether the documented service account exists and is enabled, given what the operator says of Porter's presence.

## Why it matters
An absent or disabled account where Porter is expected means that something else is used, or that Porter no longer
works; an account where Porter should be absent is access that was to be revoked.

## Remediation
Compare with Porter's dashboard which account it uses. Where Porter was removed, delete the account.

## Limits
Without a word on presence, an absent account is not a finding.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_PRINCIPALS,
    PORTER_CONNECT,
    account_subject,
    key_of,
    not_applicable,
    project_subject,
)
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per documented service account, or one for the project."""
    presence = ctx.account.scope.presence
    if not ctx.porter_accounts and presence != "expected":
        yield not_applicable(ctx)
        return
    if presence == "absent":
        for account in ctx.porter_accounts:
            yield Outcome(
                account_subject(account),
                Result.FAIL,
                "Porter is to be absent here, and its service account is still there.",
                reason_code="STILL_PRESENT",
                severity=Severity.HIGH,
                evidence=(account.evidence,),
            )
        return
    live = [a for a in ctx.porter_accounts if ctx.documented(a) is not None]
    if not live:
        names = listed(page.name_pattern for page in ctx.baseline.service_accounts)
        message = f"No documented service account found (documented: {names})."
        yield Outcome(project_subject(ctx), Result.FAIL, message, reason_code="ABSENT")
    for account in live:
        disabled = account.disabled
        yield Outcome(
            account_subject(account),
            Result.FAIL if disabled else Result.PASS,
            "The account is disabled: Porter cannot use it." if disabled else "The account exists and is enabled.",
            reason_code="DISABLED" if disabled else "PRESENT",
            porter_role=key_of(ctx, account),
            evidence=(account.evidence,),
        )


RULE = Rule(
    id="GCP-SA-002",
    title="Porter's service account is there and enabled where Porter is expected",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(kinds.SERVICE_ACCOUNTS,),
    check=check,
    remediation=Remediation(
        summary="Say with --presence what is expected, and bring the project in line with it.", owner="customer"
    ),
    references=(
        PORTER_CONNECT,
        IAM_PRINCIPALS,
    ),
    claims=(
        54,
        61,
    ),
    cloud="gcp",
)

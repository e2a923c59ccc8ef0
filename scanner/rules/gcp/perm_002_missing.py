"""GCP-PERM-002: Porter's service account holds every documented role.

## What it checks
Which documented roles of the account, apart from optional ones, are not bound on the project.

## Why it matters
Less than documented is not a risk, but it may be why something breaks, and it shows that documents and project have
drifted apart.

## Remediation
Nothing needs to be done while Porter works. Otherwise grant the role again.

## Limits
Roles that Porter grants itself appear only when it needs them first.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/roles-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_ROLES, PORTER_CONNECT, account_subject, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per documented account that is there."""
    live = [(a, page) for a in ctx.porter_accounts if (page := ctx.documented(a)) is not None]
    if not live:
        yield not_applicable(ctx)
    for account, page in live:
        held = {b.role for b in ctx.grants(account)}
        missing = [g.role for g in page.grants if not g.optional and g.role not in held]
        yield Outcome(
            account_subject(account),
            Result.FAIL if missing else Result.PASS,
            f"Documented and not held: {listed(missing)}." if missing else "Every documented role is held.",
            reason_code="ABSENT_ROLE" if missing else "COMPLETE",
            porter_role=key_of(ctx, account),
            evidence=(account.evidence,),
        )


RULE = Rule(
    id="GCP-PERM-002",
    title="Porter's service account holds every documented role",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
    ),
    check=check,
    remediation=Remediation(
        summary="Grant the role if Porter needs it.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_ROLES,
    ),
    claims=(
        55,
        56,
        60,
    ),
    cloud="gcp",
)

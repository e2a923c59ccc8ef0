"""GCP-COND-001: Conditions on Porter's bindings hold today and for the next month.

## What it checks
Bindings of Porter's accounts that carry a condition: whether one that depends on the time has expired or will within
30 days, and whether a condition is hidden because the policy was read in an old version.

## Why it matters
An expired binding grants nothing and hides that Porter lacks access; one that is about to expire will break
something. A hidden condition means that nobody knows what is granted.

## Remediation
Remove expired bindings; renew those that are needed.

## Limits
Only comparisons of request.time with a fixed time are understood; other conditions are shown. A condition only ever
narrows what the documents grant.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/conditions-overview
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scanner.access.gcp.terms import TimeTerm, parse_condition
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_CONDITIONS, PORTER_CONNECT, account_subject, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import quote

_SOON = timedelta(days=30)


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per conditional binding, or one per account without."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        grants = [b for b in ctx.grants(account) if b.condition or "_withcond_" in b.role]
        if not grants:
            message = "No binding of the account carries a condition."
            yield Outcome(
                account_subject(account), Result.PASS, message, reason_code="NONE", evidence=(account.evidence,)
            )
        yield from {o.discriminator: o for b in grants for o in (_judge(ctx, account, b),)}.values()


def _judge(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> Outcome:
    text = str((binding.condition or {}).get("expression", ""))
    if not text:
        result, code = Result.INCOMPLETE, "HIDDEN_CONDITION"
        message = f"{quote(binding.role)} hides a condition: the policy was read with a version below 3."
    else:
        terms = [t for t in parse_condition(text) if isinstance(t, TimeTerm)]
        expired = any(not t.holds(ctx.as_of) for t in terms if t.operator in ("<", "<=", "=="))
        soon = any(not t.holds(ctx.as_of + _SOON) for t in terms if t.operator in ("<", "<=", "=="))
        result, code, word = Result.PASS, "NARROWER", "holds"
        if expired or soon:
            result, code, word = (
                Result.FAIL,
                "EXPIRED" if expired else "EXPIRING",
                "has expired" if expired else "ends soon",
            )
        message = f"{quote(binding.role)} on {quote(binding.node)} {word}: {quote(text)}."
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        discriminator=f"{binding.role} on {binding.node}: {text}",
        porter_role=key_of(ctx, account),
        observed=ObservedValue(text, binding.role) if result is Result.FAIL else None,
        evidence=(binding.evidence,),
    )


RULE = Rule(
    id="GCP-COND-001",
    title="Conditions on Porter's bindings hold today and for the next month",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="stale",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove or renew the binding.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_CONDITIONS,
    ),
    claims=(56,),
    cloud="gcp",
)

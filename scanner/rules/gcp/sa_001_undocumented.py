"""GCP-SA-001: Every service account of Porter's name is documented.

## What it checks
Service accounts whose name has a part that begins like Porter's, whose title begins with Porter's name or whose
description carries Porter's marks, and other service accounts that hold a custom role of Porter's name or the role that
the page has the customer grant to Porter.

## Why it matters
Porter documents one service account per project. Another one is access that nobody agreed to, perhaps left from an
earlier set-up, perhaps made to look like Porter's.

## Remediation
Find out in the audit log who made the account. Remove its bindings, disable it, and delete it when nothing breaks.

## Limits
The name in the manual path of the page is an example: an account of any name that alone holds Project IAM Admin is
taken for the documented one where Porter is expected, or where it holds every documented role; else it is for you to
judge. Where an account has the documented name, another that holds this role counts as information: it is most likely
your own.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records_gcp import DocumentedServiceAccount
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_PRINCIPALS,
    PORTER_CONNECT,
    account_subject,
    evidence_of,
    key_of,
    not_applicable,
)
from scanner.rules.gcp_context import CUSTOMER_ROLE, GcpContext, name_matches, named_like_vendor
from scanner.rules.words import listed, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per service account of Porter's, and one per other holder of Porter's roles."""
    empty = True
    for account in ctx.project.service_accounts:
        outcome = _own(ctx, account) if account in ctx.porter_accounts else _holder(ctx, account)
        if outcome is not None:
            empty = False
            yield outcome
    if empty:
        yield not_applicable(ctx)


def _own(ctx: GcpContext, account: GcpServiceAccount) -> Outcome:
    page = ctx.documented(account)
    if page is not None:
        named = name_matches(page.name_pattern, account.account_id)
        alone = f"Taken for the documented {quote(page.key)}: it alone holds {quote(CUSTOMER_ROLE)} on the project."
        return Outcome(
            account_subject(account),
            Result.PASS,
            f"Documented as {quote(page.key)}." if named else alone,
            reason_code="DOCUMENTED",
            porter_role=key_of(ctx, account),
            evidence=(account.evidence,),
        )
    roles = sorted({b.role for b in ctx.grants(account)})
    held = f"holds {listed(roles)}" if roles else "holds no role on the project or above"
    return Outcome(
        account_subject(account),
        Result.FAIL,
        f"Named or marked as Porter's, and not documented; it {held}.",
        reason_code="NOT_DOCUMENTED",
        observed=ObservedValue(roles, "bindings"),
        evidence=(account.evidence, *evidence_of(ctx.grants(account))),
    )


def _holder(ctx: GcpContext, account: GcpServiceAccount) -> Outcome | None:
    """Return what to say of an account that is not Porter's by name; None where there is nothing to say."""
    grants = ctx.grants(account)
    held = [b for b in grants if b.role == CUSTOMER_ROLE or named_like_vendor(_own_name(b.role), ctx.baseline)]
    if not held:
        return None
    result, severity, more = _weight(ctx, any(b.role != CUSTOMER_ROLE for b in held))
    return Outcome(
        account_subject(account),
        result,
        f"Not Porter's by name, and holds {listed(b.role for b in held)}, which the documents have granted to Porter."
        f"{more}",
        reason_code="HOLDS_PORTERS_ROLE",
        severity=severity,
        severity_reason="the role may be the customer's own use of it" if severity else "",
        observed=ObservedValue(sorted({b.role for b in held}), "bindings"),
        evidence=evidence_of(held),
    )


def _weight(ctx: GcpContext, own_name: bool) -> tuple[Result, Severity | None, str]:
    """Return how a holder of Porter's roles counts, and what more to say of it; `own_name`: the role has its name."""
    expected = ctx.account.scope.presence == "expected"
    # Where Porter is expected and no account is it by name, each holder may be: none was judged as Porter's.
    if expected and not any(map(ctx.documented, ctx.porter_accounts)):
        lost = " No account carries a documented name: which of the holders is Porter's is not known."
        return Result.FAIL, None, lost
    if own_name:
        return Result.FAIL, Severity.LOW, ""
    # Where an account carries the documented name, or no other is allowed, this one is most likely the customer's own.
    named = any(page and name_matches(page.name_pattern, a.account_id) for a, page in _pages(ctx))
    if named or not any(page.name_is_example for page in ctx.baseline.service_accounts):
        return Result.FAIL, Severity.INFO, ""
    return Result.MANUAL, Severity.MEDIUM, " The page lets you choose the account's name: see whether it is Porter's."


def _pages(ctx: GcpContext) -> list[tuple[GcpServiceAccount, DocumentedServiceAccount | None]]:
    return [(account, ctx.documented(account)) for account in ctx.porter_accounts]


def _own_name(role: str) -> str:
    return role.rpartition("/roles/")[2].lower() if role.startswith(("projects/", "organizations/")) else ""


RULE = Rule(
    id="GCP-SA-001",
    title="Every service account of Porter's name is documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the bindings of the account and disable it.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_PRINCIPALS,
    ),
    claims=(54,),
    cloud="gcp",
)

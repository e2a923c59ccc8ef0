"""GCP-PERM-003: Porter holds no basic role on the project or above it.

## What it checks
Bindings of owner and editor, and of viewer above the project, that name a service account of Porter's.

## Why it matters
Basic roles hold thousands of permissions over every service. The documents name narrow roles only, and say so to
customers.

## Remediation
Remove the binding; the documented roles are what Porter needs.

## Limits
Roles held through a group are not seen.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/roles-overview#basic
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_BASIC, PORTER_CONNECT, account_subject, evidence_of, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed

_BASIC = ("roles/owner", "roles/editor", "roles/viewer")


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        held = [b for b in ctx.grants(account) if b.role in _BASIC]
        wide = [b for b in held if b.role != "roles/viewer" or not b.node.startswith("projects/")]
        named = [f"{b.role} on {b.node}" for b in wide]
        yield Outcome(
            account_subject(account),
            Result.FAIL if wide else Result.PASS,
            f"Holds {listed(named)}." if wide else "Holds neither owner nor editor.",
            reason_code="BASIC_ROLE" if wide else "NONE",
            porter_role=key_of(ctx, account),
            observed=ObservedValue(named, "bindings") if wide else None,
            evidence=evidence_of(wide) or (account.evidence,),
        )


RULE = Rule(
    id="GCP-PERM-003",
    title="Porter holds no basic role on the project or above it",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="wildcard",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove the basic role.",
        owner="customer",
        cli="gcloud projects remove-iam-policy-binding PROJECT --member=serviceAccount:EMAIL --role=roles/owner",
    ),
    references=(
        PORTER_CONNECT,
        IAM_BASIC,
    ),
    claims=(55,),
    cloud="gcp",
)

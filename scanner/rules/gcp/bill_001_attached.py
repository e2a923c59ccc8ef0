"""GCP-BILL-001: A billing account is attached to the project.

## What it checks
Whether billing is enabled for the project, as the page asks for before anything else.

## Why it matters
Without billing Porter cannot create anything; an audit that finds no Porter resources may have that reason.

## Remediation
Attach a billing account if Porter is to work here.

## Limits
Which billing account it is, is not judged.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/billing/docs/how-to/modify-project
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import BILLING, PORTER_CONNECT, not_applicable, project_subject
from scanner.rules.gcp_context import GcpContext


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome for the project."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
        return
    attached = ctx.project.billing_enabled
    if attached is None:
        yield Outcome(project_subject(ctx), Result.INCOMPLETE, "Billing was not read.", reason_code="UNREAD")
        return
    yield Outcome(
        project_subject(ctx),
        Result.PASS if attached else Result.FAIL,
        "A billing account is attached." if attached else "No billing account is attached.",
        reason_code="ATTACHED" if attached else "ABSENT_BILLING",
    )


RULE = Rule(
    id="GCP-BILL-001",
    title="A billing account is attached to the project",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(kinds.SERVICE_ACCOUNTS,),
    supplementary=(kinds.BILLING,),
    check=check,
    remediation=Remediation(
        summary="Attach a billing account.",
    ),
    references=(
        PORTER_CONNECT,
        BILLING,
    ),
    claims=(59,),
    cloud="gcp",
)

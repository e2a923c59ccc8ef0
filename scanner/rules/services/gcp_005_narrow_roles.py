"""SVC-GCP-005: A service's account holds no role on the project or above.

## What it checks
The policies of the project and of everything above it: no binding names a declared service account. Owner, editor and
viewer are told apart from narrower roles; the former two are high.

## Why it matters
A role on the project reaches every resource of its kind, not the one the service uses. The page asks for narrow
predefined roles, bound on single resources.

## Remediation
Bind a narrow role, for example Storage Object Viewer, on the one bucket that the service uses.

## Limits
Policies of single resources are not read, so roles there are neither seen nor judged. Roles that come through groups,
domains or everybody are not seen either.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/iam/docs/best-practices-service-accounts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp_context import holds
from scanner.rules.services._common import (
    GOOGLE_ACCOUNTS,
    PORTER_WORKLOADS,
    advised,
    nothing,
    per_service,
    service_account_subject,
)
from scanner.rules.services_context import Declared, GcpServices
from scanner.rules.words import listed, quote, worst

_BASIC = {"roles/owner": Severity.HIGH, "roles/editor": Severity.HIGH, "roles/viewer": Severity.MEDIUM}


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per declared account that exists."""
    found = False
    for account, connections in ctx.service_accounts():
        found = True
        yield _judge(ctx, account, connections)
    if not found:
        yield nothing(ctx, "No declared service account exists in this project.")


def _judge(ctx: GcpServices, account: GcpServiceAccount, connections: Sequence[Declared]) -> Outcome:
    policies = [ctx.project.policy, *(a.policy for a in ctx.project.ancestors)]
    read = [p for p in policies if not isinstance(p, NotObserved)]
    wide = [b for policy in read for b in policy.bindings if holds(b, account.member)]
    unread = [p.reason for p in policies if isinstance(p, NotObserved)]
    severity: Severity | None = None
    if wide:
        result, code, severity = Result.FAIL, "PROJECT_WIDE", worst(_severity(b) for b in wide)
        said = f"{quote(account.email)} holds {listed(f'{b.role} on {b.node}' for b in wide)}."
    elif unread:
        result, code = Result.INCOMPLETE, "POLICY_UNREAD"
        said = f"Not every policy above {quote(account.email)} was read: {listed(unread, 3)}."
    else:
        result, code = Result.PASS, "NARROW"
        said = f"{quote(account.email)} holds no role on the project or above."
    return Outcome(
        subject=service_account_subject(account),
        result=result,
        message=said,
        reason_code=code,
        severity=severity,
        expected=advised(ctx.baseline, "gcp-least-privilege"),
        observed=ObservedValue([f"{b.role} on {b.node}" for b in wide]) if wide else None,
        evidence=(account.evidence, *(b.evidence for b in wide), *per_service(connections)),
    )


def _severity(binding: GcpBinding) -> Severity:
    """Return how much is too wide: basic roles first, then roles above the project, then narrow ones on it."""
    above = not binding.node.startswith("projects/")
    return _BASIC.get(binding.role) or (Severity.MEDIUM if above else Severity.LOW)


RULE = Rule(
    id="SVC-GCP-005",
    title="A service's account holds no role on the project or above",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(kinds.SERVICE_ACCOUNTS, kinds.PROJECT_POLICY),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Bind a narrow role on the one resource that the service uses.",
        cli="gcloud projects get-iam-policy PROJECT",
        risk_of_change="A service that loses a role it uses fails at that point.",
    ),
    references=(PORTER_WORKLOADS, GOOGLE_ACCOUNTS),
    claims=(84,),
    cloud="gcp",
    services=True,
)

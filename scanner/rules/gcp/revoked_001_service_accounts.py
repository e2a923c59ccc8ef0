"""GCP-REVOKED-001: No service account of Porter's is left.

## What it checks
Every service account of the project, disabled ones too: documented names, the description that Porter's set-up
writes, and accounts of any name that one of Porter's federated identities may act as.

## Why it matters
The service account is how Porter acts in the project. While it exists, so does all it was ever granted. A disabled
one is one command away from that.

## Remediation
Delete the account, then its bindings: Google keeps them, and the account can be restored for 30 days.

## Limits
The page lets you choose the account's name. An account that holds the role the page has you grant, and nothing else
of Porter's, is for you to judge. Deleted accounts cannot be listed; their bindings show in GCP-REVOKED-003.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/service-accounts-delete-undelete
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import PORTER_CONNECT, account_subject, key_of, project_subject
from scanner.rules.gcp._revoked import whose
from scanner.rules.gcp_context import CUSTOMER_ROLE, GcpContext, holds
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.words import count, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per account that is, or may be, Porter's, else one PASS for the project."""
    found = False
    for account in sorted(ctx.project.service_accounts, key=lambda a: a.email):
        reason = whose(ctx, account)
        if reason or _has_the_role(ctx, account):
            found = True
            yield _left(ctx, account, reason) if reason else _perhaps(account)
    if not found:
        read = count(len(ctx.project.service_accounts), "service account")
        yield none_left(project_subject(ctx), f"{read} read: none is Porter's, and none can be used by it.")


def _left(ctx: GcpContext, account: GcpServiceAccount, reason: str) -> Outcome:
    state = "is disabled, and whoever enables it has its access back" if account.disabled else "is left"
    keys = () if isinstance(account.keys, NotObserved) else account.keys
    return left(
        account_subject(account),
        f"{quote(account.email)} {state}: {reason}. It has {count(len(keys), 'key')}.",
        severity=Severity.MEDIUM if account.disabled else Severity.CRITICAL,
        evidence=(account.evidence,),
        steps=(_deletion(ctx, account),),
        summary="Delete Porter's service accounts.",
        porter_role=key_of(ctx, account),
        observed={"email": account.email, "disabled": account.disabled},
    )


def _deletion(ctx: GcpContext, account: GcpServiceAccount) -> str:
    project = f"--project={ctx.project.project_id}"
    return command("gcloud", "iam", "service-accounts", "delete", account.email, project)


def _has_the_role(ctx: GcpContext, account: GcpServiceAccount) -> bool:
    """Return whether the account holds the role of the page, whose account may have any name."""
    if not any(page.name_is_example for page in ctx.baseline.service_accounts):
        return False
    return any(b.role == CUSTOMER_ROLE and holds(b, account.member) for p in ctx.policies() for b in p.bindings)


def _perhaps(account: GcpServiceAccount) -> Outcome:
    return look_alike(
        account_subject(account),
        f"{quote(account.email)} holds {quote(CUSTOMER_ROLE)}, the role that the page has you grant to Porter's "
        "account under a name of your choice. See whether it was made for Porter.",
        evidence=(account.evidence,),
        severity=Severity.MEDIUM,
        code="HOLDS_PORTERS_ROLE",
    )


RULE = Rule(
    id="GCP-REVOKED-001",
    title="No service account of Porter's is left",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.SERVICE_ACCOUNTS, kinds.SERVICE_ACCOUNT_POLICIES, kinds.PROJECT_POLICY, kinds.POOLS),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's service accounts.",
        cli="gcloud iam service-accounts delete EMAIL",
    ),
    references=(
        PORTER_CONNECT,
        Reference(
            "Google: deleting service accounts", "https://cloud.google.com/iam/docs/service-accounts-delete-undelete"
        ),
    ),
    claims=(61,),
    cloud="gcp",
)

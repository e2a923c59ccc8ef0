"""GCP-REVOKED-002: No key of a service account of Porter's is left.

## What it checks
The user-managed keys of every service account that is Porter's by name, description or federation, disabled keys
too.

## Why it matters
A key is a copy of the account that lies with Porter. It works from anywhere until it is deleted, and most never
expire.

## Remediation
Delete the keys first, at once; then the account.

## Limits
Only the last four characters of a key's id are kept in the evidence; the command lists the full ids.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.inventory_gcp import GcpKey, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_KEYS, PORTER_CONNECT, account_subject, project_subject
from scanner.rules.gcp._revoked import whose
from scanner.rules.gcp_context import GcpContext
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one FAIL per key of Porter's, else one PASS for the project."""
    read, found = 0, False
    for account in sorted(ctx.project.service_accounts, key=lambda a: a.email):
        keys = () if isinstance(account.keys, NotObserved) else account.keys
        read += len(keys)
        if keys and whose(ctx, account):
            found = True
            for number, key in enumerate(sorted(keys, key=lambda k: (k.key_id_tail, str(k.created_at)))):
                yield _left(ctx, account, key, number)
    if not found:
        yield none_left(project_subject(ctx), f"{count(read, 'user-managed key')} read: none is of Porter's accounts.")


def _left(ctx: GcpContext, account: GcpServiceAccount, key: GcpKey, number: int) -> Outcome:
    ends = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
    state = "disabled" if key.disabled else ends
    of = (f"--iam-account={account.email}", f"--project={ctx.project.project_id}")
    return left(
        account_subject(account),
        f"Key ...{key.key_id_tail} of {quote(account.email)} is left ({state}).",
        severity=Severity.MEDIUM if key.disabled else Severity.CRITICAL,
        evidence=(key.evidence,),
        steps=(
            command("gcloud", "iam", "service-accounts", "keys", "list", "--managed-by=user", *of),
            f"gcloud iam service-accounts keys delete KEY-ID-ENDING-IN-{key.key_id_tail} {command(*of)}",
        ),
        summary="Delete the keys of Porter's service accounts.",
        # Four characters may be shared by two keys of an account.
        discriminator=f"{key.key_id_tail} {key.created_at:%Y-%m-%dT%H:%M:%SZ} {number}"
        if key.created_at
        else f"{key.key_id_tail} {number}",
    )


RULE = Rule(
    id="GCP-REVOKED-002",
    title="No key of a service account of Porter's is left",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.SERVICE_ACCOUNTS, kinds.SERVICE_ACCOUNT_KEYS, kinds.SERVICE_ACCOUNT_POLICIES, kinds.POOLS),
    check=check,
    remediation=Remediation(
        summary="Delete the keys of Porter's service accounts.",
        cli="gcloud iam service-accounts keys delete KEY --iam-account=EMAIL",
    ),
    references=(PORTER_CONNECT, IAM_KEYS),
    claims=(61,),
    cloud="gcp",
)
